/** What a run shows: controls, numbers, and figures that move. */
import { useId, useState } from "preact/hooks";
import { rateUnit } from "../../../src/metrics/rate-unit.js";
import { readable, symbolOf, withPrefix } from "../model/units.js";
import { Chart, type ChartData } from "../plots/chart.js";
import { chartPng, chartSvg } from "../plots/export.js";
import type { Mark } from "../plots/spec.js";
import type { Raster } from "../worker/protocol.js";
import { Action } from "./action.js";
import { download } from "./download.js";
import { NumberInput } from "./fields.js";
import { Name } from "./setup.js";
import {
  bytes,
  canTrain,
  engine,
  entries,
  going,
  history,
  loaded,
  loading,
  neuron,
  notify,
  objection,
  pause,
  pausing,
  rate,
  reset,
  saturated,
  setNeuron,
  setPaths,
  snapshot,
  state,
  step,
  stepOnce,
  studioDocument,
  totalSteps,
  train,
  unitOf,
} from "./store.js";

/** On narrow screens the numbers that move may lie far below the setup: brings them into view. */
function showReadout(): void {
  const readout = document.querySelector(".readout");
  if (readout && readout.getBoundingClientRect().top > innerHeight - 120) readout.scrollIntoView();
}

export function Transport() {
  const id = useId();
  const why = useId();
  const { job } = studioDocument.value;
  const against = objection.value;
  const running = going.value;
  const begun = step.value > 0;
  return (
    <section class="transport" aria-label="Training controls">
      <div class="buttons">
        <Action
          primary
          off={!running && !canTrain.value}
          describedBy={against && why}
          act={() => {
            void (running ? pause() : train());
            if (!running) showReadout();
          }}
        >
          {running ? "Pause" : begun && state.value !== "finished" ? "Resume" : "Train"}
        </Action>
        <Action off={running || !canTrain.value} act={() => void stepOnce()}>
          Step
        </Action>
        <Action off={running || !begun} act={() => void reset()}>
          Reset
        </Action>
      </div>
      <div class="paths">
        <label for={id}>Paths</label>
        <NumberInput
          id={id}
          value={job.paths}
          label="Paths"
          field="paths"
          errorId={why}
          late
          change={(paths) => void setPaths(paths)}
        />
      </div>
      <div class="progress">
        <progress
          max={Math.max(1, totalSteps.value)}
          value={totalSteps.value > 0 ? step.value : 0}
          aria-label="training steps done"
        />
        <span class="progress-text">
          step {step.value}
          {totalSteps.value > 0 && ` of ${totalSteps.value}`}
          {running && pausing.value && ", pausing after this one"}
          {state.value === "finished" && ", finished"}
          {state.value === "paused" && ", paused"}
        </span>
      </div>
      {against && (
        <p class={against.field ? "objection" : "objection waits"} id={why} role={against.field ? "alert" : undefined}>
          {against.field && <code>{against.field}</code>} {against.message}
        </p>
      )}
    </section>
  );
}

export function Readout() {
  const { data } = history.value;
  const list = entries.value;
  const shown = list.filter((e) => e.index <= 0).slice(0, 6);
  const facts = engine.value;
  return (
    <dl class="readout">
      {shown.map((e) => {
        const n = list.indexOf(e);
        const many = list.filter((o) => o.parameter === e.parameter);
        return (
          <div key={e.parameter} data-parameter={e.parameter}>
            <dt>
              <Name name={e.parameter} />
              {many.length > 1 && <span class="of"> error</span>}
            </dt>
            <dd>
              <span class="big">
                {many.length > 1
                  ? readable(meanError(many.map((m) => list.indexOf(m))))
                  : readable(data.values[n]?.at(-1) ?? e.start)}
              </span>
              {many.length > 1 ? (
                <span class="aside">mean over {many.length}</span>
              ) : (
                <span class="aside">
                  {[unitOf(e.parameter), e.truth !== undefined && `true ${readable(e.truth)}`]
                    .filter(Boolean)
                    .join(", ")}
                </span>
              )}
            </dd>
          </div>
        );
      })}
      <div>
        <dt>Loss</dt>
        <dd>
          <span class="big">{data.loss.length > 0 ? readable(data.loss.at(-1)!) : "–"}</span>
          {data.loss.length > 1 && <span class="aside">from {readable(data.loss[0]!)}</span>}
        </dd>
      </div>
      <div>
        <dt>Speed</dt>
        <dd>
          <span class="big">{rate.value > 0 ? withPrefix(rate.value) : "–"}</span>
          <span class="aside">
            {studioDocument.value.job.loss.kind === "log-likelihood" ? "trials" : "paths"}·steps/s
          </span>
        </dd>
      </div>
      <div class="adapter">
        <dt>Runs on</dt>
        <dd>
          <span class="name">{facts ? facts.adapter : loading.value ? "…" : "nothing yet"}</span>
          <span class="aside">{bytes.value === undefined ? "" : `${withPrefix(bytes.value, "B")} on the device`}</span>
        </dd>
      </div>
    </dl>
  );
}

/** Mean distance of entries from their true values; of their starts where no step was made. */
function meanError(of: number[]): number {
  const { data } = history.value;
  const list = entries.value;
  const known = of.filter((n) => list[n]!.truth !== undefined);
  const sum = known.reduce((s, n) => s + Math.abs((data.values[n]?.at(-1) ?? list[n]!.start) - list[n]!.truth!), 0);
  return known.length > 0 ? sum / known.length : Number.NaN;
}

function Figure(props: {
  name: string;
  title: string;
  /** The title as it is shown, where it is more than text. */
  heading?: preact.ComponentChildren;
  aside?: preact.ComponentChildren;
  wide?: boolean;
  children: preact.ComponentChildren;
}) {
  const { name, title } = props;
  const save = async (kind: "svg" | "png"): Promise<void> => {
    try {
      const file = `saltation-${studioDocument.value.experiment}-${name}.${kind}`;
      if (kind === "svg") download(file, "image/svg+xml", chartSvg(name));
      else download(file, "image/png", await chartPng(name));
    } catch (error) {
      notify("error", "The figure could not be saved", (error as Error).message);
    }
  };
  return (
    <figure class={props.wide ? "wide" : undefined} data-figure={name}>
      <figcaption>
        <h3>{props.heading ?? title}</h3>
        {props.aside && <div class="key">{props.aside}</div>}
        <div class="save">
          <button type="button" class="quiet" aria-label={`save “${title}” as SVG`} onClick={() => void save("svg")}>
            SVG
          </button>
          <button type="button" class="quiet" aria-label={`save “${title}” as PNG`} onClick={() => void save("png")}>
            PNG
          </button>
        </div>
      </figcaption>
      {props.children}
    </figure>
  );
}

const Key = ({ color, children }: { color: string; children: preact.ComponentChildren }) => (
  <span class="key-item">
    <span class="swatch" style={{ background: `var(--${color})` }} />
    {children}
  </span>
);

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

function RasterFigure() {
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
            {saturated.value > 0 &&
              job.maxSpikes !== undefined &&
              `, ${saturated.value} of them end at spike ${job.maxSpikes}`}
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

/** A chart without a curve, from one x to another. */
const noData = (from: number, to: number): ChartData => [
  [from, to],
  [null, null],
];

/** At most this many points of a curve: more cannot be seen. */
const mostPoints = 800;
function thinned(length: number): number[] {
  const every = Math.max(1, Math.ceil(length / mostPoints));
  const at: number[] = [];
  for (let n = 0; n < length; n += every) at.push(n);
  if (length > 0 && (length - 1) % every !== 0) at.push(length - 1);
  return at;
}

function LossFigure() {
  const { data } = history.value;
  const at = thinned(data.loss.length);
  const log = data.loss.every((v) => v > 0);
  const last = data.loss.at(-1);
  const empty = last === undefined;
  return (
    <Figure name="loss" title="Loss">
      <Chart
        name="loss"
        height={190}
        spec={{
          title: "Loss by training step",
          x: "training step",
          wholeX: true,
          y: "loss",
          log: log && !empty,
          ...(empty ? { plainY: true, xRange: [0, Math.max(1, totalSteps.value)] } : {}),
          series: [{ label: "loss", color: "generated" }],
        }}
        data={
          empty
            ? noData(0, Math.max(1, totalSteps.value))
            : [at.map((n) => data.steps[n]! + 1), at.map((n) => data.loss[n]!)]
        }
        summary={
          empty
            ? "Loss by training step: no step was made yet."
            : `Loss by training step: ${readable(data.loss[0]!)} at first, ${readable(last)} after ${step.value} steps.`
        }
      />
    </Figure>
  );
}

/** A chart per parameter: its values by step, and its true value where that is known. */
function ParameterFigures() {
  const list = entries.value;
  const names = [...new Set(list.map((e) => e.parameter))];
  return (
    <>
      {names.map((name) => (
        <ParameterFigure key={name} name={name} />
      ))}
    </>
  );
}

const curves = ["generated", "series1", "series2", "series3"] as const;
const mostCurves = 4;

function ParameterFigure({ name }: { name: string }) {
  const { data } = history.value;
  const list = entries.value;
  const unit = unitOf(name);
  const mine = list.flatMap((e, n) => (e.parameter === name ? [n] : []));
  const at = thinned(data.steps.length);
  const steps = [0, ...at.map((n) => data.steps[n]! + 1)];
  const several = mine.length > mostCurves && mine.every((n) => list[n]!.truth !== undefined);
  const symbol = symbolOf(name).replace("_", " ");
  // An upright I alone reads as a stroke.
  const axis = name === "current" ? `current ${symbol}` : symbol;
  const shown = mine.slice(0, mostCurves);
  const series = several
    ? [
        [
          mine.reduce((s, e) => s + Math.abs(list[e]!.start - list[e]!.truth!), 0) / mine.length,
          ...at.map((n) => mine.reduce((s, e) => s + Math.abs(data.values[e]![n]! - list[e]!.truth!), 0) / mine.length),
        ],
      ]
    : shown.map((e) => [list[e]!.start, ...at.map((n) => data.values[e]![n]!)]);
  const marks: Mark[] = several
    ? []
    : shown.flatMap((e): Mark[] => {
        const { truth } = list[e]!;
        return truth === undefined
          ? []
          : [{ kind: "level", y: truth, color: "truth", label: shown.length === 1 ? `true ${readable(truth)}` : "" }];
      });
  const title = several ? `Distance of ${symbol} from the truth` : `${symbol} by step`;
  const now = series.map((s) => readable(s.at(-1)!)).join(", ");
  const truths = shown.flatMap((e) => (list[e]!.truth === undefined ? [] : [readable(list[e]!.truth!)])).join(", ");
  return (
    <Figure
      name={`parameter-${name}`}
      title={several ? `Mean distance of ${mine.length} ${name} from the truth` : symbol}
      heading={
        several ? (
          <>
            Mean error of <Name name={name} />
          </>
        ) : (
          <Name name={name} />
        )
      }
      aside={!several && truths ? <Key color="truth">true {shown.length === 1 ? truths : "values"}</Key> : undefined}
    >
      <Chart
        name={`parameter-${name}`}
        height={190}
        spec={{
          title,
          x: "training step",
          wholeX: true,
          y: several ? `mean |${symbol} − true|` : unit ? `${axis} (${unit})` : axis,
          fromZero: several,
          ...(at.length === 0 ? { xRange: [0, Math.max(1, totalSteps.value)] } : {}),
          series: series.map((_, n) => ({ label: shown.length === 1 ? name : `${name} ${n + 1}`, color: curves[n]! })),
        }}
        data={[steps, ...series]}
        marks={marks}
        summary={`${title}: now ${now}${truths && !several ? `; true ${truths}` : ""}.`}
      />
    </Figure>
  );
}

function HistogramFigure() {
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

function TraceFigures() {
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
  const x = { x: `time (${unit})`, xRange: [t0, t1] as [number, number] };
  return (
    <>
      <Figure
        name="voltage"
        title={name === "v" ? "Voltage" : `State ${name}`}
        aside={
          <>
            <span class="key-item">
              paths 1 to {traces.length}
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
                    <option key={s}>{s}</option>
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
            title: `${name} of ${traces.length} paths`,
            ...x,
            y: unitOf(name) ? `${name} (${unitOf(name)})` : name,
            series,
          }}
          data={together(traces.map((t) => ({ x: t.times, y: t.states[name]! })))}
          summary={`${name} along ${traces.length} generated paths${of} from ${t0} to ${t1} ${unit}.`}
        />
      </Figure>
      <Figure name="hazard" title="Hazard" aside={<span class="key-item">the same paths</span>}>
        <Chart
          name="hazard"
          height={190}
          spec={{ title: `Hazard of ${traces.length} paths`, ...x, y: `λ (${rates.unit})`, fromZero: true, series }}
          data={together(traces.map((t) => ({ x: t.times, y: t.eventRate.map((r) => r * rates.scale) })))}
          summary={
            `Hazard along ${traces.length} generated paths${of}; its largest value is ` +
            `${readable(rates.scale * Math.max(...traces.map((t) => t.eventRate.reduce((a, b) => Math.max(a, b), 0))))} ${rates.unit}.`
          }
        />
      </Figure>
    </>
  );
}

function NeuronChoice() {
  const id = useId();
  const count = loaded.value?.neurons ?? 1;
  if (count < 2) return null;
  return (
    <div class="neuron-choice">
      <label for={id}>Neuron</label>
      <select id={id} value={neuron.value} onChange={(event) => void setNeuron(Number(event.currentTarget.value))}>
        {Array.from({ length: Math.min(count, 1000) }, (_, k) => (
          <option key={k} value={k}>
            {k + 1} of {count}
          </option>
        ))}
      </select>
    </div>
  );
}

export function Figures() {
  return (
    <section class="figures" aria-label="Figures" aria-busy={loading.value}>
      {!snapshot.value && !loading.value && (
        <p class="nothing">
          {studioDocument.value.experiment === "recording" && engine.value
            ? "Spikes, traces and curves appear here once there is a recording."
            : "Spikes, traces and curves appear here once there is something to run."}
        </p>
      )}
      {entries.value.length > 0 && <AllFigures />}
    </section>
  );
}

function AllFigures() {
  return (
    <>
      <NeuronChoice />
      <RasterFigure />
      <HistogramFigure />
      <ParameterFigures />
      <LossFigure />
      <TraceFigures />
    </>
  );
}
