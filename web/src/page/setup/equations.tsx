/** The equations of a cell, shown or written. */
import type { CellDefinition } from "../../../../src/index.js";
import {
  addPort,
  inputsOf,
  isField,
  portNames,
  receivedAt,
  removeName,
  removePort,
  setEquation,
  setInput,
  setReceive,
} from "../../model/cell-edits.js";
import { cut } from "../../model/cut.js";
import { isWritten, ownCell } from "../../model/document.js";
import { CheckRow } from "../rows.js";
import { loaded, studioDocument } from "../state/signals.js";
import { Equation, titles } from "./equation.js";
import { Events } from "./events.js";
import { AddName, Removable } from "./named.js";
import { NoiseAndRandom } from "./noise.js";
import { Part } from "./part.js";
import { Verdict } from "./verdict.js";

/** Variables that are shown: a page of more would be slow, and nobody reads them. */
const mostVariables = 60;

export function Equations() {
  const document = studioDocument.value;
  const own = ownCell(document);
  const cell = loaded.value?.cell;
  if (own === undefined || !isWritten(document)) {
    return (
      <Part title="Equations" open={false} note={cell && cut(cell.name, 40)}>
        <dl class="equations-shown">
          {cell?.equations.slice(0, 5 * mostVariables).map(({ of, name, event = "", text }) => (
            <div key={`${of}.${event}.${name}`}>
              <dt>{titles[of](name, event)}</dt>
              <dd>
                <code>{cut(text, 2000)}</code>
              </dd>
            </div>
          ))}
        </dl>
        <Located />
        <Verdict />
      </Part>
    );
  }
  const names = Object.keys(own.state);
  const shown = names.slice(0, mostVariables);
  return (
    <Part title="Equations" open>
      {shown.map((name) => (
        <Removable key={name} what="variable" name={name} only={names.length < 2} remove={removeName}>
          <Variable cell={own} name={name} />
        </Removable>
      ))}
      {names.length > mostVariables && (
        <p class="hint">And {names.length - mostVariables} variables more, which the job file shows.</p>
      )}
      <AddName
        what="variable"
        add={(c, name) => {
          c.state[name] ??= "0";
        }}
      />
      {portNames(own).map((name) => (
        <Removable key={name} what="port" name={name} remove={removePort}>
          <p class="hint">Spikes arrive here; what they do stands with each variable.</p>
        </Removable>
      ))}
      <AddName what="port" add={addPort} />
      <Events cell={own} states={shown} />
      {Object.entries(own.let ?? {})
        .slice(0, mostVariables)
        .map(([name, text]) => (
          <Removable
            key={name}
            what="named expression"
            name={name}
            remove={(c, n) => {
              delete c.let![n];
            }}
          >
            <Equation
              label={titles.let(name)}
              field={`cell.let.${name}`}
              text={String(text)}
              set={(c, next) => setEquation(c, "let", name, next)}
            />
          </Removable>
        ))}
      <AddName
        what="named expression"
        add={(c, name) => {
          c.let = { ...c.let, [name]: c.let?.[name] ?? "0" };
        }}
      />
      <NoiseAndRandom cell={own} states={shown} />
      {inputsOf(own)
        .filter((name) => name !== "I")
        .map((name) => (
          <Removable
            key={name}
            what="input"
            name={name}
            remove={(c, n, d) => {
              setInput(c, n, false);
              delete d.job.input?.inputs?.[n];
            }}
          >
            <p class="hint">A signal that any equation may read; its value stands below.</p>
          </Removable>
        ))}
      <AddName
        what="input"
        add={(c, name, d) => {
          setInput(c, name, true);
          if (name !== "I") d.job.input = { ...d.job.input, inputs: { [name]: 0, ...d.job.input?.inputs } };
        }}
      />
      <p class="hint">
        Parameters and inputs stand below. <code>I</code> is the input current, <code>t</code> the time, <code>u</code>{" "}
        a fresh uniform number, <code>w</code> the weight of a spike that arrives. Known: exp, log, sqrt, sin, cos,
        tanh, sinh, cosh, abs, min, max, pow, sigmoid, softplus, expm1, log1p, erf, sign, step, floor, ceil, mod;
        conditions <code>a &lt; b &amp;&amp; c &gt; d ? x : y</code>. Where a condition in a drift, noise or event
        changes its branch is located, like an event, and differentiated.
      </p>
      <Located />
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

/** What a variable does between events, when a spike arrives, and at the start. */
function Variable({ cell, name }: { cell: CellDefinition; name: string }) {
  const { state, noise, start } = cell;
  const ports = portNames(cell);
  return (
    <>
      <Equation
        label={titles.state(name)}
        field={`cell.state.${name}`}
        text={String(state[name])}
        set={(c, text) => setEquation(c, "state", name, text)}
      />
      {/* By channels, it stands with those. */}
      {typeof noise?.[name] !== "object" && (
        <Equation
          label={titles.noise(name)}
          field={`cell.noise.${name}`}
          text={String(noise?.[name] ?? "")}
          absent="none"
          set={(c, text) => setEquation(c, "noise", name, text)}
        />
      )}
      {(ports.length > 0 ? ports : [undefined]).map((port) => (
        <Received key={port ?? ""} cell={cell} name={name} port={port} />
      ))}
      <Equation
        label={titles.start(name)}
        field={`cell.start.${name}`}
        text={String(start?.[name] ?? "")}
        absent="0"
        set={(c, text) => setEquation(c, "start", name, text)}
      />
    </>
  );
}

/** What a variable becomes where a spike arrives, at one of several ports or at the only one. */
function Received({ cell, name, port }: { cell: CellDefinition; name: string; port: string | undefined }) {
  const given = receivedAt(cell, name, port);
  const moves = isField(given);
  const text = String((moves ? given.marcus : given) ?? "");
  const where = port === undefined ? "" : ` at ${cut(port, 24)}`;
  return (
    <>
      <Equation
        label={titles.receive(name, port)}
        field={port === undefined ? `cell.receive.${name}` : `cell.receive.${port}.${name}`}
        text={text}
        absent="unchanged"
        set={(c, next) => setReceive(c, name, next, moves, port)}
      />
      {given !== undefined && (
        <CheckRow
          label={`${cut(name, 24)} moves along this field for a unit of time${where} (Marcus)`}
          checked={moves}
          set={(d, field) => setReceive(ownCell(d)!, name, text, field, port)}
        />
      )}
    </>
  );
}

/** Where conditions of the cell change their branches. */
function Located() {
  const located = loaded.value?.cell?.located ?? [];
  if (located.length === 0) return null;
  return (
    <div class="hint" data-hint="located">
      Located here:
      <ul>
        {located.map(({ name, where }) => (
          <li key={name}>
            {name}, at <code>{cut(where, 200)}</code>
          </li>
        ))}
      </ul>
    </div>
  );
}
