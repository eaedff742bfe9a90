/** Whether a model stands for spike trains: rescaled intervals against the law that they have if it does. */
import type { TimeRescaling } from "../confidence/time-rescaling.js";
import { categories, ruleColor, thinned, toSvg } from "./draw.js";

/** Kolmogorov-Smirnov plot (Brown et al. 2002): ordered rescaled intervals against uniform quantiles, with the band of the level. */
export function timeRescalingSvg(figure: { goodness: TimeRescaling; level: number }): Promise<string> {
  const { uniform, statistic, pValue, band } = figure.goodness;
  const n = uniform.length;
  const values = thinned(n).map((i) => ({ x: (i + 0.5) / n, y: uniform[i]! }));
  const line = (by: number): { x: number; y: number }[] => [
    { x: Math.max(0, -by), y: Math.max(0, by) },
    { x: Math.min(1, 1 - by), y: Math.min(1, 1 + by) },
  ];
  const axis = (field: string, title: string): object => ({
    field,
    type: "quantitative",
    title,
    scale: { domain: [0, 1], nice: false },
  });
  const encoding = { x: axis("x", "quantile of the uniform law"), y: axis("y", "rescaled interval, 1 − exp(−ΔΛ)") };
  const rule = (by: number, dashed: boolean): object => ({
    data: { values: line(by) },
    mark: { type: "line", color: ruleColor, strokeWidth: 1, ...(dashed ? { strokeDash: [4, 3] } : {}) },
    encoding,
  });
  return toSvg({
    title: {
      text: `Time rescaling: ${n} intervals, D = ${statistic.toFixed(3)}, p = ${pValue.toPrecision(2)}`,
      subtitle: `dashed: D of a true model stays within with probability ${figure.level}`,
    },
    width: 360,
    height: 360,
    layer: [
      rule(0, false),
      ...(Number.isFinite(band) ? [rule(band, true), rule(-band, true)] : []),
      { data: { values }, mark: { type: "line", color: categories[0]!, strokeWidth: 2 }, encoding },
    ],
  });
}
