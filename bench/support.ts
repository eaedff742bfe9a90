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
