/** Choice of the experiment, and everything about it that can be set before training. */
import { Fragment } from "preact";
import { useRef, useState } from "preact/hooks";
import type { CellDefinition } from "../../../src/index.js";
import { ownCell, type StudioDocument, trainedNames } from "../model/document.js";
import { cards } from "../model/experiments.js";
import { meaningOf, readable, splitSymbol, symbolOf } from "../model/units.js";
import { ErrorText, errorAt, NumberInput } from "./fields.js";
import { CheckRow, ChoiceRow, NumberRow } from "./rows.js";
import {
  choose,
  edit,
  exportJob,
  exportParameters,
  exportTrains,
  loaded,
  locked,
  readFile,
  recording,
  share,
  studioDocument,
  unitOf,
} from "./store.js";

export function Picker() {
  const { experiment } = studioDocument.value;
  return (
    <fieldset class="picker">
      <legend>Experiment</legend>
      {cards.map((card) => (
        <label key={card.name} class="card">
          <input
            type="radio"
            name="experiment"
            value={card.name}
            checked={experiment === card.name}
            onChange={() => void choose(card.name)}
          />
          <span class="card-title">{card.title}</span>
          <span class="card-line">{card.line}</span>
        </label>
      ))}
    </fieldset>
  );
}

export function About() {
  const card = cards.find((c) => c.name === studioDocument.value.experiment)!;
  return <p class="about">{card.text}</p>;
}

export function Name({ name }: { name: string }) {
  const [head, below] = splitSymbol(symbolOf(name));
  return (
    <span class="symbol">
      {head}
      {below && <sub>{below}</sub>}
    </span>
  );
}

/** A part of the setup that folds. On narrow screens it begins folded. */
export function Part(props: { title: string; open: boolean; note?: string; children: preact.ComponentChildren }) {
  const wide = useRef(matchMedia("(min-width: 900px)").matches);
  return (
    <details class="part" open={props.open && wide.current}>
      <summary>
        {props.title}
        {props.note && <span class="part-note">{props.note}</span>}
      </summary>
      <div class="part-body">{props.children}</div>
    </details>
  );
}

/** The value of a parameter at the start, where it is one number. */
function startOf(document: StudioDocument, name: string): number | string {
  const { job } = document;
  if (name === "current") {
    const current = job.input?.current ?? 0;
    if (typeof current === "number") return current;
    return Array.isArray(current) ? spread(current) : "recorded";
  }
  if (name === "weights") {
    const { weights } = job.network;
    if (weights && "uniform" in weights) return `drawn from ${weights.uniform.join(" to ")}`;
    return weights ? spread(numbers(weights)) : "none";
  }
  const value = job.network.parameters?.[name] ?? loaded.value?.cell?.defaults[name];
  return typeof value === "number" ? value : Array.isArray(value) ? spread(value) : "";
}

type Weights = NonNullable<StudioDocument["job"]["network"]["weights"]>;

function numbers(weights: Exclude<Weights, { uniform: unknown }>): number[] {
  if ("edges" in weights) return weights.edges.map((e) => e[2]);
  return "dense" in weights ? weights.dense.flat() : weights.layers.flat(2);
}

const spread = (values: readonly number[]): string =>
  `${values.length} values, ${readable(Math.min(...values))} to ${readable(Math.max(...values))}`;

function setStart(document: StudioDocument, name: string, value: number): void {
  if (name === "current") document.job.input = { ...document.job.input, current: value };
  else document.job.network.parameters = { ...document.job.network.parameters, [name]: value };
}

/** What is wrong with a value of a row, over the width of the table. */
function RowError({ field, id, columns }: { field: string; id: string; columns: number }) {
  const error = errorAt(field);
  return error ? (
    <tr>
      <td colSpan={columns}>
        <ErrorText id={id}>{error}</ErrorText>
      </td>
    </tr>
  ) : null;
}

export function Parameters() {
  const document = studioDocument.value;
  const { job, observed } = document;
  const own = ownCell(document);
  const cell = loaded.value?.cell;
  const names = Object.keys(own?.parameters ?? cell?.defaults ?? job.network.parameters ?? {});
  const rows = [...(job.network.weights ? ["weights"] : []), "current", ...names];
  const truth = observed.kind === "simulated" ? observed.truth : undefined;
  const chosen = trainedNames(document);
  const columns = truth ? 5 : 4;
  return (
    <Part title="Parameters" open>
      <table class="parameters">
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">{truth ? "Start" : "Value"}</th>
            <th scope="col">Unit</th>
            {truth && <th scope="col">True</th>}
            <th scope="col">Train</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((name) => {
            const start = startOf(document, name);
            const trained = chosen.includes(name);
            const known = truth?.[name];
            const field = name === "current" ? "input.current" : `network.parameters.${name}`;
            const trueField = `observed.truth.${name}`;
            return (
              <Fragment key={name}>
                <tr class={trained ? "trained" : undefined}>
                  <th scope="row">
                    <Name name={name} />
                    <span class="meaning">{meaningOf(name)}</span>
                  </th>
                  <td class="value-cell">
                    {typeof start === "number" ? (
                      <NumberInput
                        value={start}
                        label={`${name}, ${truth ? "start" : "value"}`}
                        field={field}
                        errorId={`${field}-error`}
                        disabled={locked.value}
                        change={(value) => edit((d) => setStart(d, name, value))}
                      />
                    ) : (
                      <span class="spread">{start}</span>
                    )}
                  </td>
                  <td class="unit-cell">
                    {own && name !== "weights" ? (
                      <input
                        type="text"
                        class="unit-input"
                        aria-label={`${name}, unit`}
                        value={unitOf(name)}
                        placeholder="–"
                        maxLength={40}
                        disabled={locked.value}
                        onChange={(event) => {
                          const unit = event.currentTarget.value;
                          edit((d) => {
                            d.units[name] = unit;
                          });
                        }}
                      />
                    ) : (
                      unitOf(name) || <span title="no unit">–</span>
                    )}
                  </td>
                  {truth && (
                    <td class="value-cell">
                      {trained && typeof start === "number" ? (
                        <NumberInput
                          value={typeof known === "number" ? known : start}
                          label={`${name}, true value`}
                          field={trueField}
                          errorId={`${trueField}-error`}
                          disabled={locked.value}
                          change={(value) =>
                            edit((d) => {
                              if (d.observed.kind === "simulated") d.observed.truth[name] = value;
                            })
                          }
                        />
                      ) : (
                        <span class="spread">{known === undefined ? "" : "known"}</span>
                      )}
                    </td>
                  )}
                  <td class="train-cell">
                    <input
                      type="checkbox"
                      aria-label={`train ${name}`}
                      checked={trained}
                      disabled={locked.value || start === "none"}
                      onChange={(event) => {
                        const on = event.currentTarget.checked;
                        edit((d) => {
                          d.job.trainable = on ? [...d.job.trainable, name] : without(d, name);
                        });
                      }}
                    />
                  </td>
                </tr>
                <RowError field={field} id={`${field}-error`} columns={columns} />
                {truth && <RowError field={trueField} id={`${trueField}-error`} columns={columns} />}
              </Fragment>
            );
          })}
        </tbody>
      </table>
      {job.trainable.length === 0 && (
        <ErrorText id="trainable-error">Choose at least one parameter to train.</ErrorText>
      )}
      {own && <OwnParameters />}
    </Part>
  );
}

const without = ({ job }: StudioDocument, name: string): StudioDocument["job"]["trainable"] =>
  job.trainable.filter((t) => (typeof t === "string" ? t : t.name) !== name);

/** Adds parameters to a cell of one's own, and takes them out again. */
function OwnParameters() {
  const [name, setName] = useState("");
  const cell = ownCell(studioDocument.value)!;
  const add = (): void => {
    if (name.trim() === "") return;
    const added = name.trim();
    edit((d) => {
      ownCell(d)!.parameters[added] ??= 1;
    });
    setName("");
  };
  return (
    <form
      class="inline-form"
      onSubmit={(event) => {
        event.preventDefault();
        add();
      }}
    >
      <input
        type="text"
        aria-label="name of a parameter"
        placeholder="parameter"
        value={name}
        disabled={locked.value}
        onInput={(event) => setName(event.currentTarget.value)}
      />
      <button type="submit" disabled={locked.value || name.trim() === "" || name.trim() in cell.parameters}>
        Add
      </button>
      <button
        type="button"
        disabled={locked.value || !(name.trim() in cell.parameters)}
        onClick={() => {
          const gone = name.trim();
          edit((d) => {
            delete ownCell(d)!.parameters[gone];
            delete d.job.network.parameters?.[gone];
            d.job.trainable = without(d, gone);
          });
          setName("");
        }}
      >
        Remove
      </button>
    </form>
  );
}

type Section = "state" | "noise" | "reset" | "receive" | "start";

/** One equation, checked as it is typed. */
function Equation(props: { label: string; section: Section | "event"; name: string; text: string; optional: boolean }) {
  const { label, section, name, text, optional } = props;
  const field = section === "event" ? "cell.event" : `cell.${section}.${name}`;
  const error = errorAt(field);
  const id = `equation-${section}-${name}`;
  return (
    <div class="equation">
      <label for={id}>{label}</label>
      <textarea
        id={id}
        rows={1}
        spellcheck={false}
        autocapitalize="off"
        autocomplete="off"
        value={text}
        disabled={locked.value}
        placeholder={optional ? placeholders[section as Section] : undefined}
        aria-invalid={error ? true : undefined}
        aria-describedby={error ? `${id}-error` : undefined}
        onInput={(event) => {
          const next = event.currentTarget.value.replaceAll("\n", " ");
          edit((d) => setEquation(ownCell(d)!, section, name, next));
        }}
      />
      {error && <ErrorText id={`${id}-error`}>{error}</ErrorText>}
    </div>
  );
}

const placeholders: Record<Section, string> = {
  state: "0",
  noise: "none",
  reset: "unchanged",
  receive: "unchanged",
  start: "0",
};

function setEquation(cell: CellDefinition, section: Section | "event", name: string, text: string): void {
  if (section === "event") cell.event = text;
  else {
    const list = { ...cell[section] };
    if (text.trim() === "" && section !== "state") delete list[name];
    else list[name] = text;
    cell[section] = list;
  }
}

const sections: [Section, (name: string) => string][] = [
  ["state", (n) => `d${n}/dt =`],
  ["noise", (n) => `noise of ${n}`],
  ["reset", (n) => `${n} after its spike`],
  ["receive", (n) => `${n} when a spike arrives`],
  ["start", (n) => `${n} at the start`],
];

export function Equations() {
  const document = studioDocument.value;
  const own = ownCell(document);
  const cell = loaded.value?.cell;
  const editable = own !== undefined && document.experiment === "equations";
  if (!editable) {
    return (
      <Part title="Equations" open={false} note={cell?.name}>
        <dl class="equations-shown">
          {cell?.equations.map((e) => (
            <div key={`${e.section}.${e.name}`}>
              <dt>{e.section === "event" ? "event at 0 of" : sections.find(([s]) => s === e.section)![1](e.name)}</dt>
              <dd>
                <code>{e.text}</code>
              </dd>
            </div>
          ))}
        </dl>
        <Verdict />
      </Part>
    );
  }
  return (
    <Part title="Equations" open>
      {Object.keys(own.state).map((name) => (
        <fieldset key={name} class="variable">
          <legend>
            <code>{name}</code>
            <button
              type="button"
              class="quiet"
              aria-label={`remove the variable ${name}`}
              disabled={locked.value || Object.keys(own.state).length < 2}
              onClick={() =>
                edit((d) => {
                  const c = ownCell(d)!;
                  for (const [section] of sections) delete c[section]?.[name];
                })
              }
            >
              Remove
            </button>
          </legend>
          {sections.map(([section, label]) => (
            <Equation
              key={section}
              label={label(name)}
              section={section}
              name={name}
              text={own[section]?.[name] ?? ""}
              optional={section !== "state"}
            />
          ))}
        </fieldset>
      ))}
      <Equation label="It fires when this rises through 0" section="event" name="" text={own.event} optional={false} />
      <AddVariable />
      <p class="hint">
        Parameters stand below. <code>I</code> is the input current, <code>u</code> a fresh uniform number,{" "}
        <code>w</code> the weight of a spike that arrives. Known: exp, log, sqrt, sin, cos, tanh, abs, min, max, pow.
      </p>
      <Verdict />
      {loaded.value?.cell?.exactness.exact === false && (
        <CheckRow
          label="Train with inexact gradients all the same"
          checked={document.job.requireExact === false}
          set={(d, on) => {
            if (on) d.job.requireExact = false;
            else delete d.job.requireExact;
          }}
        />
      )}
    </Part>
  );
}

function AddVariable() {
  const [name, setName] = useState("");
  return (
    <form
      class="inline-form"
      onSubmit={(event) => {
        event.preventDefault();
        const added = name.trim();
        if (added === "") return;
        edit((d) => {
          ownCell(d)!.state[added] ??= "0";
        });
        setName("");
      }}
    >
      <input
        type="text"
        aria-label="name of a new variable"
        placeholder="variable"
        value={name}
        disabled={locked.value}
        onInput={(event) => setName(event.currentTarget.value)}
      />
      <button type="submit" disabled={locked.value || name.trim() === ""}>
        Add variable
      </button>
    </form>
  );
}

const verdicts = { holds: "holds", unproven: "could not be proven", violated: "is violated" } as const;

/** Whether pathwise gradients of the cell are exact, condition by condition. */
function Verdict() {
  const result = loaded.value;
  const wrong = result?.error && /^cell/.test(result.error.field) ? result.error : undefined;
  const exactness = result?.cell?.exactness;
  return (
    <section class="verdict" aria-live="polite" data-exact={wrong || !exactness ? "unknown" : String(exactness.exact)}>
      {wrong ? (
        <p>
          <strong>Not yet a cell.</strong> {wrong.field}: {wrong.message}
        </p>
      ) : (
        exactness && (
          <>
            <p>
              <strong>{exactness.exact ? "Gradients are exact." : "Gradients are not exact."}</strong>
            </p>
            <ul>
              {exactness.conditions.map((c) => (
                <li key={c.name} data-verdict={c.verdict}>
                  <span class="condition">{c.name}</span> {verdicts[c.verdict]}: <span class="detail">{c.detail}</span>
                </li>
              ))}
            </ul>
          </>
        )
      )}
    </section>
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
  const missing = observed.kind === "recording" && facts?.name !== observed.name;
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
          ) : missing && observed.name ? (
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

export function Exports() {
  const input = useRef<HTMLInputElement>(null);
  const ready = loaded.value?.ready === true;
  return (
    <section class="exports" aria-label="Share, export, open">
      <div class="buttons">
        <button type="button" onClick={() => void share()}>
          Share by link
        </button>
        <button type="button" disabled={!ready} onClick={() => void exportParameters()}>
          Parameters (JSON)
        </button>
        <button type="button" disabled={!ready} onClick={() => void exportTrains()}>
          Trains (npz)
        </button>
        <button type="button" disabled={!ready} onClick={() => void exportJob()} title="for saltation train">
          Job (JSON)
        </button>
        <button type="button" onClick={() => input.current?.click()}>
          Open …
        </button>
        <input
          ref={input}
          type="file"
          class="visually-hidden"
          tabIndex={-1}
          aria-label="file to open"
          accept=".json,.npz,application/json"
          onChange={(event) => {
            const file = event.currentTarget.files?.[0];
            if (file) void readFile(file);
            event.currentTarget.value = "";
          }}
        />
      </div>
    </section>
  );
}
