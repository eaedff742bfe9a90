import { mkdirSync, writeFileSync } from "node:fs";

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const m = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[m]! : (sorted[m - 1]! + sorted[m]!) / 2;
}

/** Writes a result below bench/results/, named after its suite. */
export function writeResult(suite: string, result: object): void {
  mkdirSync("bench/results", { recursive: true });
  writeFileSync(`bench/results/${suite}.json`, `${JSON.stringify(result, null, 2)}\n`);
}

/** The value after a flag, or a default. */
export function option(args: readonly string[], flag: string, otherwise: string): string {
  const at = args.indexOf(flag);
  return at < 0 ? otherwise : (args[at + 1] ?? otherwise);
}
