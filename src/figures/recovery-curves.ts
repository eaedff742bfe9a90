/** Curves of a trained number, over data seeds. */
import { categories, ruleColor, toSvg } from "./draw.js";

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
