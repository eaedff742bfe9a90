/** What a command prints: results on stdout, progress and messages on stderr. */
import cliProgress from "cli-progress";
import { SaltationError } from "../errors.js";
import type { Estimator } from "../loss/estimator.js";
import type { GradientTerm, ValueAndGradient } from "../loss/result.js";
import type { SolvePlan } from "../plan/plan.js";
import { escaped } from "../quoted.js";
import { colours, messageColours } from "./colours.js";
import { signalExitCode } from "./signals.js";

export interface CommonOptions {
  out?: string;
  json?: boolean;
  backend: string;
  threads?: string;
  recording?: string;
  root?: string;
  /** Whether the error of the step dt is measured: true unless --no-discretisation is given. */
  discretisation?: boolean;
}

/** Exit codes of the job-file contract. */
export const exitBadInput = 1;
export const exitDeviceFailure = 2;

/** What another job mends; the device is as it was. */
const inputErrors = new Set(["invalid-input", "not-finite", "limit"]);

/** Characters of a line on stderr at most: names in it may be of any length. */
const mostOfLine = 1200;

/** A line for the terminal: unprintable characters escaped, its middle left out where it is long. */
function safeLine(text: string): string {
  const line = escaped(text);
  return line.length > mostOfLine ? `${line.slice(0, mostOfLine - 300)} … ${line.slice(-300)}` : line;
}

/** Lines for the terminal; colours that this program gave them are kept. */
const safeLines = (text: string, coloured: boolean): string =>
  text
    .split("\n")
    .map((line) =>
      coloured
        ? line
            .split(colour)
            .map((part, i) => (i % 2 ? part : escaped(part)))
            .join("")
        : escaped(line),
    )
    .join("\n");

// biome-ignore lint/suspicious/noControlCharactersInRegex: it is the terminals' control sequence for colours.
const colour = /(\u001b\[\d+m)/;

/** A line about the run on stderr. */
export function say(message: string): void {
  process.stderr.write(`saltation: ${safeLine(message)}\n`);
}

/** Says in one line what went wrong; the device's messages may have more. */
export function sayError(message: string): void {
  process.stderr.write(`${messageColours.red("saltation:")} ${message.split("\n").map(safeLine).join("\n")}\n`);
}

/** What others say may quote several lines of a file. */
export const oneLine = (text: string): string => text.trim().replace(/\s*[\r\n]+\s*/g, " ");

/** One line about an error on stderr, and the exit code that goes with it. */
export function reportError(error: unknown): number {
  if (error instanceof SaltationError) {
    const input = inputErrors.has(error.code);
    sayError(input ? oneLine(error.message) : error.message);
    return input ? exitBadInput : exitDeviceFailure;
  }
  if (
    error instanceof RangeError &&
    /allocation failed|Invalid (typed )?array length|Invalid string length/.test(error.message)
  ) {
    sayError(`out of memory (${error.message}): take fewer paths, fewer steps or smaller files`);
    return exitBadInput;
  }
  sayError(`internal error: ${(error as Error).stack ?? String(error)}`);
  return exitDeviceFailure;
}

export interface ProgressBar {
  update(done: number, note?: string): void;
  stop(): void;
}

/**
 * A progress bar on stderr that shows itself only on a terminal. A signal leaves the terminal as it was and, where
 * nobody else listens for it, ends the process.
 */
export function progressBar(title: string, total: number, unit: string, done = 0): ProgressBar {
  const bar = new cliProgress.SingleBar(
    {
      format: `${title} {bar} {percentage}% | {value}/{total} ${unit} | {eta_formatted} left {note}`,
      stream: process.stderr,
      hideCursor: true,
      clearOnComplete: true,
      etaBuffer: 50,
      // Before there is anything to reckon with, the time left is a word.
      formatTime: (t, options, multiple) =>
        typeof t === "number" ? cliProgress.Format.TimeFormat(t, options, multiple) : "?",
      gracefulExit: false, // would stop the bar and let the process run on
    },
    cliProgress.Presets.shades_classic,
  );
  const signals = ["SIGINT", "SIGTERM"] as const;
  const stop = (): void => {
    for (const s of signals) process.off(s, onSignal);
    bar.stop();
  };
  const onSignal = (signal: NodeJS.Signals): void => {
    stop();
    if (process.listenerCount(signal) === 0) process.exit(signalExitCode(signal));
  };
  // Before others, which may end the process.
  for (const s of signals) process.prependListener(s, onSignal);
  bar.start(total, done, { note: "" });
  return { update: (n, note = "") => bar.update(n, { note }), stop };
}

/** A progress bar that begins with the first call of what it gives out, which says how much there is. */
export function progressOf(title: string, unit: string): { update(done: number, total: number): void; stop(): void } {
  let bar: ProgressBar | undefined;
  return {
    update(done, total) {
      bar ??= progressBar(title, total, unit);
      bar.update(done);
    },
    stop: () => bar?.stop(),
  };
}

export function printJson(value: unknown): void {
  // Unprintable characters stand only in strings, where \\u says the same.
  process.stdout.write(`${escaped(JSON.stringify(value))}\n`);
}

export function print(line: string): void {
  process.stdout.write(`${safeLines(line, colours.isColorSupported)}\n`);
}

/** In place of a number that does not exist. */
export const none = "–";

/** A number as a person reads it. */
export function readable(value: number): string {
  if (Number.isNaN(value)) return none;
  return Number.isFinite(value) ? String(Number(value.toPrecision(6))) : String(value);
}

/** How weights were given, of those of a job. */
interface GivenWeights {
  readonly network: { readonly weights?: object | undefined };
}

/** Of each block of weights, whether it was given as edges; `true` or `false` where there is one block alone. */
const edgesIn = (given: object | undefined): boolean | boolean[] =>
  Array.isArray(given) ? given.map((block: object) => "edges" in block) : "edges" in (given ?? {});

/** Numbers of a parameter in a row, and edges of weights. */
function flattened(shape: unknown, edges: boolean | boolean[]): unknown[] {
  if (typeof edges === "boolean") return edges ? (shape as unknown[]) : (shape as unknown[]).flat(8);
  return edges.length > 0
    ? edges.flatMap((is, b) => flattened((shape as unknown[])[b], is))
    : (shape as unknown[]).flat(8);
}

/** A parameter on one line, cut where it has many numbers; weights given as edges with where each goes. */
export function readableParameter(job: GivenWeights, name: string, value: unknown, error?: unknown): string {
  if (typeof value === "number") return readableNumber(value, error);
  const edges = name === "weights" ? edgesIn(job.network.weights) : [];
  const [flat, errors] = [flattened(value, edges), error === undefined ? [] : flattened(error, edges)];
  const shown = flat.slice(0, 8).map((v, i) => {
    if (!Array.isArray(v)) return readableNumber(v as number, errors[i]);
    const [from, to, weight] = v as [number, number, number];
    return `${from}→${to}: ${readableNumber(weight, (errors[i] as number[] | undefined)?.[2])}`;
  });
  return `[${shown.join(", ")}${flat.length > 8 ? `, … ${flat.length} in all` : ""}]`;
}

/** A number with its standard error, where there is one. */
export const readableNumber = (value: number, error: unknown): string =>
  typeof error === "number" && !Number.isNaN(error) ? `${readable(value)} ± ${readable(error)}` : readable(value);

/** The states that are stiff for the step, where there are such, as a line. */
export function printStiff({ exponential, dt }: SolvePlan): void {
  if (exponential.length > 0)
    print(`stiff for dt = ${dt}, so taken exactly along rates of their own: ${exponential.join(", ")}`);
}

/** What is doubtful in a result, a line each on stderr. */
export function sayWarnings(warnings: readonly string[] = []): void {
  for (const w of warnings) process.stderr.write(`${messageColours.yellow("warning:")} ${safeLine(w)}\n`);
}

/** How a gradient was estimated, and what it is made of. */
export const estimatorLine = (estimator: Estimator, terms: readonly GradientTerm[]): string =>
  `gradient by estimator ${estimator}: ${terms.join(", ")}`;

/** How what paths give to a gradient spreads by each estimator, a line for each parameter. */
export function printSpread(job: GivenWeights, spread: ValueAndGradient["spread"] = {}): void {
  const [first = {}] = Object.values(spread);
  for (const name of Object.keys(first)) {
    const each = Object.entries(spread).map(([by, of]) => `${by} ${readableParameter(job, name, of[name])}`);
    print(`d/d ${name} spreads from path to path by ${each.join(", ")}`);
  }
}

/** That a mean gradient is not known to be the derivative of the mean, and why: a line beside it. */
export const notUnbiased = (because: string): string => `not unbiased: ${because}`;
