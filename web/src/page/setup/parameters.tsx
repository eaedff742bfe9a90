/** The table of parameters: values, units, true values, and what is trained. */
import { Fragment } from "preact";
import { inputsOf } from "../../model/cell-edits.js";
import { ownCell, trainedNames } from "../../model/document.js";
import { meaningOf } from "../../model/units.js";
import { ErrorText, errorAt, NumberInput } from "../fields.js";
import { Name } from "../name.js";
import { edit } from "../state/edit.js";
import { loaded, locked, studioDocument } from "../state/signals.js";
import { unitOf } from "../state/unit-of.js";
import { OwnParameters, without } from "./own-parameters.js";
import { Part } from "./part.js";
import { setStart, startOf } from "./start-value.js";

/** Rows that are shown. */
const mostRows = 200;

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
  const inputs = Object.keys(job.input?.inputs ?? {});
  const current = inputs.includes("I") || (own && !inputsOf(own).includes("I")) ? [] : ["current"];
  const rows = [...(job.network.weights ? ["weights"] : []), ...current, ...inputs, ...names];
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
          {rows.slice(0, mostRows).map((name) => {
            const start = startOf(document, name);
            const trained = chosen.includes(name);
            const known = truth?.[name];
            const drawn = known ?? (trained ? start : undefined);
            const within = inputs.includes(name) ? "input.inputs" : "network.parameters";
            const field = name === "current" ? "input.current" : `${within}.${name}`;
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
                      {typeof drawn === "number" ? (
                        <NumberInput
                          value={drawn}
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
                          // Trains stay those of the value of now, whatever it starts from later.
                          if (on && typeof start === "number" && d.observed.kind === "simulated")
                            d.observed.truth[name] ??= start;
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
      {rows.length > mostRows && (
        <p class="hint">And {rows.length - mostRows} parameters more, which the job file shows.</p>
      )}
      {job.trainable.length === 0 && (
        <ErrorText id="trainable-error">Choose at least one parameter to train.</ErrorText>
      )}
      {own && <OwnParameters />}
    </Part>
  );
}
