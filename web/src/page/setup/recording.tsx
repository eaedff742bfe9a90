/** The recording that a cell is fitted to: its file, and which of its lists is what. */
import { useRef, useState } from "preact/hooks";
import type { StudioDocument } from "../../model/document.js";
import { ChoiceRow, NumberRow } from "../rows.js";
import { awaitsRecording } from "../state/objection.js";
import { readFile } from "../state/open-file.js";
import { loaded, recording, studioDocument } from "../state/signals.js";

/** What is out of the ordinary in the trials, from a recording or a job. */
export function ObservedHints() {
  const hints = loaded.value?.hints ?? [];
  if (hints.length === 0) return null;
  return (
    <div data-hint="observed">
      {hints.map((hint) => (
        <p key={hint} class="hint">
          {hint}
        </p>
      ))}
    </div>
  );
}

export function RecordingPart() {
  const document = studioDocument.value;
  const [over, setOver] = useState(false);
  const input = useRef<HTMLInputElement>(null);
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
              <strong>{facts.name}</strong>
              <br />
              {facts.lists.length} {facts.lists.length === 1 ? "list" : "lists"}. Drop another file to replace it.
            </>
          ) : missing && "name" in observed && observed.name ? (
            <>
              This experiment needs the recording <strong>{observed.name}</strong>. Drop it here.
            </>
          ) : (
            <>Drop a recording here: JSON or npz.</>
          )}
        </p>
        <button type="button" onClick={() => input.current?.click()}>
          Choose a file
        </button>
        <input
          ref={input}
          type="file"
          class="visually-hidden"
          tabIndex={-1}
          aria-label="recording file"
          accept=".json,.npz,application/json"
          onChange={(event) => {
            const file = event.currentTarget.files?.[0];
            if (file) void readFile(file);
            event.currentTarget.value = "";
          }}
        />
      </div>
      {facts && !missing && observed.kind === "recording" && (
        <div class="fields">
          {reference && (
            <>
              <ChoiceRow
                label="Current"
                value={reference.key}
                options={facts.lists.filter((l) => !l.nested).map((l) => [l.key, `${l.key} (${l.length})`] as const)}
                set={(d, key) => setReference(d, { key })}
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
                .map((l) => [l.key, `${l.key} (${l.length} trials)`] as const)}
              set={(d, key) => {
                if (d.observed.kind === "recording") d.observed.key = key;
              }}
            />
          )}
        </div>
      )}
      {!facts && (
        <p class="hint">
          A JSON object or npz with one list of samples of the current and one list of trials, each a list of spike
          times. The file stays in this page.
        </p>
      )}
    </section>
  );
}

function setReference(document: StudioDocument, change: { key?: string; scale?: number }): void {
  const current = document.job.input?.current;
  if (typeof current !== "object" || Array.isArray(current) || Array.isArray(current.samples)) return;
  Object.assign(current.samples, change);
}
