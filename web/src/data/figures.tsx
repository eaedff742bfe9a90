/** What comes of a training: the sample that is looked at and its spikes, curves by epoch, and which classes are confused. */
import { FigureFrame, type FigureProps, Key } from "../page/figure-frame.js";
import { noData, thinned } from "../page/results/curve.js";
import { Chart } from "../plots/chart.js";
import type { ChartSpec, Mark } from "../plots/spec.js";
import { classColors, colorOf } from "./colours.js";
import { Pad } from "./pad.js";
import { Plane } from "./plane.js";
import type { EpochShown, Seen } from "./protocol.js";
import { sizes } from "./settings.js";
import { classes, digits, epochs, label, map, percentText, problem, ready, seen, settings, state } from "./store.js";

const Figure = (props: FigureProps) => (
  <FigureFrame
    {...props}
    file={`saltation-${settings.value.set}-${props.name}`}
    failed={(error) => {
      problem.value = { title: "The figure could not be saved", text: error.message };
    }}
  />
);

export function SampleFigure() {
  const { set } = settings.value;
  if (set === "digits" && !digits.value) return null;
  const yinYang = set === "yin-yang";
  return (
    <figure class="sample" data-figure="sample">
      <figcaption>
        <h3>{yinYang ? "Which class where" : "A digit"}</h3>
        <div class="key">
          {yinYang ? (
            classes.value.map((name, k) => (
              <span class="key-item" key={name}>
                <span class="swatch dot" style={{ background: `var(--${classColors[k]})` }} />
                {name}
              </span>
            ))
          ) : (
            <span class="key-item">draw on it, or take one that no step saw</span>
          )}
        </div>
      </figcaption>
      {yinYang ? <Plane /> : <Pad />}
      {yinYang && (
        <p class="hint">
          Dots are held-out points; the ground is what the network says
          {map.value ? (map.value.epoch === 0 ? " before any step" : ` after epoch ${map.value.epoch}`) : ""}. Click, or
          move the ring by the arrow keys.
        </p>
      )}
    </figure>
  );
}

/** Heights of the rows of a group, the first at the top. */
function rows(times: ArrayLike<number>, row: (n: number) => number, count: number, top: number, bottom: number) {
  const [x, low, high]: [number[], number[], number[]] = [[], [], []];
  const height = (top - bottom) / count;
  for (let n = 0; n < times.length; n++) {
    const k = row(n);
    if (k < 0 || k >= count) continue;
    const y = top - (k + 0.5) * height;
    x.push(times[n]!);
    low.push(y - 0.43 * height);
    high.push(y + 0.43 * height);
  }
  return { x, low, high };
}

function rasterMarks(now: Seen, sources: number, hidden: number, count: number): Mark[] {
  const { inputs, spikes } = now;
  const marks: Mark[] = [
    {
      kind: "ticks",
      ...rows(inputs.times, (n) => inputs.sources[n]!, sources, 1, 0.83),
      color: "observed",
      width: 2,
    },
    {
      kind: "ticks",
      ...rows(spikes.times, (n) => (spikes.neurons[n]! < hidden ? spikes.neurons[n]! : -1), hidden, 0.8, 0.31),
      color: "muted",
      width: 1.6,
    },
  ];
  for (let k = 0; k < count; k++) {
    const height = 0.28 / count;
    const top = 0.28 - k * height;
    const its = rows(spikes.times, (n) => (spikes.neurons[n] === hidden + k ? 0 : -1), 1, top, top - height);
    const chosen = count <= classColors.length || k === now.found;
    marks.push({ kind: "ticks", ...its, color: chosen ? colorOf(k, count) : "muted", width: chosen ? 3 : 2 });
  }
  return [
    ...marks,
    { kind: "rowLabel", y: 0.915, label: "inputs", color: "observed" },
    { kind: "rowLabel", y: 0.555, label: "hidden", color: "muted" },
    { kind: "rowLabel", y: 0.14, label: "outputs", color: "ink" },
  ];
}

/** When an output fired first. */
function firstTime({ spikes }: Seen, neuron: number): number | undefined {
  const n = spikes.neurons.indexOf(neuron);
  return n < 0 ? undefined : spikes.times[n];
}

export function SpikesFigure() {
  const now = seen.value;
  const { set, hidden } = settings.value;
  const { sources, classes: names } = sizes[set];
  const right = label.value === undefined || now?.found === label.value;
  const t1 = now?.t1 ?? 50;
  const answer = now && answerText(now, names, hidden);
  return (
    <Figure
      name="spikes"
      title="Spikes of this sample"
      aside={
        // While it trains the answer changes with every picture: only what is asked is spoken.
        <span
          class={`key-item answer${right ? "" : " wrong"}`}
          role="status"
          aria-live={state.value === "running" ? "off" : "polite"}
        >
          {answer ?? "no sample yet"}
        </span>
      }
    >
      <Chart
        name="spikes"
        height={330}
        spec={{
          title: `Spikes of one sample: ${answer ?? ""}`,
          x: "time (ms)",
          y: "",
          xRange: [0, t1],
          yRange: [0, 1],
          plainY: true,
          series: [{ label: "", color: "line", width: 0 }],
        }}
        data={noData(0, t1)}
        marks={now ? rasterMarks(now, sources, hidden, names.length) : []}
        summary={
          now
            ? `Spikes of one sample: ${now.inputs.times.length} of inputs, ${now.spikes.times.length} of the network; ${answer}.`
            : "Spikes of one sample: none yet."
        }
      />
      <Probabilities />
    </Figure>
  );
}

function answerText(now: Seen, names: readonly string[], hidden: number): string {
  const { found, probabilities } = now;
  if (found < 0) return "no class: two are as probable";
  const time = firstTime(now, hidden + found);
  const when = time === undefined ? "" : ` at ${time.toFixed(1)} ms`;
  return `taken for ${names[found]}${when}, ${percentText(probabilities[found])} sure`;
}

/** How probable each class is. */
function Probabilities() {
  const now = seen.value;
  const names = classes.value;
  return (
    <ol class={`probabilities${names.length > 3 ? " many" : ""}`} aria-label="probability of each class">
      {names.map((name, k) => {
        const p = now?.probabilities[k];
        const color = now?.found === k || names.length <= 3 ? colorOf(k, names.length) : "muted";
        return (
          <li key={name}>
            <span class="class-name">{name}</span>
            <span class="bar-track">
              <i style={{ width: `${100 * (p ?? 0)}%`, background: `var(--${color})` }} />
            </span>
            <span class="class-value">{percentText(p)}</span>
          </li>
        );
      })}
    </ol>
  );
}

interface ByEpoch {
  name: string;
  title: string;
  /** What the chart calls itself, and what the other curve is of. */
  chart: string;
  other: string;
  y: string;
  more: Pick<ChartSpec, "yRange" | "log">;
  heldOut: (epoch: EpochShown) => number;
  training: (epoch: EpochShown) => number | undefined;
  summary: (last: EpochShown) => string;
  none: string;
}

/** A number of held-out samples and one of the training, epoch by epoch. */
function EpochFigure({ name, title, chart, other, y, more, heldOut, training, summary, none }: ByEpoch) {
  const all = epochs.value;
  const at = thinned(all.length).map((n) => all[n]!);
  const last = all.at(-1);
  const most = Math.max(1, ready.value?.epochs ?? 1);
  return (
    <Figure
      name={name}
      title={title}
      aside={
        <>
          <Key color="generated">held out</Key>
          <Key color="series3">{other}</Key>
        </>
      }
    >
      <Chart
        name={name}
        height={210}
        spec={{
          title: chart,
          x: "epoch",
          wholeX: true,
          y,
          ...more,
          xRange: [0, Math.min(most, Math.max(5, Math.ceil(1.25 * (last?.epoch ?? 0))))],
          series: [
            { label: "held out", color: "generated", width: 2 },
            { label: other, color: "series3", dash: [5, 4] },
          ],
        }}
        data={
          all.length === 0
            ? [[0], [null], [null]]
            : [at.map((e) => e.epoch), at.map(heldOut), at.map((e) => training(e) ?? null)]
        }
        summary={`${chart}: ${last ? summary(last) : none}`}
      />
    </Figure>
  );
}

export function AccuracyFigure() {
  return (
    <EpochFigure
      name="accuracy"
      title="Accuracy"
      chart="Accuracy by epoch"
      other="trained on"
      y="%"
      more={{ yRange: [0, 100] }}
      heldOut={(e) => 100 * e.test.accuracy}
      training={(e) => (e.trainingAccuracy === undefined ? undefined : 100 * e.trainingAccuracy)}
      summary={(e) => `${percentText(e.test.accuracy)} of the held-out samples after ${e.epoch} epochs.`}
      none="none was measured yet."
    />
  );
}

export function LossFigure() {
  const all = epochs.value;
  return (
    <EpochFigure
      name="loss"
      title="Loss"
      chart="Cross-entropy by epoch"
      other="steps of the epoch"
      y="cross-entropy"
      more={{ log: all.length > 0 && all.every((e) => e.test.loss > 0 && (e.loss ?? 1) > 0) }}
      heldOut={(e) => e.test.loss}
      training={(e) => e.loss}
      summary={(e) => `${e.test.loss.toPrecision(3)} at last.`}
      none="none yet."
    />
  );
}

export function ConfusionFigure() {
  const last = epochs.value.at(-1);
  if (!last) return null;
  const { confusion } = last.test;
  const names = classes.value;
  const none = confusion.some((row) => row.at(-1)! > 0);
  const columns = none ? [...names, "none"] : names;
  return (
    <figure data-figure="confusion">
      <figcaption>
        <h3>Taken for what</h3>
        <div class="key">
          <span class="key-item">
            held-out samples {last.epoch === 0 ? "before any step" : `after epoch ${last.epoch}`}
          </span>
        </div>
      </figcaption>
      <div class="table-scroll" tabIndex={names.length > 3 ? 0 : undefined}>
        <table class="confusion">
          <thead>
            <tr>
              <th scope="col">
                <span class="visually-hidden">class, and what it was taken for</span>
              </th>
              {columns.map((name) => (
                <th scope="col" key={name}>
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {confusion.map((row, k) => {
              const total = Math.max(
                1,
                row.reduce((a, b) => a + b, 0),
              );
              return (
                <tr key={names[k]}>
                  <th scope="row">{names[k]}</th>
                  {columns.map((name, c) => {
                    const n = row[c]!;
                    const share = n / total;
                    const ground = c === k ? "--good" : "--bad";
                    return (
                      <td
                        key={name}
                        class={n === 0 ? "zero" : undefined}
                        style={{
                          background: `color-mix(in srgb, var(${ground}) ${Math.round(55 * share)}%, transparent)`,
                        }}
                      >
                        {n}
                      </td>
                    );
                  })}
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </figure>
  );
}
