/** Peristimulus time histograms. */
import { type Psth, psthCorrelation } from "../metrics/index.js";
import { rateUnit } from "../metrics/rate-unit.js";
import { categories, toSvg } from "./draw.js";

/**
 * PSTHs of observed and generated trials over each other, rates in spikes per second where the unit of time is ms.
 * @throws SaltationError `invalid-input` where the two have different bins.
 */
export function psthSvg(figure: { observed: Psth; generated: Psth; unit: string }): Promise<string> {
  const { observed, generated, unit } = figure;
  const correlation = psthCorrelation(observed, generated);
  const { scale, unit: rate } = rateUnit(unit);
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
