/** State and hazard along a few paths. */
import { useId, useState } from "preact/hooks";
import { rateUnit } from "../../../../src/metrics/rate-unit.js";
import { cut } from "../../model/cut.js";
import { readable } from "../../model/units.js";
import { Chart, type ChartData } from "../../plots/chart.js";
import { loaded, snapshot, studioDocument } from "../state/signals.js";
import { unitOf } from "../state/unit-of.js";
import { curves } from "./curve.js";
import { Figure } from "./figure.js";

/** Curves of several paths on one time axis: each keeps its own points. */
function together(curves2: { x: Float64Array; y: Float64Array }[]): ChartData {
  const total = curves2.reduce((n, c) => n + c.x.length, 0);
  const xs = new Float64Array(total);
  const columns = curves2.map(() => new Array<number | null>(total).fill(null));
  const at = curves2.map(() => 0);
  for (let n = 0; n < total; n++) {
    let next = -1;
    for (let c = 0; c < curves2.length; c++) {
      const x = curves2[c]!.x[at[c]!];
      if (x !== undefined && (next < 0 || x < curves2[next]!.x[at[next]!]!)) next = c;
    }
    const curve = curves2[next]!;
    xs[n] = curve.x[at[next]!]!;
    columns[next]![n] = curve.y[at[next]!++]!;
  }
  return [xs, ...columns];
}

export function TraceFigures() {
  const shot = snapshot.value;
  const unit = studioDocument.value.units.time || "unit of time";
  const [which, setWhich] = useState("");
  const id = useId();
  if (!shot || shot.traces.length === 0) return null;
  const { traces, t0, tracedTo: t1 } = shot;
  const count = loaded.value?.neurons ?? 1;
  const of = count > 1 ? ` of neuron ${shot.neuron + 1}` : "";
  const states = Object.keys(traces[0]!.states);
  const name = states.includes(which) ? which : states[0]!;
  const series = traces.map((t, n) => ({ label: `path ${t.path + 1}`, color: curves[n]!, width: 1.2 }));
  const rates = rateUnit(unit);
  const escapes = loaded.value?.cell?.escapes !== false;
  const largest = Math.max(
    ...traces.map((t) => t.eventRate.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY)),
  );
  const x = { x: `time (${unit})`, xRange: [t0, t1] as [number, number] };
  return (
    <>
      <Figure
        name="voltage"
        title={name === "v" ? "Voltage" : `State ${cut(name, 40)}`}
        aside={
          <>
            <span class="key-item">
              {traces.length > 1 ? `paths 1 to ${traces.length}` : "path 1"}
              {count > 1 && `, neuron ${shot.neuron + 1}`}
              {t1 < shot.t1 && `, the first ${readable(t1 - t0)} ${unit}`}
            </span>
            {states.length > 1 && (
              <span class="key-item">
                <label for={id} class="visually-hidden">
                  State variable
                </label>
                <select id={id} value={name} onChange={(event) => setWhich(event.currentTarget.value)}>
                  {states.map((s) => (
                    <option key={s} value={s}>
                      {cut(s, 40)}
                    </option>
                  ))}
                </select>
              </span>
            )}
          </>
        }
      >
        <Chart
          name="voltage"
          height={190}
          spec={{
            title: `${cut(name, 40)} of ${traces.length} paths`,
            ...x,
            y: unitOf(name) ? `${cut(name, 24)} (${unitOf(name)})` : cut(name, 24),
            series,
          }}
          data={together(traces.map((t) => ({ x: t.times, y: t.states[name]! })))}
          summary={`${cut(name, 40)} along ${traces.length} generated paths${of} from ${t0} to ${t1} ${unit}.`}
        />
      </Figure>
      {escapes ? (
        <Figure name="hazard" title="Hazard" aside={<span class="key-item">the same paths</span>}>
          <Chart
            name="hazard"
            height={190}
            spec={{ title: `Hazard of ${traces.length} paths`, ...x, y: `λ (${rates.unit})`, fromZero: true, series }}
            data={together(traces.map((t) => ({ x: t.times, y: t.eventRate.map((r) => r * rates.scale) })))}
            summary={
              `Hazard along ${traces.length} generated paths${of}; its largest value is ` +
              `${readable(rates.scale * largest)} ${rates.unit}.`
            }
          />
        </Figure>
      ) : (
        <Figure
          name="event"
          title="Rise of the event function"
          aside={<span class="key-item">by its drift; it fires at 0, and has no hazard</span>}
        >
          <Chart
            name="event"
            height={190}
            spec={{
              title: `Rise of the event function of ${traces.length} paths`,
              ...x,
              y: `dE/dt (1/${unit})`,
              series,
            }}
            data={together(traces.map((t) => ({ x: t.times, y: t.eventRate })))}
            summary={
              `Rise of the event function by its drift along ${traces.length} generated paths${of}; its largest value ` +
              `is ${readable(largest)} per ${unit}. The cell has a hard threshold: there is no hazard.`
            }
          />
        </Figure>
      )}
    </>
  );
}
