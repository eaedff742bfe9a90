/** What counts as a fault of the program, and what is kept of one. */

export type FaultKind =
  | "crash" // the process ended
  | "hang" // no answer within the watchdog's time
  | "stack trace" // an error that the program did not foresee
  | "exit code" // 2 where the input is at fault, or 0 where something failed
  | "message" // not one line, without a field, too long, or with control characters
  | "not finite" // NaN or infinity in a result that was given as right
  | "output" // not one JSON object, or a file half written or left behind
  | "backends disagree"
  | "unequal bits" // after a stop and --resume
  | "lost work" // a good file or a checkpoint destroyed, or a run that cannot be gone on with
  | "integrity" // a damaged file taken for whole
  | "leak"
  | "script" // a document reached beyond the page: ran, asked for something, or opened a dialog
  | "unanswered"; // a page that does not react

export const faultKinds: readonly FaultKind[] = [
  "crash",
  "hang",
  "stack trace",
  "exit code",
  "message",
  "not finite",
  "output",
  "backends disagree",
  "unequal bits",
  "lost work",
  "integrity",
  "leak",
  "script",
  "unanswered",
];

export interface Fault {
  readonly kind: FaultKind;
  readonly what: string;
}

/** What became of one item: figures to be added up, by name, and faults. */
export interface Verdict {
  readonly counts: Readonly<Record<string, number>>;
  readonly faults: readonly Fault[];
}

/** What a command printed and how it ended. */
export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly error: string;
}

/** A message that is longer says too much: a name of 100 kB in it, say. */
const longestMessage = 1000;

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const control = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;

/** A line that begins with a field or an option and says something of it; or, of a state or value, what to look at. */
const fieldFirst =
  /^(?:(?:--)?[\p{L}_@"](?:"[^"]*"|[^\s:"])*(?: [\w.[\]-]+){0,4}: \S|"[^"]*": \S|the [^:]* (?:infinite or NaN\b.*\b(?:dt|parameters|weights)\b|exceeds float(?:32|64): scale the paths down)|parameter \S+ became (?:NaN|infinite)\b)/u;

/** News of work that goes on for over two seconds, as it may on a busy machine: no part of a failure's message. */
const news = /^saltation: compiling kernel "[^"]*" on [^\n]* …\n/gm;

const cut = (text: string): string => (text.length > 300 ? `${text.slice(0, 300)}…` : text);

/** What training warns of before its first step, which may be long before it fails. */
const warnings = /^(?:warning: [^\n]*\n)+/;

/** Faults of a failed command's message. */
function messageFaults(error: string): Fault[] {
  const said = error.replace(news, "").replace(/\n$/, "");
  const text = said.replace(warnings, "");
  const say = (what: string): Fault => ({ kind: "message", what: `${what}: ${JSON.stringify(cut(text))}` });
  if (text === "") return [say("no message")];
  const faults: Fault[] = [];
  if (text.includes("\n")) faults.push(say(`${text.split("\n").length} lines`));
  if (control.test(said)) faults.push(say("control characters"));
  if (text.length > longestMessage) faults.push(say(`${text.length} characters`));
  if (!text.startsWith("saltation: ")) faults.push(say("does not say that it is saltation's"));
  else if (!fieldFirst.test(text.slice("saltation: ".length))) faults.push(say("names no field"));
  return faults;
}

/** Fields in which null stands for a number that does not exist, as the documentation says. */
const mayBeNull = new Set(["standardError", "gradientStandardError"]);
/** Of measured errors: those of intervals where there are none, and all where paths cannot be solved. */
const unmeasured = /(^|\.)discretisation\.(error|bias|relative|interval|intervalError|intervalBias)$/;

/** Where a result has a number that is not finite (null in JSON), by path. */
export function nullsOf(value: unknown, path = ""): string[] {
  if (unmeasured.test(path)) return [];
  if (value === null) return [path];
  if (typeof value === "number") return Number.isFinite(value) ? [] : [path];
  if (typeof value !== "object") return [];
  return Object.entries(value as object).flatMap(([key, inner]) =>
    mayBeNull.has(key) ? [] : nullsOf(inner, path === "" ? key : `${path}.${key}`),
  );
}

/**
 * Faults in how a command of the command line ended.
 * @param deviceMayFail whether exit code 2 is right, as a device was taken away.
 */
export function judge({ code, out, error }: Outcome, deviceMayFail = false): Fault[] {
  if (/internal error|\n\s+at .+:\d+:\d+/.test(error)) return [{ kind: "stack trace", what: cut(error) }];
  if (code === 0) {
    const faults: Fault[] = [];
    let result: unknown;
    try {
      result = JSON.parse(out);
    } catch {
      return [{ kind: "output", what: `not one JSON object: ${cut(out)}` }];
    }
    const nulls = nullsOf(result);
    if (nulls.length > 0) faults.push({ kind: "not finite", what: `in an accepted result: ${cut(nulls.join(", "))}` });
    for (const line of error.split("\n").filter(Boolean)) {
      if (control.test(line))
        faults.push({ kind: "message", what: `control characters: ${JSON.stringify(cut(line))}` });
      if (!/^(saltation|warning): /.test(line)) faults.push({ kind: "message", what: `a stray line: ${cut(line)}` });
    }
    return faults;
  }
  // A file that cannot be written takes nothing from what was computed, which is printed.
  const unwritten = code === 1 && /: cannot write /.test(error);
  if (unwritten && out !== "") return [...judge({ code: 0, out, error }), ...messageFaults(error)];
  const faults: Fault[] = out === "" ? [] : [{ kind: "output", what: `a failed command printed ${cut(out)}` }];
  if (code === 2 && deviceMayFail) {
    const text = error.replace(news, "").trim();
    return text === "" || text.includes("\n") ? [...faults, ...messageFaults(error)] : faults;
  }
  if (code !== 1) faults.push({ kind: "exit code", what: `${code}: ${cut(error)}` });
  return [...faults, ...messageFaults(error)];
}
