/** Rates of spikes over a trial. */
import { rateUnit } from "../../../../src/metrics/rate-unit.js";
import { readable } from "../../model/units.js";
import { Chart } from "../../plots/chart.js";
import { snapshot, studioDocument } from "../state/signals.js";
import { Figure, Key } from "./figure.js";

export function HistogramFigure() {
  const shot = snapshot.value;
  const unit = studioDocument.value.units.time || "unit of time";
  if (!shot) return null;
  const { t0, t1, histogram } = shot;
  const bins = histogram.observed.length;
  const edges = Array.from({ length: bins + 1 }, (_, n) => t0 + (n * (t1 - t0)) / bins);
  const closed = (v: Float64Array): number[] => [...v, v.at(-1)!];
  const rates = rateUnit(unit);
  const scaled = (v: Float64Array): Float64Array => v.map((r) => r * rates.scale);
  const mean = (v: Float64Array): number => (v.reduce((a, b) => a + b, 0) * (t1 - t0)) / bins;
  return (
    <Figure
      wide
      name="histogram"
      title="When it fires"
      aside={
        <>
          <Key color="observed">observed</Key>
          <Key color="generated">generated</Key>
        </>
      }
    >
      <Chart
        name="histogram"
        height={150}
        spec={{
          title: "Histogram of spike times",
          x: `time (${unit})`,
          y: `rate (${rates.unit})`,
          xRange: [t0, t1],
          fromZero: true,
          series: [
            { label: "observed", color: "observed", fill: 0.16, stepped: true, width: 1 },
            { label: "generated", color: "generated", stepped: true, width: 1.6 },
          ],
        }}
        data={[edges, closed(scaled(histogram.observed)), closed(scaled(histogram.generated))]}
        summary={
          `Histogram of spike times: ${readable(mean(histogram.observed))} spikes a trial observed, ` +
          `${readable(mean(histogram.generated))} generated.`
        }
      />
    </Figure>
  );
}
