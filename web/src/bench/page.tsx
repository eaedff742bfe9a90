/// <reference types="vite/client" />
/** The page of the bench: what to time and where on the left, what was timed on the right. */

import { useState } from "preact/hooks";
import { percent, range, rate, roundsText, three } from "../../../src/suites/format.js";
import { comparisonCount } from "../../../src/suites/report.js";
import type { FigureResult } from "../../../src/suites/run.js";
import { type SuiteName, suiteNames } from "../../../src/suites/suite-names.js";
import { Frame, ProblemNotice } from "../page/frame.js";
import { NoGpu } from "../page/no-gpu.js";
import { OpenFile, useDroppedFile } from "../page/open-file.js";
import { Bars } from "./bars.js";
import {
  chosen,
  compareWith,
  comparison,
  figureCount,
  hasGpu,
  old,
  type Place,
  place,
  problem,
  progress,
  quick,
  report,
  run,
  save,
  spoken,
  state,
  stop,
} from "./store.js";

const about: Record<SuiteName, string> = {
  forward: "spike trains, and reading them back",
  gradient: "value and gradient of a loss",
  signature: "Gram matrices, MMD², truncated signatures",
  train: "training steps",
  start: "from nothing to a first result",
};

const locations: readonly [Place, string, string][] = [
  ["webgpu", "WebGPU", "the graphics adapter of this browser, in single precision"],
  ["simd", "Processor", "all cores, vectors of four, in single precision"],
  ["cpu", "CPU twin", "one core, in double precision"],
];

function Setup() {
  const running = state.value === "running";
  const pick = (suite: SuiteName, on: boolean): void => {
    chosen.value = suiteNames.filter((s) => (s === suite ? on : chosen.value.includes(s)));
  };
  return (
    <div class="setup">
      <fieldset class="picker" disabled={running}>
        <legend>Where</legend>
        {locations.map(([value, title, line]) => (
          <label key={value} class="card">
            <input
              type="radio"
              name="place"
              value={value}
              checked={place.value === value}
              disabled={value === "webgpu" && hasGpu.value === false}
              onChange={() => (place.value = value)}
            />
            <span class="card-title">{title}</span>
            <span class="card-line">{line}</span>
          </label>
        ))}
      </fieldset>
      <fieldset class="suites" disabled={running}>
        <legend>Suites</legend>
        {suiteNames.map((suite) => (
          <label key={suite} class="check">
            <input
              type="checkbox"
              checked={chosen.value.includes(suite)}
              onChange={(event) => pick(suite, event.currentTarget.checked)}
            />
            <span>
              {suite} <span class="hint">{about[suite]}</span>
            </span>
          </label>
        ))}
        <label class="check quick">
          <input
            type="checkbox"
            checked={quick.value}
            onChange={(event) => (quick.value = event.currentTarget.checked)}
          />
          <span>
            Smallest sizes <span class="hint">seconds: whether everything runs, not how fast</span>
          </span>
        </label>
      </fieldset>
      <p class="about">
        Every figure is timed in turn with a floor, which is what the machine does at best: noise, copying or arithmetic
        alone, or a bare start. All figures have their turn before any has its next, so that a spread, from the least to
        the most of all repeats, holds the drift of minutes. All suites take two to five of them.
      </p>
      {import.meta.env.DEV && (
        <p class="hint">This page is served unbundled: starts take longer here than on the built page.</p>
      )}
      <Files />
    </div>
  );
}

function Files() {
  const [over, setOver] = useState(false);
  useDroppedFile((file) => void compareWith(file), setOver);
  return (
    <section class={`drop reports${over ? " over" : ""}`} aria-label="Reports">
      <p>
        {old.value
          ? `Compared with ${old.value.name}.`
          : "Drop an earlier report here to compare with it, of this page or of saltation bench."}
      </p>
      <div class="buttons">
        <button type="button" disabled={!report.value} onClick={save}>
          Report (JSON)
        </button>
        <OpenFile
          label="report to compare with"
          accept=".json,application/json"
          take={(file) => void compareWith(file)}
        >
          Compare with …
        </OpenFile>
        {old.value && (
          <button type="button" class="quiet" onClick={() => (old.value = undefined)}>
            Compare no more
          </button>
        )}
      </div>
    </section>
  );
}

function Transport() {
  const running = state.value === "running";
  const p = progress.value;
  const done = state.value === "finished" ? 1 : p ? ((p.round - 1) * p.figures + p.at - 1) / (p.rounds * p.figures) : 0;
  const count = figureCount.value;
  const text = {
    idle: "nothing was timed yet",
    running: p
      ? `round ${p.round} of ${p.rounds}, figure ${p.at} of ${p.figures}: ${p.suite}, ${p.figure}`
      : "finding the floors …",
    stopped: `stopped with ${count}`,
    finished: `finished: ${count} in ${three(report.value?.totalSeconds ?? 0)} s`,
    failed: `ended early with ${count}`,
  }[state.value];
  return (
    <section class="transport" aria-label="Bench controls">
      <div class="buttons">
        <button
          type="button"
          class="primary"
          disabled={!running && (chosen.value.length === 0 || (place.value === "webgpu" && hasGpu.value === false))}
          onClick={() => (running ? stop() : void run())}
        >
          {running ? "Stop" : "Run"}
        </button>
      </div>
      <div class="progress">
        <progress max={1} value={done} aria-label="part of the bench that is done" />
        <span class="progress-text">{text}</span>
      </div>
    </section>
  );
}

function Readout() {
  const r = report.value;
  if (!r) return null;
  const { adapter } = r;
  const gpu = "vendor" in adapter ? adapter : undefined;
  const browser = r.versions.chrome ?? r.versions.browser ?? "";
  const facts: [string, string][] = [
    ["Adapter", r.adapterName],
    ["Driver", gpu ? gpu.description || "not told by the browser" : "none"],
    ["Fallback adapter", gpu ? (gpu.fallback ? "yes: software, no GPU" : "no") : "none"],
    ["Browser", browser.replace("/", " ")],
    ["Rounds", roundsText(r)],
    ["Bits", `simulate ${r.bits.simulate}, gradient ${r.bits.gradient}`],
    ["Floors", r.floors.map((f) => floorText(f.kind, f.perSecond.median, f.unit)).join(", ")],
  ];
  return (
    <dl class="facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

const floorText = (kind: string, perSecond: number, unit: string): string =>
  kind === "start" ? `a bare start ${three(1000 / perSecond)} ms` : `${kind} ${rate(perSecond, unit)}`;

function Comparison() {
  const c = comparison.value;
  if (!c || !old.value) return null;
  const { name, report: before } = old.value;
  return (
    <section class="comparison" aria-labelledby="compared">
      <h2 id="compared">Compared with {name}</h2>
      <p class="hint">
        Measured in {before.in} on {before.adapterName}, {before.date.slice(0, 10)}. Within spread: each median lies
        within the other's spread.
      </p>
      {c.changes.length > 0 && (
        <table class="timings">
          <thead>
            <tr>
              <th scope="col">Figure</th>
              <th scope="col">× floor</th>
              <th scope="col">Change</th>
            </tr>
          </thead>
          <tbody>
            {c.changes.map((change) => (
              <tr key={`${change.suite} ${change.name}`}>
                <th scope="row">
                  {change.name} <span class="aside">{change.suite}</span>
                </th>
                <td>
                  {three(change.before.ratio.median)} → {three(change.after.ratio.median)}
                  <span class="aside">
                    <span>{range(change.before.ratio)}</span> → <span>{range(change.after.ratio)}</span>
                  </span>
                </td>
                <td class={change.within ? "within" : change.ratio < 1 ? "faster" : "slower"}>
                  {percent(change.ratio)}
                  <span class="aside">{change.within ? "within spread" : "outside"}</span>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <p class="count">{comparisonCount(c, name)}</p>
    </section>
  );
}

function Row({ f }: { f: FigureResult }) {
  return (
    <tr>
      <th scope="row">
        {f.name}
        <span class="aside">
          {rate(f.rate.perSecond, f.rate.unit)}, {f.repeats} repeats
        </span>
      </th>
      <td>
        {three(1000 * f.seconds.median)}
        <span class="aside">{range(f.seconds, 1000)}</span>
      </td>
      <td>
        {three(f.ratio.median)}
        <span class="aside">{range(f.ratio)}</span>
      </td>
    </tr>
  );
}

function Timings() {
  const figures = report.value?.figures ?? [];
  if (figures.length === 0) return null;
  return (
    <table class="timings">
      <caption class="visually-hidden">Times and their ratios to the floor: median, least to most</caption>
      <thead>
        <tr>
          <th scope="col">Figure</th>
          <th scope="col">ms</th>
          <th scope="col">× floor</th>
        </tr>
      </thead>
      {suiteNames
        .map((suite) => figures.filter((f) => f.suite === suite))
        .filter((group) => group.length > 0)
        .map((group) => (
          <tbody key={group[0]!.suite}>
            <tr class="suite">
              <th scope="rowgroup" colSpan={3}>
                {group[0]!.suite}{" "}
                <span class="hint">
                  over {group[0]!.floor === "start" ? "a bare start" : `the floor of ${group[0]!.floor}`}
                </span>
              </th>
            </tr>
            {group.map((f) => (
              <Row key={f.name} f={f} />
            ))}
          </tbody>
        ))}
    </table>
  );
}

export function Bench() {
  return (
    <Frame
      name="bench"
      motto="Times beside what this machine does at best."
      skip="Skip to the controls of the bench"
      spoken={spoken}
    >
      <div class="notices">
        {hasGpu.value === false && place.value === "webgpu" && <NoGpu onCpu={() => (place.value = "simd")} />}
        <ProblemNotice problem={problem} />
      </div>
      <Setup />
      <div class="results" id="controls" tabIndex={-1}>
        <Transport />
        <Readout />
        <Comparison />
        <Bars />
        <Timings />
      </div>
    </Frame>
  );
}
