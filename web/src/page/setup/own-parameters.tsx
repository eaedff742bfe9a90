/** Parameters of a cell of one's own. */
import { useState } from "preact/hooks";
import { inherited } from "../../../../src/checks.js";
import { removeName } from "../../model/cell-edits.js";
import { ownCell, type StudioDocument } from "../../model/document.js";
import { ErrorText } from "../fields.js";
import { edit } from "../state/edit.js";
import { locked, studioDocument } from "../state/signals.js";

export const without = ({ job }: StudioDocument, name: string): StudioDocument["job"]["trainable"] =>
  job.trainable.filter((t) => (typeof t === "string" ? t : t.name) !== name);

/** Adds parameters to a cell of one's own, and takes them out again. */
export function OwnParameters() {
  const [name, setName] = useState("");
  const cell = ownCell(studioDocument.value)!;
  const trouble = inherited(name.trim());
  const known = Object.hasOwn(cell.parameters, name.trim());
  const add = (): void => {
    if (name.trim() === "" || trouble) return;
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
        aria-invalid={trouble ? true : undefined}
        aria-describedby={trouble ? "own-parameter-error" : undefined}
        placeholder="parameter"
        value={name}
        disabled={locked.value}
        onInput={(event) => setName(event.currentTarget.value)}
      />
      <button type="submit" disabled={locked.value || name.trim() === "" || known || !!trouble}>
        Add
      </button>
      <button
        type="button"
        disabled={locked.value || !known}
        onClick={() => {
          const gone = name.trim();
          edit((d) => {
            removeName(ownCell(d)!, gone);
            delete d.job.network.parameters?.[gone];
            d.job.trainable = without(d, gone);
          });
          setName("");
        }}
      >
        Remove
      </button>
      {trouble && <ErrorText id="own-parameter-error">{trouble}</ErrorText>}
    </form>
  );
}
