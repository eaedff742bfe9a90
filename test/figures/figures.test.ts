import { describe, expect, it } from "vitest";
import { type CurveRun, figure1Svg } from "../../src/figures/figure1.js";
import { psthSvg } from "../../src/figures/psth.js";
import { rangesSvg } from "../../src/figures/ranges.js";
import { rasterSvg } from "../../src/figures/raster.js";
import { seriesSvg } from "../../src/figures/series.js";

const count = (svg: string, pattern: RegExp): number => svg.match(pattern)?.length ?? 0;
/** Vega marks its curves by this description of their role. */
const curves = (svg: string): number => count(svg, /aria-roledescription="line mark"/g);

const texts = (svg: string): string[] => [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map((m) => m[1]!);

function runs(steps: number): CurveRun[] {
  return [0.25, 0.5].flatMap((sigma) =>
    [16, 32, 64, 128].map((sampleSize) => ({
      sampleSize,
      sigma,
      testMae: Array.from({ length: steps }, (_, i) => Math.exp(-i / 300) + 0.1 / sampleSize),
      current: Array.from({ length: steps }, (_, i) => 1.5 - Math.exp(-i / 300)),
    })),
  );
}

describe("figure 1", () => {
  it("has two panels with a curve per sample size and noise, legends and the true current", async () => {
    const svg = await figure1Svg(runs(1500), { trueCurrent: 1.5 });
    expect(svg.startsWith("<svg")).toBe(true);
    expect(curves(svg)).toBe(16);
    expect(count(svg, /aria-roledescription="rule mark"/g)).toBeGreaterThan(0);
    const found = texts(svg);
    for (const text of [
      "Test error of three mean spike times",
      "Estimated input current",
      "test MAE (unit of time)",
      "input current c",
      "training step",
      "sample size n",
      "128",
      "σ = 0.25",
      "σ = 0.5",
      "true current 1.5",
      "0.1",
    ]) {
      expect(found).toContain(text);
    }
    // Curves are thinned: 16 of at most 301 points of some 17 characters.
    expect(svg.length).toBeLessThan(16 * 301 * 45);
  });

  it("bears a test error of 0, which a logarithm does not have", async () => {
    const svg = await figure1Svg([{ sampleSize: 16, sigma: 0.25, testMae: [0, 0, 0], current: [1, 2, 3] }], {
      trueCurrent: 1.5,
    });
    expect(svg.match(/NaN|Infinity/)).toBeNull();
  });
});

describe("panels of curves", () => {
  it("draws every series of every panel, and leaves out what a logarithm does not have", async () => {
    const x = [1, 2, 4, 8];
    const svg = await seriesSvg({
      title: "Errors",
      panels: [
        {
          title: "left",
          x: "dt",
          y: "error",
          logX: true,
          logY: true,
          series: [
            { name: "euler", x, y: [1, 0, -1, 8] },
            { name: "levy", x, y: Float64Array.of(0.1, 0.2, 0.4, 0.8) },
          ],
        },
        { title: "right", x: "step", y: "loss", series: [{ name: "levy", x, y: x }], rule: { y: 3, label: "floor" } },
      ],
    });
    expect(curves(svg)).toBe(3);
    expect(texts(svg)).toEqual(expect.arrayContaining(["Errors", "left", "right", "euler", "levy", "floor", "loss"]));
    expect(svg.match(/NaN|Infinity/)).toBeNull();
  });

  it("cuts no name, and leaves out a key that would repeat the titles", async () => {
    const name = "a curve whose name is longer than a key is wide by default";
    const panel = (title: string, names: string[]) => ({
      title,
      x: "step",
      y: "y",
      logY: true,
      series: names.map((n) => ({ name: n, x: [1, 2], y: [0.3, 0.7] })),
    });
    expect(texts(await seriesSvg({ panels: [panel("both", [name, "b"])] }))).toContain(name);
    const single = await seriesSvg({ panels: ["a", "b", "c", "d"].map((t) => panel(t, [`${t} ${name}`])) });
    expect(texts(single).join()).not.toContain(name);
    // Three panels in a row; a narrow logarithmic axis has ticks to read it by.
    expect(Number(/width="(\d+)"/.exec(single)![1])).toBeLessThan(4 * 380);
    expect(texts(single)).toEqual(expect.arrayContaining(["0.4", "0.5", "0.6"]));
    const row = { group: "here", label: `${name}, and its size beside it`, median: 2, low: 1, high: 3 };
    expect(texts(await rangesSvg({ title: "", value: "", rows: [row] }))).toContain(row.label);
  });

  it("refuses a series whose x and y differ in length", async () => {
    const bad = { title: "", x: "", y: "", series: [{ name: "a", x: [1, 2], y: [1] }] };
    await expect(seriesSvg({ panels: [bad] })).rejects.toThrow(/panels\[0\]\.series: "a" has 2 x but 1 y/);
  });
});

describe("rasters", () => {
  it("draws a tick per spike before t1, and counts silent trials", async () => {
    const svg = await rasterSvg({
      observed: [[0.1, 0.2], []],
      // Absent spikes are at t1.
      generated: [Float64Array.of(0.3, 1), [0.5, 0.6, 0.7]],
      t1: 1,
      unit: "s",
    });
    const marks = [...svg.matchAll(/class="mark-rect role-mark[^"]*"[^>]*>(.*?)<\/g>/gs)].map((m) =>
      count(m[1]!, /<path/g),
    );
    expect(marks).toEqual([2, 4]);
    expect(texts(svg)).toEqual(
      expect.arrayContaining(["Observed (2 trials)", "Generated (2 trials)", "time (s)", "trial"]),
    );
  });
});

describe("PSTH", () => {
  it("draws observed and generated rates over each other, with their correlation", async () => {
    const of = (rates: number[]) => ({ t0: 100, t1: 104, bin: 1, rates: Float64Array.from(rates) });
    const svg = await psthSvg({ observed: of([0, 1, 2, 1]), generated: of([0, 2, 4, 2]), unit: "ms" });
    expect(curves(svg)).toBe(2);
    for (const text of ["PSTH: correlation 1.000", "time (ms)", "rate (1/s)", "observed", "generated"]) {
      expect(texts(svg)).toContain(text);
    }
    expect(svg.match(/NaN|Infinity/)).toBeNull();
  });
});
