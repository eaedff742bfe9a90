/** Figure 1 of Holberg & Salvi (2024). */
import { logScale, ruleLayers, thinned, toSvg } from "./draw.js";

export interface CurveRun {
  readonly sampleSize: number;
  readonly sigma: number;
  /** By training step. */
  readonly testMae: readonly number[];
  readonly current: readonly number[];
}

/** From light to dark, in order also for the colour-blind and in grey. */
const sequential = ["#f2a541", "#e0566f", "#7b3fb5", "#14213d"];
/** Steps over which the noisy test error is averaged. */
const window = 25;

/** Mean of the values around each one, of fewer at the ends. */
function smooth(values: readonly number[]): number[] {
  const half = (window - 1) / 2;
  return values.map((_, i) => {
    const near = values.slice(Math.max(0, i - half), i + half + 1);
    return near.reduce((a, b) => a + b, 0) / near.length;
  });
}

/**
 * The two panels of figure 1 of Holberg & Salvi (2024): test error (a running mean over 25 steps) and estimated current
 * by training step, a colour per sample size and a dash per noise level. Returns the text of an SVG file.
 */
export function figure1Svg(runs: readonly CurveRun[], options: { trueCurrent: number }): Promise<string> {
  const values = runs.flatMap((r) => {
    const mae = smooth(r.testMae);
    return thinned(r.current.length).map((step) => ({
      step,
      current: r.current[step]!,
      // A logarithm has no 0.
      testMae: mae[step]! > 0 ? mae[step]! : null,
      n: String(r.sampleSize),
      sigma: `σ = ${r.sigma}`,
    }));
  });
  const sizes = [...new Set(runs.map((r) => r.sampleSize))].sort((a, b) => a - b).map(String);
  const sigmas = [...new Set(runs.map((r) => r.sigma))].sort((a, b) => a - b).map((s) => `σ = ${s}`);
  const encoding = (field: string, y: object): object => ({
    x: { field: "step", type: "quantitative", title: "training step", scale: { nice: false } },
    y: { field, type: "quantitative", ...y },
    color: {
      field: "n",
      type: "ordinal",
      title: "sample size n",
      sort: sizes,
      scale: { domain: sizes, range: sequential },
    },
    strokeDash: {
      field: "sigma",
      type: "nominal",
      title: "noise",
      sort: sigmas,
      scale: {
        domain: sigmas,
        range: [
          [1, 0],
          [5, 3],
          [2, 2],
        ],
      },
      legend: { symbolStrokeColor: "#444" },
    },
  });
  const size = { width: 430, height: 310 };
  const mark = { type: "line", strokeWidth: 1.6 };
  const errors = values.flatMap((v) => (v.testMae === null ? [] : [v.testMae]));
  return toSvg({
    data: { values },
    spacing: 40,
    hconcat: [
      {
        title: "Test error of three mean spike times",
        ...size,
        mark,
        encoding: encoding("testMae", {
          title: "test MAE (unit of time)",
          ...logScale(errors),
        }),
      },
      {
        title: "Estimated input current",
        ...size,
        layer: [
          { mark, encoding: encoding("current", { title: "input current c", scale: { zero: false } }) },
          ...ruleLayers(options.trueCurrent, `true current ${options.trueCurrent}`, "left"),
        ],
      },
    ],
  });
}
