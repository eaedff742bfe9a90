/** Verdicts against measurements where mathematics says what both must be, at a quick size. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type MeasuredRow, measureRow } from "../../bench/verdicts/measure.js";
import { verdictsPage } from "../../bench/verdicts/page.js";
import { verdictRows } from "../../bench/verdicts/rows.js";
import { Engine } from "../../src/index.js";

const read = (name: string): string => readFileSync(fileURLToPath(new URL(`../../${name}`, import.meta.url)), "utf8");

describe("at a quick size", () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await Engine.create({ backend: "cpu" });
  });
  afterAll(() => engine.dispose());
  const certain = verdictRows.filter((r) => r.certain !== undefined);

  it.each(certain.map((r) => [r.name, r] as const))("%s", async (_, row) => {
    const { existence, mean } = await measureRow(row, engine, { existence: 16, mean: 32 });
    const { exists, unbiased } = row.certain!;
    // So few paths may not tell; what they tell is right. Verdicts may leave open, and never say the opposite.
    const answers = { true: ["holds", "unproven"], false: ["violated", "unproven"] };
    if (exists !== undefined) {
      expect(answers[`${exists}`]).toContain(existence.verdict);
      expect([exists ? "converges" : "does not", "cannot tell"]).toContain(existence.measured);
    }
    if (unbiased !== undefined) {
      expect(answers[`${unbiased}`]).toContain(mean.verdict);
      if (unbiased) expect(["agrees", "cannot tell"]).toContain(mean.measured);
    }
  });
});

describe("what a whole run found", () => {
  const { rows } = JSON.parse(read("bench/results/verdicts.json")) as { rows: MeasuredRow[] };

  it("is of the cells that there are, and no verdict on them disagrees", () => {
    expect(rows.map((r) => r.name)).toEqual(verdictRows.map((r) => r.name));
    const wrong = rows.filter((r) => [r.existence, r.mean].some((s) => s.agreement === "disagree"));
    expect(wrong.map((r) => r.name)).toEqual([]);
  });

  it("is what the page of the docs says", () => {
    expect(read("docs/verdicts.md")).toBe(verdictsPage(rows));
  });
});
