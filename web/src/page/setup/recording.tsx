/** The recording that a cell is fitted to: its file, and which of its lists is what. */

import { useState } from "preact/hooks";
import { cut } from "../../model/cut.js";
import type { StudioDocument } from "../../model/document.js";
import { inUnits } from "../../model/recording-document.js";
import {
  type CurrentUnit,
  currentUnits,
  doubts,
  type TimeUnit,
  timeUnits,
  unitNames,
  unitOfScale,
} from "../../model/recording-units.js";
import type { RecordingFacts } from "../../worker/protocol.js";
import { OpenFile, openedFiles } from "../open-file.js";
import { ChoiceRow, NumberRow } from "../rows.js";
import { edit } from "../state/edit.js";
import { awaitsRecording } from "../state/objection.js";
import { readFile } from "../state/open-file.js";
import { loaded, locked, recording, studioDocument } from "../state/signals.js";

/** What is out of the ordinary in the trials, from a recording or a job. */
export function ObservedHints() {
  const hints = loaded.value?.hints ?? [];
  if (hints.length === 0) return null;
  return (
    <div data-hint="observed">
      {hints.map((hint) => (
        <p key={hint} class="hint">
          {cut(hint, 600)}
        </p>
      ))}
    </div>
  );
}

export function RecordingPart() {
  const document = studioDocument.value;
  const [over, setOver] = useState(false);
  if (document.experiment !== "recording") return null;
  const { observed, job, units } = document;
  const facts = recording.value;
  const current = job.input?.current;
  const sampled = typeof current === "object" && !Array.isArray(current) ? current : undefined;
  const reference = sampled && !Array.isArray(sampled.samples) ? sampled.samples : undefined;
  const missing = awaitsRecording.value;
  return (
    <section class="recording" aria-label="Recording">
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the button inside does the same by key */}
      <div
        class={`drop${over ? " over" : ""}`}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={() => setOver(false)}
      >
        <p>
          {facts && !missing ? (
            <>
              <strong>{cut(facts.name)}</strong>
              <br />
              {facts.lists.length} {facts.lists.length === 1 ? "list" : "lists"}. Drop another file to replace it.
            </>
          ) : missing && "name" in observed && observed.name ? (
            <>
              This experiment needs the recording <strong>{cut(observed.name)}</strong>. Drop it here.
            </>
          ) : (
            <>Drop a recording here: JSON, npz, CSV, NWB or Parquet.</>
          )}
        </p>
        <OpenFile label="recording file" accept={openedFiles} take={(file) => void readFile(file)}>
          Choose a file
        </OpenFile>
      </div>
      {facts && !missing && observed.kind === "recording" && (
        <div class="fields">
          {reference && (
            <>
              <ChoiceRow
                label="Current"
                value={reference.key}
                options={facts.lists
                  .filter((l) => !l.nested)
                  .map((l) => [l.key, `${cut(l.key, 40)} (${l.length})`] as const)}
                set={(d, key) => setReference(d, { key })}
              />
              <UnitRow
                label="Unit of its samples"
                units={currentUnits}
                scale={reference.scale ?? 1}
                set={(d, current) => inUnits(d, facts, { current })}
              />
              <NumberRow
                label="Scale of its samples"
                value={reference.scale ?? 1}
                field="input.current.samples.scale"
                set={(d, scale) => setReference(d, { scale })}
              />
              <NumberRow
                label="Time between samples"
                unit={units.time}
                value={sampled!.dt}
                field="input.current.dt"
                set={(d, dt) => {
                  const c = d.job.input?.current;
                  if (typeof c === "object" && !Array.isArray(c)) c.dt = dt;
                }}
              />
            </>
          )}
          {observed.key !== undefined && (
            <ChoiceRow
              label="Spike times of trials"
              value={observed.key}
              options={facts.lists
                .filter((l) => l.nested)
                .map((l) => [l.key, `${cut(l.key, 40)} (${l.length} trials)`] as const)}
              set={(d, key) => {
                if (d.observed.kind === "recording") d.observed.key = key;
              }}
            />
          )}
          <UnitRow
            label="Unit of spike times"
            units={timeUnits}
            scale={observed.scale ?? 1}
            set={(d, time) => inUnits(d, facts, { time })}
          />
        </div>
      )}
      {facts && !missing && <Doubts facts={facts} />}
      {!facts && (
        <p class="hint">
          A JSON object or npz with one list of samples of the current and one list of trials, each a list of spike
          times; a table (CSV) of trial and spike time; NWB and other HDF5 of spikes and currents; or spikes in Parquet.
          The file stays in this browser.
        </p>
      )}
    </section>
  );
}

/** The unit in which a list of the file is read. */
function UnitRow<U extends TimeUnit | CurrentUnit>(props: {
  label: string;
  units: Record<U, number>;
  scale: number;
  set(document: StudioDocument, unit: U): void;
}) {
  const { label, units, scale, set } = props;
  const unit = unitOfScale(scale, units);
  const options = (Object.keys(units) as U[]).map((u) => [u, u] as const);
  return (
    <ChoiceRow<U | "">
      label={label}
      value={unit ?? ""}
      options={unit === undefined ? [["", "its own scale"], ...options] : options}
      set={(d, chosen) => {
        if (chosen !== "") set(d, chosen);
      }}
    />
  );
}

/** Units in which the recording makes no sense, and a way out. */
function Doubts({ facts }: { facts: RecordingFacts }) {
  // Of this recording: what is sure of one is not of the next.
  const [sure, setSure] = useState<{ of: RecordingFacts; about: string[] }>({ of: facts, about: [] });
  const about = sure.of === facts ? sure.about : [];
  const open = doubts(studioDocument.value, facts).filter((d) => !about.includes(d.about));
  return (
    <>
      {open.map((doubt) => (
        <div key={doubt.about} class="notice warning doubt" role="alert">
          <p>{doubt.text}</p>
          <div class="notice-buttons">
            <button
              type="button"
              disabled={locked.value}
              onClick={() => edit((d) => inUnits(d, facts, { [doubt.about]: doubt.instead }))}
            >
              Yes, {unitNames[doubt.instead]}
            </button>
            <button type="button" onClick={() => setSure({ of: facts, about: [...about, doubt.about] })}>
              No, {unitNames[doubt.taken]}
            </button>
          </div>
        </div>
      ))}
    </>
  );
}

function setReference(document: StudioDocument, change: { key?: string; scale?: number }): void {
  const current = document.job.input?.current;
  if (typeof current !== "object" || Array.isArray(current) || Array.isArray(current.samples)) return;
  Object.assign(current.samples, change);
}
