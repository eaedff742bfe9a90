/** Every suite of the bench on WebGPU, in Node and in Chromium, beside the twin. */
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { BenchReport } from "../../src/suites/report.js";
import { bench, reportFile, testsOf } from "./places.js";

for (const place of ["dawn", "simd", "chrome", "cpu"] as const) testsOf(place);

describe("bits", () => {
  const bits = (place: string) => (JSON.parse(readFileSync(reportFile(place), "utf8")) as BenchReport).bits;
  it("of simulate and gradient are the same in Dawn and Chrome", () => {
    expect(bits("dawn")).toEqual(bits("chrome"));
    // And tell results apart: the twin computes in float64.
    expect(bits("cpu").simulate).not.toBe(bits("dawn").simulate);
    expect(bits("cpu").gradient).not.toBe(bits("dawn").gradient);
  });
});

describe("a comparison", () => {
  it("is printed by --compare", async () => {
    const old = join(mkdtempSync(join(tmpdir(), "saltation-bench-")), "old.json");
    const { figures, ...rest } = JSON.parse(readFileSync(reportFile("cpu"), "utf8")) as BenchReport;
    const slower = figures.map((f) => ({
      ...f,
      ratio: { low: f.ratio.low * 1e6, median: f.ratio.median * 1e6, high: f.ratio.high * 1e6 },
    }));
    writeFileSync(old, JSON.stringify({ ...rest, figures: slower }));
    const { stdout } = await bench("forward", "--in", "cpu", "--quick", "--compare", old);
    expect(stdout).toMatch(/forward .* −\d.* % .* outside/);
    expect(stdout).toMatch(/\n0 within spread, 4 outside\n/);
  });
});
