/**
 * What all figures share: their looks, axes and rules, and drawing as SVG by Vega-Lite. Node only; the library is slow to
 * load, so this happens when a figure is drawn.
 */
import type { Config } from "vega-lite";

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
    labelLimit: 0,
  },
  legend: { labelLimit: 0, labelFontSize: 12, titleFontSize: 13, titleFontWeight: "normal", symbolStrokeWidth: 2.5 },
  title: { fontSize: 14, fontWeight: "normal", anchor: "start", frame: "group", offset: 10 },
  text: { fontSize: 12 },
  view: { stroke: null },
};

/** Okabe & Ito's colours, the dark ones. */
export const categories = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000"];
export const ruleColor = "#555";

/** A text as Vega's measure of widths sees it. */
interface MeasuredText {
  readonly fontSize?: number;
  readonly limit?: number;
}

/**
 * Pixels of a text in a broad sans-serif face, DejaVu Sans: without a canvas Vega takes texts for a third longer than
 * they are, which pushes panels apart.
 */
function textWidth({ fontSize = 11, limit }: MeasuredText, text: unknown): number {
  const width = 0.62 * fontSize * String(text ?? "").trim().length;
  return limit ? Math.min(limit, width) : width;
}

/** The text of an SVG file. */
export async function toSvg(spec: object): Promise<string> {
  const [vega, lite] = await Promise.all([import("vega"), import("vega-lite")]);
  (vega as unknown as { textMetrics: { width: typeof textWidth } }).textMetrics.width = textWidth;
  const compiled = lite.compile(spec as Parameters<typeof lite.compile>[0], { config }).spec;
  const view = new vega.View(vega.parse(compiled), { renderer: "none" });
  try {
    return await view.toSVG();
  } finally {
    view.finalize();
  }
}

/** Curves of at most this many points: more cannot be seen and make the file large. */
const mostPoints = 300;

/** Every so many indices that at most `mostPoints` are left, and the last. */
export function thinned(length: number): number[] {
  const every = Math.max(1, Math.ceil(length / mostPoints));
  return Array.from({ length }, (_, i) => i).filter((i) => i % every === 0 || i === length - 1);
}

/** Digits at which a decade has ticks, the first that give two of them. */
const tickDigits = [[1], [1, 2, 5], [1, 2, 3, 4, 5, 6, 7, 8, 9]];

/** A logarithmic scale over the values, with a tick at each decade, and between them where there are few. */
export function logScale(shown: readonly number[]): object {
  let [low, high] = [Number.POSITIVE_INFINITY, 0];
  for (const v of shown) {
    low = Math.min(low, v);
    high = Math.max(high, v);
  }
  if (!(high > 0)) [low, high] = [0.1, 1];
  const [from, to] = [Math.floor(Math.log10(low)), Math.ceil(Math.log10(high))];
  // Ticks outside are not drawn, but Vega makes room for them.
  const ticksOf = (digits: readonly number[]): number[] => {
    const decades = Array.from({ length: to - from + 1 }, (_, i) => from + i);
    const all = decades.flatMap((e) => digits.map((d) => Number(`${d}e${e}`)));
    return all.filter((t) => t >= low && t <= high);
  };
  const few = high / low > 300 ? 0 : 1;
  const values = tickDigits
    .slice(few)
    .map(ticksOf)
    .find((t) => t.length > 1);
  return {
    scale: { type: "log", nice: false, domain: [low, high] },
    axis: { ...(values ? { values } : {}), format: to - from > 6 ? "~e" : "~g" },
  };
}

/** A horizontal line across a panel, labelled at one of its ends. */
export function ruleLayers(y: number, label: string, end: "left" | "right"): object[] {
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
