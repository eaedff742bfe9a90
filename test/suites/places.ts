/** `saltation bench` in one of its places, at its smallest: what it reports, not how fast anything is. */
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, describe, expect, it } from "vitest";
import { readReport } from "../../src/suites/read-report.js";
import type { BenchReport } from "../../src/suites/report.js";
import { suiteNames } from "../../src/suites/suite-names.js";

const folder = mkdtempSync(join(tmpdir(), "saltation-bench-"));
/** The report of a place's tests. */
export const reportFile = (place: string): string => join(folder, `${place}.json`);
export const bench = (...args: string[]) =>
  promisify(execFile)(process.execPath, ["bin/saltation.js", "bench", ...args]);

export const testsOf = (place: "dawn" | "simd" | "chrome" | "cpu"): unknown =>
  describe(`in ${place}`, () => {
    const file = reportFile(place);
    let report: BenchReport;
    beforeAll(async () => {
      await bench("--in", place, "--quick", ...(place === "simd" ? ["--threads", "1"] : ["--software"]), "--out", file);
      report = readReport(readFileSync(file, "utf8"), file);
    }, 300_000);

    it("every suite has figures above their floors' units, with spread", () => {
      expect(new Set(report.figures.map((f) => f.suite))).toEqual(new Set(suiteNames));
      for (const f of report.figures) {
        expect(f.seconds.low).toBeGreaterThan(0);
        expect(f.seconds.median).toBeGreaterThanOrEqual(f.seconds.low);
        expect(f.seconds.high).toBeGreaterThanOrEqual(f.seconds.median);
        expect(f.ratio.median).toBeGreaterThan(0);
        expect(f.rate.perSecond * f.seconds.median).toBeGreaterThan(0);
        expect(report.floors.map((floor) => floor.kind)).toContain(f.floor);
      }
    });

    it("says what it ran on", () => {
      expect(report.in).toBe(place);
      expect(report.versions.node).toBe(process.versions.node);
      if (place === "cpu") expect(report.adapter.backend).toBe("cpu");
      else expect(report.adapter).toMatchObject({ fallback: true, backend: place === "chrome" ? "browser" : place });
      if (place === "simd") expect(report.adapterName).toMatch(/SIMD, 1 thread$/);
      if (place === "dawn") expect(report.versions.webgpu).toMatch(/^\d/);
      if (place === "chrome") expect(report.versions.chrome).toMatch(/\d+\.\d+/);
    });
  });
