/** Spike rasters. */
import { categories, toSvg } from "./draw.js";

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
