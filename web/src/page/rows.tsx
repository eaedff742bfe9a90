/** Rows of the setup: fields that show a part of the document and change it, locked while it trains. */
import type { StudioDocument } from "../model/document.js";
import { NumberField, type NumberFieldProps, SelectField, type SelectFieldProps } from "./fields.js";
import { edit } from "./state/edit.js";
import { locked } from "./state/signals.js";

/** Changes the document; with `keep`, so that a run can go on with the change. */
interface Sets<T> {
  set(document: StudioDocument, value: T): void;
  keep?: boolean;
}

export function NumberRow({ set, keep, ...field }: Omit<NumberFieldProps, "change" | "disabled"> & Sets<number>) {
  return <NumberField {...field} disabled={locked.value} change={(value) => edit((d) => set(d, value), keep)} />;
}

export function ChoiceRow<T extends string>({
  set,
  keep,
  ...field
}: Omit<SelectFieldProps<T>, "change" | "disabled"> & Sets<T>) {
  return <SelectField {...field} disabled={locked.value} change={(value) => edit((d) => set(d, value), keep)} />;
}

export function CheckRow({ label, checked, set, keep }: { label: string; checked: boolean } & Sets<boolean>) {
  return (
    <label class="check">
      <input
        type="checkbox"
        checked={checked}
        disabled={locked.value}
        onChange={(event) => {
          const on = event.currentTarget.checked;
          edit((d) => set(d, on), keep);
        }}
      />
      {label}
    </label>
  );
}
