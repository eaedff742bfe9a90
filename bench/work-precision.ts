/** How much processor time an error of the second spike time takes, by whom and which scheme: the figure of the docs. */
import { seriesSvg } from "../src/figures/series.js";
import type { Scheme } from "./precision.js";

export interface WorkCurve {
  readonly name: string;
  readonly scheme: Scheme;
  readonly points: readonly { readonly dt: number; readonly error: number; readonly seconds: number }[];
}

/** Euler's method, beside which our `levy` is shown again; and `levy`, where peers are given it. */
export function workPrecisionSvg(curves: readonly WorkCurve[]): Promise<string> {
  const series = ({ name, points }: WorkCurve, label = name) => ({
    name: label,
    x: points.map((p) => p.error),
    y: points.map((p) => p.seconds),
  });
  const byEuler = curves.filter((c) => c.scheme !== "levy");
  const byLevy = curves.filter((c) => c.scheme === "levy");
  const own = byLevy.filter((c) => c.name === "Saltation").map((c) => series(c, "Saltation, levy"));
  const panel = (title: string, all: ReturnType<typeof series>[]) => {
    return {
      title,
      x: "RMS error of the second spike time",
      y: "processor seconds",
      series: all,
      logX: true,
      logY: true,
    };
  };
  return seriesSvg({
    title: "16,384 paths of one neuron to t = 2, one thread",
    panels: [
      panel("Euler's method", [...own, ...byEuler.map((c) => series(c))]),
      panel("levy, given to peers", [...own, ...byLevy.filter((c) => c.name !== "Saltation").map((c) => series(c))]),
    ],
  });
}
