/** What screen readers are told. */
import { signal } from "@preact/signals";
import { readable, symbolOf } from "../../model/units.js";
import { entries, history } from "./signals.js";

/** What screen readers are told. */
export const spoken = signal("");

/** What the trained numbers are now, in words; the first few of them. */
export function valuesInWords(): string {
  const { values } = history.value.data;
  return entries.value
    .slice(0, 4)
    .map(
      (e, n) =>
        `${symbolOf(e.parameter)}${e.index < 0 ? "" : ` ${e.index + 1}`} ${readable(values[n]?.at(-1) ?? e.start)}`,
    )
    .join(", ");
}

let spokenAt = 0;

export function say(text: string): void {
  spoken.value = text;
  spokenAt = performance.now();
}

/** Milliseconds between two reports while a run goes. */
const spokenEvery = 20_000;

/** Says how a run goes, now and then. */
export function report(text: () => string): void {
  if (performance.now() - spokenAt > spokenEvery) say(text());
}
