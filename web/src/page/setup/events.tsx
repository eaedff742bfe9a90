/** The events of a cell: a list, and the short form of one spike. */
import { useEffect, useState } from "preact/hooks";
import { inherited } from "../../../../src/checks.js";
import type { CellDefinition, EventDefinition } from "../../../../src/index.js";
import {
  addEvent,
  removeEvent,
  removeSpike,
  renameEvent,
  setEquation,
  setEvent,
  setJump,
} from "../../model/cell-edits.js";
import { cut } from "../../model/cut.js";
import { ownCell } from "../../model/document.js";
import { ErrorText, errorAt } from "../fields.js";
import { CheckRow } from "../rows.js";
import { edit } from "../state/edit.js";
import { loaded, locked } from "../state/signals.js";
import { Equation, titles } from "./equation.js";
import { AddName, Removable } from "./named.js";

/** Events that are shown: a cell takes no more. */
const mostEvents = 16;

export function Events({ cell, states }: { cell: CellDefinition; states: readonly string[] }) {
  const events = Object.entries(cell.events ?? {});
  const only = events.length + (cell.event === undefined ? 0 : 1) < 2;
  const error = loaded.value?.error;
  return (
    <>
      {cell.event !== undefined && (
        <Removable what="event" name="spike" only={only} remove={removeSpike}>
          <Equation
            label="It fires when this rises through 0"
            field="cell.event"
            text={String(cell.event)}
            set={(c, text) => {
              c.event = text;
            }}
          />
          {states.map((n) => (
            <Equation
              key={n}
              label={titles.reset(n)}
              field={`cell.reset.${n}`}
              text={String(cell.reset?.[n] ?? "")}
              absent="unchanged"
              set={(c, text) => setEquation(c, "reset", n, text)}
            />
          ))}
        </Removable>
      )}
      {events.slice(0, mostEvents).map(([name, event], i) => (
        <Removable key={i} what="event" name={name} only={only} remove={removeEvent}>
          <EventParts name={name} event={event} states={states} taken={events.map(([n]) => n)} />
        </Removable>
      ))}
      {error?.field === "cell.events" && <ErrorText id="events-error">{error.message}</ErrorText>}
      <AddName what="event" add={addEvent} />
    </>
  );
}

function EventParts(props: {
  name: string;
  event: EventDefinition;
  states: readonly string[];
  taken: readonly string[];
}) {
  const { name, event, states, taken } = props;
  const field = `cell.events.${name}`;
  return (
    <>
      <EventName name={name} taken={taken} />
      <Equation
        label={titles.when(name)}
        field={`${field}.when`}
        text={String(event.when)}
        set={(c, when) => setEvent(c, name, { when })}
      />
      {states.map((n) => (
        <Equation
          key={n}
          label={titles.jump(n, name)}
          field={`${field}.jump.${n}`}
          text={String(event.jump?.[n] ?? "")}
          absent="unchanged"
          set={(c, text) => setJump(c, name, n, text)}
        />
      ))}
      <CheckRow
        label={`${cut(name, 24)} is a spike: recorded, and sent to targets`}
        checked={event.emits === true}
        set={(d, emits) => setEvent(ownCell(d)!, name, { emits })}
      />
      <CheckRow
        label={`${cut(name, 24)} ends the path`}
        checked={event.terminal === true}
        set={(d, terminal) => setEvent(ownCell(d)!, name, { terminal })}
      />
    </>
  );
}

/** The name of an event, which takes effect when the field is left. */
function EventName({ name, taken }: { name: string; taken: readonly string[] }) {
  const [text, setText] = useState(name);
  useEffect(() => setText(name), [name]);
  const next = text.trim();
  const twice = next !== name && taken.includes(next) ? "there is an event of this name; choose another" : undefined;
  const exact = loaded.value?.error?.field === `cell.events.${name}` ? errorAt(`cell.events.${name}`) : undefined;
  const trouble = inherited(next) ?? twice ?? exact;
  const id = `event-name-${name}`;
  return (
    <div class="equation">
      <label for={id}>name of {cut(name, 24)}</label>
      <input
        id={id}
        type="text"
        value={text}
        disabled={locked.value}
        aria-invalid={trouble ? true : undefined}
        aria-describedby={trouble ? `${id}-error` : undefined}
        onInput={(e) => setText(e.currentTarget.value)}
        onChange={() => {
          if (next === "" || next === name) setText(name);
          else if (!inherited(next) && !twice) edit((d) => renameEvent(ownCell(d)!, name, next));
        }}
      />
      {trouble && <ErrorText id={`${id}-error`}>{trouble}</ErrorText>}
    </div>
  );
}
