/** Figures as SVG, drawn by Vega-Lite. Node only; the library is slow to load, so this happens when a figure is drawn. */
import type { Config } from "vega-lite";
import { fail } from "../checks.js";
import { type Psth, psthCorrelation } from "../metrics/index.js";

export interface CurveRun {
  readonly sampleSize: number;
  readonly sigma: number;
  /** By training step. */
  readonly testMae: readonly number[];
  readonly current: readonly number[];
}

export interface Series {
  readonly name: string;
  readonly x: ArrayLike<number>;
  readonly y: ArrayLike<number>;
}

export interface SeriesPanel {
  readonly title: string;
  /** Titles of the axes, with units. */
  readonly x: string;
  readonly y: string;
  readonly series: readonly Series[];
  readonly logX?: boolean;
  readonly logY?: boolean;
  /** A horizontal line, a true value for example. */
  readonly rule?: { readonly y: number; readonly label: string };
}

const config: Config = {
  background: "white",
  font: "sans-serif",
  axis: {
    labelFontSize: 12,
    titleFontSize: 13,
    titleFontWeight: "normal",
    titlePadding: 8,
    gridColor: "#ececec",
    domainColor: "#888",
    tickColor: "#888",
  },
  legend: { labelFontSize: 12, titleFontSize: 13, titleFontWeight: "normal", symbolStrokeWidth: 2.5 },
  title: { fontSize: 14, fontWeight: "normal", anchor: "start", frame: "group", offset: 10 },
  text: { fontSize: 12 },
  view: { stroke: null },
};

/** From light to dark, in order also for the colour-blind and in grey. */
const sequential = ["#f2a541", "#e0566f", "#7b3fb5", "#14213d"];
/** Okabe & Ito's colours, the dark ones. */
const categories = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000"];
const ruleColor = "#555";

/** Curves of at most this many points: more cannot be seen and make the file large. */
const mostPoints = 300;
/** Steps over which the noisy test error is averaged. */
const window = 25;

/** Without a canvas Vega takes texts for a third longer than they are: long titles push panels apart. */
async function toSvg(spec: object): Promise<string> {
  const [vega, lite] = await Promise.all([import("vega"), import("vega-lite")]);
  const compiled = lite.compile(spec as Parameters<typeof lite.compile>[0], { config }).spec;
  const view = new vega.View(vega.parse(compiled), { renderer: "none" });
  try {
    return await view.toSVG();
  } finally {
    view.finalize();
  }
}

/** Mean of the values around each one, of fewer at the ends. */
function smooth(values: readonly number[]): number[] {
  const half = (window - 1) / 2;
  return values.map((_, i) => {
    const near = values.slice(Math.max(0, i - half), i + half + 1);
    return near.reduce((a, b) => a + b, 0) / near.length;
  });
}

/** Every so many indices that at most `mostPoints` are left, and the last. */
function thinned(length: number): number[] {
  const every = Math.max(1, Math.ceil(length / mostPoints));
  return Array.from({ length }, (_, i) => i).filter((i) => i % every === 0 || i === length - 1);
}

/** A logarithmic scale over the values, with a tick at each decade, and at 2 and 5 where there are few of them. */
function logScale(values: readonly number[]): object {
  let [low, high] = [Number.POSITIVE_INFINITY, 0];
  for (const v of values) {
    low = Math.min(low, v);
    high = Math.max(high, v);
  }
  if (!(high > 0)) [low, high] = [0.1, 1];
  const [from, to] = [Math.floor(Math.log10(low)), Math.ceil(Math.log10(high))];
  const digits = high / low > 300 ? [1] : [1, 2, 5];
  const ticks: number[] = [];
  for (let e = from; e <= to; e++) for (const d of digits) ticks.push(Number(`${d}e${e}`));
  return {
    scale: { type: "log", nice: false, domain: [low, high] },
    // Ticks outside are not drawn, but Vega makes room for them.
    axis: { values: ticks.filter((t) => t >= low && t <= high), format: to - from > 6 ? "~e" : "~g" },
  };
}

/** A horizontal line across a panel, labelled at one of its ends. */
function ruleLayers(y: number, label: string, end: "left" | "right"): object[] {
  const data = { values: [{ y, label }] };
  const encoding = { y: { field: "y", type: "quantitative" } };
  return [
    { data, mark: { type: "rule", color: ruleColor, strokeWidth: 1 }, encoding },
    {
      data,
      mark: { type: "text", align: end, baseline: "bottom", dx: end === "left" ? 5 : -3, dy: -3, color: ruleColor },
      encoding: { ...encoding, x: { value: end === "left" ? 0 : "width" }, text: { field: "label", type: "nominal" } },
    },
  ];
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

/**
 * Panels of curves side by side, a colour per name. On a logarithmic axis points that are not above 0 are left out.
 * @throws SaltationError `invalid-input` where x and y of a series differ in length.
 */
export async function seriesSvg(figure: { title?: string; panels: readonly SeriesPanel[] }): Promise<string> {
  const names = [...new Set(figure.panels.flatMap((p) => p.series.map((s) => s.name)))];
  const panels = figure.panels.map((panel, p) => {
    const values = panel.series.flatMap((s) => {
      if (s.x.length !== s.y.length) {
        fail(`panels[${p}].series`, `"${s.name}" has ${s.x.length} x but ${s.y.length} y: expected as many`);
      }
      return thinned(s.x.length)
        .map((i) => ({ x: s.x[i]!, y: s.y[i]!, name: s.name }))
        .filter((v) => Number.isFinite(v.x) && Number.isFinite(v.y))
        .filter((v) => !(panel.logX && v.x <= 0) && !(panel.logY && v.y <= 0));
    });
    const axis = (key: "x" | "y", title: string, log = false): object => ({
      field: key,
      type: "quantitative",
      title,
      ...(log ? logScale(values.map((v) => v[key])) : { scale: { zero: false } }),
    });
    const encoding = {
      x: axis("x", panel.x, panel.logX),
      y: axis("y", panel.y, panel.logY),
      color: {
        field: "name",
        type: "nominal",
        title: null,
        sort: names,
        scale: { domain: names, range: categories },
        legend: names.length > 1 ? { symbolType: "stroke" } : null,
      },
    };
    // Few points are shown as such.
    const point = panel.series.every((s) => s.x.length <= 20);
    return {
      title: panel.title,
      width: 380,
      height: 280,
      layer: [
        { data: { values }, mark: { type: "line", strokeWidth: 1.8, point }, encoding },
        ...(panel.rule ? ruleLayers(panel.rule.y, panel.rule.label, "right") : []),
      ],
    };
  });
  return toSvg({
    ...(figure.title ? { title: { text: figure.title, fontSize: 16, offset: 16 } } : {}),
    spacing: 40,
    hconcat: panels,
  });
}

/** Values with their ranges, a row each on a logarithmic axis, coloured by group. */
export function rangesSvg(figure: {
  title: string;
  value: string;
  rows: readonly { group: string; label: string; median: number; low: number; high: number }[];
}): Promise<string> {
  const groups = [...new Set(figure.rows.map((r) => r.group))];
  const labels = [...new Set(figure.rows.map((r) => r.label))];
  const y = { field: "label", type: "nominal", sort: labels, title: null, axis: { labelLimit: 520 } };
  const scale = logScale(figure.rows.flatMap((r) => [r.low, r.high]));
  const color = {
    field: "group",
    type: "nominal",
    title: null,
    sort: groups,
    scale: { domain: groups, range: categories.slice(0, groups.length) },
  };
  const yOffset = { field: "group", sort: groups };
  return toSvg({
    title: { text: figure.title },
    width: 420,
    height: { step: 9 },
    data: { values: figure.rows },
    layer: [
      {
        mark: { type: "rule", strokeWidth: 1.5 },
        encoding: {
          y,
          yOffset,
          color,
          x: { field: "low", type: "quantitative", title: figure.value, ...scale },
          x2: { field: "high" },
        },
      },
      {
        mark: { type: "point", filled: true, size: 36, opacity: 1 },
        encoding: { y, yOffset, color, x: { field: "median", type: "quantitative" } },
      },
    ],
  });
}

/**
 * Spike rasters, a row per trial: the observed trials above the generated ones, on one time axis from t0 to t1.
 * Spikes at t1 and later are absent ones by convention, and are not drawn.
 */
export function rasterSvg(raster: {
  observed: readonly ArrayLike<number>[];
  generated: readonly ArrayLike<number>[];
  t0?: number;
  t1: number;
  unit: string;
}): Promise<string> {
  const { t0 = 0, t1, unit } = raster;
  const panel = (title: string, trials: readonly ArrayLike<number>[], color: string, last: boolean): object => {
    const values = trials.flatMap((times, trial) =>
      Array.from(times)
        .filter((time) => time >= t0 && time < t1)
        .map((time) => ({ time, trial: trial + 1 })),
    );
    // Rows of 4 to 14 pixels: room for many trials.
    const row = Math.max(4, Math.min(14, 280 / Math.max(1, trials.length)));
    return {
      title: { text: title, fontSize: 13, offset: 6 },
      width: 640,
      height: { step: row },
      data: { values },
      mark: { type: "tick", thickness: 1.2, size: 0.8 * row, color, opacity: 1 },
      encoding: {
        x: {
          field: "time",
          type: "quantitative",
          title: last ? `time (${unit})` : null,
          scale: { domain: [t0, t1], nice: false },
          axis: { labels: last, grid: false, ticks: last, format: "~r" },
        },
        y: {
          field: "trial",
          type: "ordinal",
          title: "trial",
          // Also the trials without a spike.
          scale: { domain: trials.map((_, i) => i + 1) },
          axis: { labels: false, ticks: false, grid: false },
        },
      },
    };
  };
  return toSvg({
    spacing: 14,
    vconcat: [
      panel(`Observed (${raster.observed.length} trials)`, raster.observed, "#222", false),
      panel(`Generated (${raster.generated.length} trials)`, raster.generated, categories[0]!, true),
    ],
  });
}

/**
 * PSTHs of observed and generated trials over each other, rates in spikes per second where the unit of time is ms.
 * @throws SaltationError `invalid-input` where the two have different bins.
 */
export function psthSvg(figure: { observed: Psth; generated: Psth; unit: string }): Promise<string> {
  const { observed, generated, unit } = figure;
  const correlation = psthCorrelation(observed, generated);
  const [scale, rate] = unit === "ms" ? [1000, "1/s"] : [1, `1/${unit}`];
  const { t0, t1, bin, rates } = observed;
  const values = [
    { name: "observed", psth: observed },
    { name: "generated", psth: generated },
  ].flatMap(({ name, psth }) =>
    Array.from(psth.rates, (r, b) => ({ name, time: t0 + (b + 0.5) * bin, rate: scale * r })),
  );
  return toSvg({
    title: `PSTH: correlation ${correlation.toFixed(3)}`,
    // A curve of thousands of bins is thinner the longer it is.
    width: Math.max(640, Math.min(1600, rates.length)),
    height: 220,
    data: { values },
    mark: { type: "line", strokeWidth: 1.2, interpolate: "linear" },
    encoding: {
      x: {
        field: "time",
        type: "quantitative",
        title: `time (${unit})`,
        scale: { domain: [t0, t1], nice: false },
        axis: { grid: false, format: "~r" },
      },
      y: { field: "rate", type: "quantitative", title: `rate (${rate})` },
      color: {
        field: "name",
        type: "nominal",
        title: null,
        scale: { domain: ["observed", "generated"], range: ["#222", categories[0]!] },
        legend: { symbolType: "stroke" },
      },
    },
  });
}

/** Curves of a trained number over several runs, in a panel of their own. */
export interface CurveGroup {
  readonly title: string;
  readonly curves: {
    readonly n: number;
    /** Whose curve it is. */
    readonly by: "here" | "authors";
    readonly line: string;
    /** One value every so many steps. */
    readonly values: readonly number[];
  }[];
}

/** Panels [group][sample size] of thin curves of ours, one for each data seed, and broad ones of others to compare with. */
export function recoveryCurvesSvg(
  groups: readonly CurveGroup[],
  options: { every: number; trueValue: number; title: string },
): Promise<string> {
  const values = groups.flatMap((g) =>
    g.curves.flatMap((c) =>
      c.values.map((y, i) => ({ group: g.title, n: c.n, by: c.by, line: c.line, x: i * options.every, y })),
    ),
  );
  const line = (by: string, mark: object): object => ({
    transform: [{ filter: { field: "by", equal: by } }],
    mark: { type: "line", ...mark },
    encoding: {
      x: { field: "x", type: "quantitative", title: "training step" },
      y: { field: "y", type: "quantitative", title: options.title, scale: { zero: false } },
      color: {
        field: "by",
        type: "nominal",
        title: "by",
        scale: { domain: ["here", "authors"], range: [categories[0], categories[1]] },
      },
      detail: { field: "line" },
    },
  });
  return toSvg({
    data: { values },
    facet: {
      row: { field: "group", type: "nominal", title: null },
      column: { field: "n", type: "ordinal", title: "trains" },
    },
    spec: {
      width: 190,
      height: 160,
      layer: [
        { mark: { type: "rule", color: ruleColor, strokeDash: [4, 3] }, encoding: { y: { datum: options.trueValue } } },
        line("authors", { strokeWidth: 3, opacity: 0.7 }),
        line("here", { strokeWidth: 1, opacity: 0.6 }),
      ],
    },
  });
}
