/** Tables of two columns: the trial, and the time of one of its spikes. */
import { SaltationError } from "../../../src/index.js";

const refuse = (what: string): never => {
  throw new SaltationError(
    "invalid-input",
    `${what}; a table has two columns, the number of the trial and the time of one of its spikes (“trial,time_ms”), and ` +
      "other recordings are JSON or npz",
  );
};

/**
 * Spike times of trials, in order of time, by the name of their column.
 * @throws SaltationError `invalid-input` in words for whoever gave the file, where it is no such table.
 */
export function readTable(text: string): Record<string, number[][]> {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== "" && !line.startsWith("#"));
  const cells = (line: string): string[] =>
    line.split(/[,;\t]|\s+/).map((cell) => cell.trim().replace(/^"(.*)"$/, "$1"));
  const first = cells(lines[0] ?? "");
  const named = first.some((cell) => cell !== "" && !Number.isFinite(Number(cell)));
  const rows = lines.slice(named ? 1 : 0);
  if (first.length !== 2 || rows.length === 0) refuse("this is neither JSON nor npz, nor a table of two columns");
  const trials = new Map<number, number[]>();
  rows.forEach((line, n) => {
    const row = cells(line);
    const [trial, time] = row.map(Number) as [number, number];
    if (row.length !== 2 || row.includes("") || !Number.isFinite(time) || !Number.isInteger(trial))
      refuse(`row ${n + 1} of the table is “${line.slice(0, 60)}”`);
    if (!trials.has(trial)) trials.set(trial, []);
    trials.get(trial)!.push(time);
  });
  // Elsewhere such columns are times and neurons: where nothing tells them apart, a name has to.
  if (!named && rows.every((line) => Number.isInteger(Number(cells(line)[1]))))
    refuse("the table has whole numbers and no names of columns, so that it does not say which of them are times");
  if (named && !/trial|sweep|repeat|run/i.test(first[0]!))
    refuse(`the columns of the table are “${first.join("” and “").slice(0, 80)}”`);
  const ordered = [...trials].sort(([a], [b]) => a - b).map(([, times]) => times.sort((a, b) => a - b));
  return { [(named && first[1]) || "spike_times"]: ordered };
}
