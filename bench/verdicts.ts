/**
 * `npm run bench -- verdicts [--quick] [--only WORDS]`: what is said of gradients before they are taken (`cell.exactness`,
 * `unbiased`) against what is measured, cell by cell, on the CPU in float64. A whole run writes its result,
 * docs/verdicts.md and the picture.
 */
import { writeFileSync } from "node:fs";
import { progressBar } from "../src/cli/output.js";
import { Engine } from "../src/engine.js";
import { option, writeResult } from "./support.js";
import { type MeasuredRow, measureRow } from "./verdicts/measure.js";
import { counted, verdictsPage, verdictsSvg } from "./verdicts/page.js";
import { verdictRows } from "./verdicts/rows.js";

/** Paths, at most. */
const whole = { existence: 200, mean: 100_000 };
const quick = { existence: 40, mean: 200 };

export async function run(args: string[]): Promise<void> {
  const [brief, only] = [args.includes("--quick"), option(args, "--only", "")];
  const chosen = verdictRows.filter((r) => r.name.includes(only));
  const engine = await Engine.create({ backend: "cpu" });
  const bar = progressBar("verdicts", chosen.length, "cells");
  const rows: MeasuredRow[] = [];
  for (const row of chosen) {
    rows.push(await measureRow(row, engine, brief ? quick : whole));
    bar.update(rows.length);
  }
  bar.stop();
  engine.dispose();
  console.table(
    rows.map(({ name, existence: x, mean: m }) => ({
      name,
      "derivative of a path": [x.verdict, ...x.conditions].join(" "),
      changes: x.changes.map((c) => c.change.toPrecision(2)).join(" "),
      path: `${x.measured}: ${x.agreement}`,
      "mean of gradients": [m.verdict, ...m.conditions].join(" "),
      gradient: m.gradient.toPrecision(3),
      "difference - gradient": `${m.deviation.toPrecision(3)} ± ${m.standardError.toPrecision(2)}`,
      mean: `${m.measured}: ${m.agreement}`,
    })),
  );
  console.log(counted(rows));
  if (brief || only !== "") return;
  writeResult("verdicts", { ...whole, rows });
  writeFileSync("docs/verdicts.md", verdictsPage(rows));
  writeFileSync("docs/verdicts.svg", await verdictsSvg(rows));
}
