/** Spikes, observed above generated. */
import { Chart } from "../../plots/chart.js";
import type { Mark } from "../../plots/spec.js";
import type { Raster } from "../../worker/protocol.js";
import { saturated, snapshot, studioDocument } from "../state/signals.js";
import { noData } from "./curve.js";
import { Figure, Key } from "./figure.js";

/** Rows of a raster between two heights, the first at the top. */
function rasterMark(raster: Raster, only: number, top: number, bottom: number, color: "observed" | "generated"): Mark {
  const x: number[] = [];
  const low: number[] = [];
  const high: number[] = [];
  const row = (top - bottom) / Math.max(1, raster.rows);
  raster.times.forEach((t, n) => {
    if (raster.neuron[n] !== only) return;
    const y = top - (raster.row[n]! + 0.5) * row;
    x.push(t);
    low.push(y - 0.42 * row);
    high.push(y + 0.42 * row);
  });
  return { kind: "ticks", x, low, high, color, width: 1.4 };
}

export function RasterFigure() {
  const shot = snapshot.value;
  const { job, units } = studioDocument.value;
  const unit = units.time || "unit of time";
  if (!shot) return null;
  const { t0, t1, observed, generated } = shot;
  // The taller the more rows, but never so low that the one side vanishes beside the other.
  const share = Math.min(0.65, Math.max(0.35, observed.rows / (observed.rows + generated.rows)));
  const marks: Mark[] = [
    rasterMark(observed, shot.neuron, 1, 1 - share + 0.015, "observed"),
    rasterMark(generated, shot.neuron, 1 - share - 0.015, 0, "generated"),
    { kind: "rowLabel", y: 1 - share / 2, label: "observed", color: "observed" },
    { kind: "rowLabel", y: (1 - share) / 2, label: "generated", color: "generated" },
  ];
  const [a, b] = [observed, generated].map((r) => Array.from(r.neuron).filter((k) => k === shot.neuron).length) as [
    number,
    number,
  ];
  return (
    <Figure
      wide
      name="raster"
      title="Spikes"
      aside={
        <>
          <Key color="observed">
            observed, {observed.rows} of {observed.trials} trials
          </Key>
          <Key color="generated">
            generated, {generated.rows} of {job.paths} paths
            {saturated.value > 0 && job.maxSpikes !== undefined && `; ${saturated.value} end at spike ${job.maxSpikes}`}
          </Key>
        </>
      }
    >
      <Chart
        name="raster"
        height={300}
        spec={{
          title: "Spikes: observed above, generated below",
          x: `time (${unit})`,
          y: "",
          xRange: [t0, t1],
          yRange: [0, 1],
          plainY: true,
          series: [{ label: "", color: "line", width: 0 }],
        }}
        data={noData(t0, t1)}
        marks={marks}
        summary={
          `Raster of spike times from ${t0} to ${t1} ${unit}: observed, ${a} spikes in ${observed.rows} trials; ` +
          `generated, ${b} spikes in ${generated.rows} paths.`
        }
      />
    </Figure>
  );
}
