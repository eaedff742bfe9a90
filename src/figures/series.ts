/** Curves side by side. */
import { fail } from "../checks.js";
import { categories, logScale, ruleLayers, thinned, toSvg } from "./draw.js";

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

/**
 * Panels of curves, three in a row, a colour per name. On a logarithmic axis points that are not above 0 are left out.
 * @throws SaltationError `invalid-input` where x and y of a series differ in length.
 */
export async function seriesSvg(figure: { title?: string; panels: readonly SeriesPanel[] }): Promise<string> {
  const names = [...new Set(figure.panels.flatMap((p) => p.series.map((s) => s.name)))];
  const compared = figure.panels.some((p) => p.series.length > 1);
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
        // A panel of one curve is told by its title.
        legend: compared ? { symbolType: "stroke" } : null,
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
    concat: panels,
    columns: 3,
  });
}
