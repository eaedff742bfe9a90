/** Figures as SVG, drawn by Vega-Lite. Node only; the library is loaded when a figure is drawn. */
import type { Config } from "vega-lite";

export interface CurveRun {
  readonly sampleSize: number;
  readonly sigma: number;
  /** By training step. */
  readonly testMae: readonly number[];
  readonly current: readonly number[];
}

const config: Config = {
  background: "white",
  font: "sans-serif",
  axis: { labelFontSize: 12, titleFontSize: 13, titleFontWeight: "normal", gridColor: "#e8e8e8" },
  legend: { labelFontSize: 12, titleFontSize: 13, titleFontWeight: "normal" },
  title: { fontSize: 14, fontWeight: "normal", anchor: "start" },
  view: { stroke: null },
};

/** Curves of at most this many points: more cannot be seen and make the file large. */
const mostPoints = 300;

async function toSvg(spec: unknown): Promise<string> {
  const [vega, lite] = await Promise.all([import("vega"), import("vega-lite")]);
  const compiled = lite.compile(spec as Parameters<typeof lite.compile>[0], { config }).spec;
  return new vega.View(vega.parse(compiled), { renderer: "none" }).toSVG();
}

/** The two panels of figure 1: test error and estimated current by training step, a line per sample size and noise. */
export function figure1Svg(runs: readonly CurveRun[], options: { trueCurrent: number }): Promise<string> {
  const values = runs.flatMap((r) => {
    const every = Math.max(1, Math.ceil(r.current.length / mostPoints));
    return r.current.flatMap((current, step) =>
      step % every === 0 || step === r.current.length - 1
        ? [{ step, current, testMae: r.testMae[step]!, n: String(r.sampleSize), sigma: `σ = ${r.sigma}` }]
        : [],
    );
  });
  const sizes = [...new Set(runs.map((r) => r.sampleSize))].sort((a, b) => a - b).map(String);
  const encoding = (field: string, title: string, scale: object): object => ({
    x: { field: "step", type: "quantitative", title: "training step", scale: { nice: false } },
    y: { field, type: "quantitative", title, scale },
    color: {
      field: "n",
      type: "ordinal",
      title: "sample size n",
      sort: sizes,
      scale: { domain: sizes, scheme: { name: "viridis", extent: [0.85, 0.05] } },
    },
    strokeDash: { field: "sigma", type: "nominal", title: "noise", legend: { symbolStrokeColor: "#555" } },
  });
  const line = { type: "line", strokeWidth: 1.5, clip: true };
  return toSvg({
    data: { values },
    hconcat: [
      {
        title: "Test error of the first three mean spike times",
        width: 420,
        height: 300,
        mark: line,
        encoding: encoding("testMae", "mean absolute error (time)", { type: "log" }),
      },
      {
        title: "Estimated input current",
        width: 420,
        height: 300,
        layer: [
          { mark: line, encoding: encoding("current", "current c", { zero: false }) },
          {
            data: { values: [{ c: options.trueCurrent }] },
            mark: { type: "rule", color: "#d62728", strokeDash: [5, 4] },
            encoding: { y: { field: "c", type: "quantitative" } },
          },
        ],
      },
    ],
  });
}
