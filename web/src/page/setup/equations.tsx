/** The equations of a cell, shown or written. */
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { inherited } from "../../../../src/checks.js";
import type { CellDefinition } from "../../../../src/index.js";
import { cut } from "../../model/cut.js";
import { equationText, ownCell, removeName, type StudioDocument } from "../../model/document.js";
import { ErrorText } from "../fields.js";
import { CheckRow } from "../rows.js";
import { edit } from "../state/edit.js";
import { loaded, locked, studioDocument } from "../state/signals.js";
import { Equation, sections } from "./equation.js";
import { Part } from "./part.js";
import { Verdict } from "./verdict.js";

/** Variables that are shown: a page of more would be slow, and nobody reads them. */
const mostVariables = 60;

export function Equations() {
  const document = studioDocument.value;
  const own = ownCell(document);
  const cell = loaded.value?.cell;
  const editable = own !== undefined && document.experiment === "equations";
  if (!editable) {
    return (
      <Part title="Equations" open={false} note={cell && cut(cell.name, 40)}>
        <dl class="equations-shown">
          {cell?.equations.slice(0, 5 * mostVariables).map((e) => (
            <div key={`${e.section}.${e.name}`}>
              <dt>
                {e.section === "event"
                  ? "event at 0 of"
                  : (sections.find(([s]) => s === e.section)?.[1] ?? named)(cut(e.name, 24))}
              </dt>
              <dd>
                <code>{cut(e.text, 2000)}</code>
              </dd>
            </div>
          ))}
        </dl>
        <Verdict />
      </Part>
    );
  }
  const names = Object.keys(own.state);
  return (
    <Part title="Equations" open>
      {names.slice(0, mostVariables).map((name) => (
        <Removable key={name} what="variable" name={name} only={names.length < 2} remove={removeName}>
          {sections.map(([section, label]) => (
            <Equation
              key={section}
              label={label(cut(name, 24))}
              section={section}
              name={name}
              text={equationText(own[section]?.[name] ?? "")}
              fixed={typeof own[section]?.[name] === "object"}
              optional={section !== "state"}
            />
          ))}
        </Removable>
      ))}
      {names.length > mostVariables && (
        <p class="hint">And {names.length - mostVariables} variables more, which the job file shows.</p>
      )}
      <Equation
        label="It fires when this rises through 0"
        section="event"
        name=""
        text={own.event ?? ""}
        optional={false}
      />
      <AddName
        what="variable"
        add={(d, name) => {
          ownCell(d)!.state[name] ??= "0";
        }}
      />
      {Object.entries(own.let ?? {})
        .slice(0, mostVariables)
        .map(([name, text]) => (
          <Removable
            key={name}
            what="named expression"
            name={name}
            remove={(cell, n) => {
              delete cell.let![n];
            }}
          >
            <Equation label={named(cut(name, 24))} section="let" name={name} text={text} optional={false} />
          </Removable>
        ))}
      <AddName
        what="named expression"
        add={(d, name) => {
          const cell = ownCell(d)!;
          cell.let = { ...cell.let, [name]: cell.let?.[name] ?? "0" };
        }}
      />
      <p class="hint">
        Parameters stand below. <code>I</code> is the input current, <code>u</code> a fresh uniform number,{" "}
        <code>w</code> the weight of a spike that arrives. Known: exp, log, sqrt, sin, cos, tanh, sinh, cosh, abs, min,
        max, pow, sigmoid, softplus, expm1, log1p, erf, sign, step, floor, ceil, mod; conditions{" "}
        <code>a &lt; b &amp;&amp; c &gt; d ? x : y</code>.
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

/** What stands under a name, which may be removed unless it is the only one. */
function Removable(props: {
  what: string;
  name: string;
  only?: boolean;
  remove: (cell: CellDefinition, name: string) => void;
  children: ComponentChildren;
}) {
  const { what, name, only = false, remove, children } = props;
  return (
    <fieldset class="variable">
      <legend>
        <code>{cut(name, 24)}</code>
        <button
          type="button"
          class="quiet"
          aria-label={`remove the ${what} ${cut(name, 24)}`}
          disabled={locked.value || only}
          onClick={() =>
            edit((d) => {
              remove(ownCell(d)!, name);
            })
          }
        >
          Remove
        </button>
      </legend>
      {children}
    </fieldset>
  );
}

const named = (name: string): string => `${name} =`;

/** Adds something by its name. */
function AddName({ what, add }: { what: string; add: (document: StudioDocument, name: string) => void }) {
  const [name, setName] = useState("");
  const trouble = inherited(name.trim());
  const errorId = `new-${what.replace(" ", "-")}-error`;
  return (
    <form
      class="inline-form"
      onSubmit={(event) => {
        event.preventDefault();
        const added = name.trim();
        if (added === "" || trouble) return;
        edit((d) => {
          add(d, added);
        });
        setName("");
      }}
    >
      <input
        type="text"
        aria-label={`name of a new ${what}`}
        aria-invalid={trouble ? true : undefined}
        aria-describedby={trouble ? errorId : undefined}
        placeholder={what}
        value={name}
        disabled={locked.value}
        onInput={(event) => setName(event.currentTarget.value)}
      />
      <button type="submit" disabled={locked.value || name.trim() === "" || !!trouble}>
        Add {what}
      </button>
      {trouble && <ErrorText id={errorId}>{trouble}</ErrorText>}
    </form>
  );
}
