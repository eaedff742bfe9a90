/** What every page has around what it shows: its name, the way to the other pages, the colours, and what is spoken. */
import type { ReadonlySignal, Signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { Theme } from "./theme.js";

const pages = [
  ["studio", "./", "Studio"],
  ["data", "./data.html", "Data"],
  ["bench", "./bench.html", "Bench"],
] as const;

interface FrameOptions {
  readonly name: (typeof pages)[number][0];
  readonly motto: string;
  /** Of the link that leads past the settings to `#controls`. */
  readonly skip: string;
  /** What is said to those who do not see it, when it changes. */
  readonly spoken: ReadonlySignal<string>;
  readonly children: ComponentChildren;
}

export function Frame({ name, motto, skip, spoken, children }: FrameOptions) {
  return (
    <>
      <a class="skip" href="#controls">
        {skip}
      </a>
      <header class="masthead">
        <h1>
          Saltation <span>{name}</span>
        </h1>
        <p class="motto">{motto}</p>
        <nav class="siblings" aria-label="Other pages">
          {pages
            .filter(([other]) => other !== name)
            .map(([other, href, label]) => (
              <a key={other} href={href}>
                {label}
              </a>
            ))}
        </nav>
        <Theme />
      </header>
      <main>{children}</main>
      <p class="visually-hidden" role="status" aria-live="polite">
        {spoken.value}
      </p>
    </>
  );
}

export interface Problem {
  readonly title: string;
  readonly text: string;
}

/** The notice of what did not work, on pages that tell one thing at a time. */
export function ProblemNotice({ problem }: { problem: Signal<Problem | undefined> }) {
  const failure = problem.value;
  if (!failure) return null;
  return (
    <section class="notice error" role="alert">
      <p>
        <strong>{failure.title}.</strong> {failure.text}
      </p>
      <button type="button" class="quiet" onClick={() => (problem.value = undefined)}>
        Dismiss
      </button>
    </section>
  );
}
