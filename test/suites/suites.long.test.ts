/** Every suite of the bench on WebGPU, in Node and in Chromium, beside the twin. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { BenchReport } from "../../src/suites/report.js";
import { reportFile, testsOf } from "./places.js";

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
