/** The page of data: what is trained on the left, what comes of it on the right; one below the other on narrow screens. */

import { useEffect, useId, useState } from "preact/hooks";
import { Action } from "../page/action.js";
import { Frame, ProblemNotice } from "../page/frame.js";
import { NoticeList } from "../page/notice-list.js";
import { OpenFile, useDroppedFile } from "../page/open-file.js";
import { Part } from "../page/setup/part.js";
import { AccuracyFigure, ConfusionFigure, LossFigure, SampleFigure, SpikesFigure } from "./figures.js";
import { forget } from "./keep.js";
import type { Device } from "./protocol.js";
import type { NumberName, SetName } from "./settings.js";
import {
  begin,
  device,
  digits,
  epochs,
  go,
  locked,
  notKept,
  openFile,
  pause,
  percentText,
  problem,
  ready,
  refusal,
  save,
  setDevice,
  setNumber,
  setSet,
  settings,
  spoken,
  state,
  step,
  stepLoss,
  totalSteps,
  warnings,
} from "./store.js";

const sets: readonly (readonly [SetName, string, string])[] = [
  ["yin-yang", "Yin-Yang", "points in three classes, drawn here"],
  ["digits", "Digits", "8 × 8 pixels, from a file of yours"],
];

const numbers: readonly (readonly [NumberName, string])[] = [
  ["samples", "Samples trained on"],
  ["heldOut", "Held-out samples"],
  ["hidden", "Hidden neurons"],
  ["batch", "Samples of a step"],
  ["epochs", "Epochs"],
  ["learningRate", "Learning rate"],
  ["seed", "Seed"],
];

function NumberField({ name, title }: { name: NumberName; title: string }) {
  const id = useId();
  const value = settings.value[name];
  const [text, setText] = useState(String(value));
  useEffect(() => {
    if (!Number.isNaN(value) && Number(text) !== value) setText(String(value));
  }, [value]);
  const against = refusal.value?.field === name ? refusal.value.message : undefined;
  return (
    <div class="field">
      <label for={id}>{title}</label>
      <input
        id={id}
        type="text"
        inputMode="decimal"
        class="number"
        value={text}
        aria-invalid={against ? true : undefined}
        aria-describedby={against ? `${id}-error` : undefined}
        onInput={(event) => {
          const next = event.currentTarget.value;
          setText(next);
          setNumber(name, next.trim() === "" ? Number.NaN : Number(next));
        }}
      />
      {against && (
        <p class="field-error" id={`${id}-error`}>
          {against}
        </p>
      )}
    </div>
  );
}

function DigitsPart() {
  const read = digits.value;
  return (
    <section class="drop" aria-label="Digits">
      <p>
        {read ? (
          `${read.count} digits of ${read.name}.`
        ) : (
          <>
            Drop scikit-learn's <code>digits.csv.gz</code> here, or UCI's <code>optdigits.tra</code>: 64 pixels from 0
            to 16 and the digit on each line. It stays in this browser.
          </>
        )}
      </p>
      <div class="buttons">
        <OpenFile
          label="file of digits"
          accept=".csv,.gz,.tra,.tes,.txt"
          disabled={locked.value}
          take={(file) => void openFile(file)}
        >
          {read ? "Open another …" : "Open …"}
        </OpenFile>
      </div>
    </section>
  );
}

function Setup() {
  const { set } = settings.value;
  const deviceId = useId();
  return (
    <div class="setup">
      <fieldset class="picker" disabled={locked.value}>
        <legend>Data set</legend>
        {sets.map(([value, title, line]) => (
          <label key={value} class="card">
            <input type="radio" name="set" value={value} checked={set === value} onChange={() => setSet(value)} />
            <span class="card-title">{title}</span>
            <span class="card-line">{line}</span>
          </label>
        ))}
      </fieldset>
      <p class="about">
        {set === "yin-yang"
          ? "Each point becomes five spikes, and the output neuron that fires first names its class. The weights learn by the exact gradients of those times: no smooth function stands in for a spike."
          : "Each pixel becomes a spike, the earlier the darker, and of ten output neurons the one that fires first names the digit. The weights learn by the exact gradients of those times."}
      </p>
      {set === "digits" && <DigitsPart />}
      <Part title="Network and training" open>
        {locked.value && <p class="hint">Fixed while there is a run; “Start afresh” ends it.</p>}
        <fieldset class="fields plain" disabled={locked.value}>
          <legend class="visually-hidden">Numbers of the network and the training</legend>
          {numbers.map(([name, title]) => (
            <NumberField key={`${set} ${name}`} name={name} title={title} />
          ))}
          <div class="field">
            <label for={deviceId}>Computed by</label>
            <select
              id={deviceId}
              value={device.value}
              onChange={(event) => setDevice(event.currentTarget.value as Device)}
            >
              <option value="auto">GPU, else processor</option>
              <option value="webgpu">WebGPU</option>
              <option value="simd">processor</option>
            </select>
          </div>
        </fieldset>
      </Part>
      <section class="exports" aria-label="Export">
        <div class="buttons">
          <button type="button" disabled={step.value === 0} onClick={() => save("trained")}>
            Trained job (JSON)
          </button>
          <button type="button" disabled={ready.value === undefined} onClick={() => save("job")}>
            Job (JSON)
          </button>
          {set === "digits" && (
            <button type="button" disabled={ready.value === undefined} onClick={() => save("samples")}>
              Samples (npz)
            </button>
          )}
        </div>
        <p class="hint kept">
          Jobs are for <code>saltation train</code>
          {set === "digits" ? ", beside the samples; " : "; "}a trained one has the weights of the best epoch.
        </p>
        <p class="hint kept">
          {notKept.value === undefined
            ? "Settings, the run and a file of digits are kept in this browser."
            : "Nothing is kept in this browser."}{" "}
          <button type="button" class="quiet" onClick={() => void forget()}>
            Forget them
          </button>
        </p>
      </section>
    </div>
  );
}

function Transport() {
  const why = useId();
  const now = state.value;
  const running = now === "running";
  const against = refusal.value;
  const perEpoch = ready.value?.perEpoch ?? 1;
  const missing = settings.value.set === "digits" && !digits.value;
  const all = ready.value?.epochs ?? settings.value.epochs;
  const epoch = Math.floor(step.value / perEpoch);
  const within = step.value % perEpoch;
  const text = {
    none: missing ? "a file of digits is needed first" : "nothing to train as it stands",
    preparing: "the network is being set up …",
    ready: `${all} epochs of ${perEpoch} steps`,
    running: `epoch ${Math.min(all, epoch + 1)} of ${all}, step ${within} of ${perEpoch}`,
    paused: `paused in epoch ${Math.min(all, epoch + 1)} of ${all}, after step ${within} of ${perEpoch}`,
    finished: `finished: ${all} epochs`,
    failed: `stopped in epoch ${Math.min(all, epoch + 1)} of ${all}`,
  }[now];
  const title = { running: "Pause", paused: "Resume", failed: "Resume", finished: "Train anew" } as const;
  return (
    <section class="transport" aria-label="Training controls">
      <div class="buttons">
        <Action
          primary
          off={now === "none" || now === "preparing"}
          describedBy={against && why}
          act={() => (running ? pause() : go())}
        >
          {title[now as keyof typeof title] ?? "Train"}
        </Action>
        <Action off={step.value === 0} act={() => begin()}>
          Start afresh
        </Action>
      </div>
      <div class="progress">
        <progress max={Math.max(1, totalSteps.value)} value={step.value} aria-label="training steps done" />
        <span class="progress-text">{text}</span>
      </div>
      {against && (
        <p class="objection" id={why} role="alert">
          {against.field && <code>{against.field}</code>} {against.message}
        </p>
      )}
    </section>
  );
}

function Readout() {
  const last = epochs.value.at(-1);
  const trained = epochs.value.findLast((e) => e.trainingAccuracy !== undefined);
  const loss = stepLoss.value ?? last?.test.loss;
  return (
    <dl class="readout">
      <div>
        <dt>Held-out accuracy</dt>
        <dd>
          <span class="big" data-accuracy>
            {percentText(last?.test.accuracy)}
          </span>
          <span class="aside">
            {last && last.epoch > 0
              ? `best ${percentText(last.best.accuracy)} after epoch ${last.best.epoch}`
              : "before any step"}
          </span>
        </dd>
      </div>
      <div>
        <dt>On the training samples</dt>
        <dd>
          <span class="big">{percentText(trained?.trainingAccuracy)}</span>
          <span class="aside">{trained && trained.epoch > 0 ? `after epoch ${trained.epoch}` : "before any step"}</span>
        </dd>
      </div>
      <div>
        <dt>Loss</dt>
        <dd>
          <span class="big">{loss === undefined ? "–" : loss.toFixed(3)}</span>
          <span class="aside">{stepLoss.value === undefined ? "held out" : "of the last step"}</span>
        </dd>
      </div>
      <div class="adapter">
        <dt>Computed by</dt>
        <dd class="name">{ready.value?.adapter ?? "…"}</dd>
      </div>
    </dl>
  );
}

export function DataPage() {
  useDroppedFile((file) => {
    if (!locked.value) void openFile(file);
  });
  const empty = settings.value.set === "digits" && !digits.value;
  return (
    <Frame
      name="data"
      motto="A classifier that answers by its first spike."
      skip="Skip to the training controls"
      spoken={spoken}
    >
      <div class="notices">
        <ProblemNotice problem={problem} />
        <NoticeList />
        {warnings.value.length > 0 && (
          <section class="notice warning">
            <div>
              {warnings.value.map((line) => (
                <p key={line}>{line}</p>
              ))}
            </div>
            <button type="button" class="quiet" onClick={() => (warnings.value = [])}>
              Dismiss
            </button>
          </section>
        )}
      </div>
      <Setup />
      <div class="results" id="controls" tabIndex={-1}>
        <Transport />
        <Readout />
        <div class="figures">
          {empty ? (
            <p class="nothing">Digits come from a file: drop it on this page, or open it.</p>
          ) : (
            <>
              <SampleFigure />
              <SpikesFigure />
              <AccuracyFigure />
              <LossFigure />
              <ConfusionFigure />
            </>
          )}
        </div>
      </div>
    </Frame>
  );
}
