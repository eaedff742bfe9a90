/** Parts of a cell that have names: added by a name, and removed. */
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { inherited } from "../../../../src/checks.js";
import type { CellDefinition } from "../../../../src/index.js";
import { cut } from "../../model/cut.js";
import { ownCell, type StudioDocument } from "../../model/document.js";
import { ErrorText } from "../fields.js";
import { edit } from "../state/edit.js";
import { locked } from "../state/signals.js";

/** What stands under a name, which may be removed unless it is the only one. */
export function Removable(props: {
  what: string;
  name: string;
  only?: boolean;
  remove(cell: CellDefinition, name: string, document: StudioDocument): void;
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
          onClick={() => edit((d) => remove(ownCell(d)!, name, d))}
        >
          Remove
        </button>
      </legend>
      {children}
    </fieldset>
  );
}

/** Adds something by its name. */
export function AddName(props: {
  what: string;
  add(cell: CellDefinition, name: string, document: StudioDocument): void;
}) {
  const { what, add } = props;
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
        edit((d) => add(ownCell(d)!, added, d));
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
