/** Values with their ranges. */
import { categories, logScale, toSvg } from "./draw.js";

/** Values with their ranges, a row each on a logarithmic axis, coloured by group. */
export function rangesSvg(figure: {
  title: string;
  value: string;
  rows: readonly { group: string; label: string; median: number; low: number; high: number }[];
}): Promise<string> {
  const groups = [...new Set(figure.rows.map((r) => r.group))];
  const labels = [...new Set(figure.rows.map((r) => r.label))];
  const y = { field: "label", type: "nominal", sort: labels, title: null };
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
