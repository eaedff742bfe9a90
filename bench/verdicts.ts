/**
 * `npm run bench -- verdicts [--quick] [--only WORDS]`: what is said of gradients before they are taken (`cell.exactness`,
 * `unbiased`) against what is measured, cell by cell, on the CPU in float64. Writes docs/verdicts.md and its picture.
 */
import { progressBar } from "../src/cli/output.js";
import { Engine } from "../src/engine.js";
import { option, writeResult } from "./support.js";
import { type MeasuredRow, measureRow } from "./verdicts/measure.js";
import { verdictRows } from "./verdicts/rows.js";

export const wholeSize = { existence: 400, mean: 100_000 };
export const quickSize = { existence: 60, mean: 200 };

const shown = (x: number, error = 0): string =>
  error > 0 ? `${x.toPrecision(3)} ± ${error.toPrecision(2)}` : x.toPrecision(4);

export async function run(args: string[]): Promise<void> {
  const quick = args.includes("--quick");
  const only = option(args, "--only", "");
  const engine = await Engine.create({ backend: "cpu" });
  const chosen = verdictRows.filter((r) => r.name.includes(only));
  const bar = progressBar("verdicts", chosen.length, "cells");
  const rows: MeasuredRow[] = [];
  const began = performance.now();
  for (const row of chosen) {
    const start = performance.now();
    try {
      rows.push(await measureRow(row, engine, quick ? quickSize : wholeSize));
    } catch (e) {
      console.log(row.name, String(e));
      continue;
    }
    if (args.includes("--times")) console.log(row.name, ((performance.now() - start) / 1000).toFixed(1), "s");
    bar.update(rows.length);
  }
  bar.stop();
  console.table(
    rows.map(({ name, existence: x, mean: m }) => ({
      name,
      "derivative of a path": `${x.verdict} ${x.conditions.join(", ")}`,
      changes: x.changes.map((c) => c.change.toPrecision(2)).join(" "),
      n: x.paths,
      path: `${x.measured}: ${x.agreement}`,
      "mean of gradients": `${m.verdict} ${m.conditions.join(", ")}`,
      gradient: shown(m.gradient, m.gradientStandardError),
      "difference − gradient": shown(m.deviation, m.standardError),
      mean: `${m.measured}: ${m.agreement}`,
    })),
  );
  console.log(((performance.now() - began) / 1000).toFixed(0), "s");
  writeResult(quick ? "verdicts-quick" : "verdicts", { rows });
  engine.dispose();
}
