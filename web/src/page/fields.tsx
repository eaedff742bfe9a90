/** Form fields: label, input, unit, and the error that belongs to them. */
import type { ComponentChildren } from "preact";
import { useEffect, useId, useState } from "preact/hooks";
import { cut } from "../model/cut.js";
import { refuse, refused } from "./state/objection.js";
import { loaded } from "./state/signals.js";
import { documents } from "./state/work.js";

/** What is wrong with a field: its text, or, where the library names it, its value. */
export function errorAt(field: string): string | undefined {
  if (refused.value[field]) return refused.value[field];
  const error = loaded.value?.error;
  if (!error || field === "") return undefined;
  return error.field === field || error.field.startsWith(`${field}.`) || error.field.startsWith(`${field}[`)
    ? error.message
    : undefined;
}

export function ErrorText({ id, children }: { id: string; children: ComponentChildren }) {
  return (
    <p id={id} class="field-error">
      {typeof children === "string" ? cut(children, 600) : children}
    </p>
  );
}

interface NumberInputProps {
  value: number;
  label: string;
  /** Field of the job, for errors. */
  field: string;
  disabled?: boolean;
  /** Takes effect when the field is left, or by Enter. */
  late?: boolean;
  change(value: number): void;
  id?: string;
  /** Where its error is shown, if not below the input. */
  errorId?: string;
}

/** The number that a text means; NaN where it means none. */
const numberOf = (text: string): number => (text.trim() === "" ? Number.NaN : Number(text));

/** A number as text: what is typed stays as it is typed. Which numbers go is the library's to say. */
export function NumberInput({ value, label, field, disabled, late, change, id, errorId }: NumberInputProps) {
  const own = useId();
  const at = errorId ?? `${own}-error`;
  const [text, setText] = useState(String(value));
  useEffect(() => {
    if (Number(text) !== value) setText(String(value));
  }, [value, documents.value]);
  useEffect(() => () => refuse(field, undefined), [field]);
  const take = (next: string): void => {
    const n = numberOf(next);
    if (Number.isFinite(n) && n !== value) change(n);
  };
  const message = errorAt(field);
  return (
    <>
      <input
        id={id}
        type="text"
        inputMode="decimal"
        class="number"
        value={text}
        disabled={disabled}
        aria-label={id ? undefined : label}
        aria-invalid={message ? true : undefined}
        aria-describedby={message ? at : undefined}
        onInput={(event) => {
          const next = event.currentTarget.value;
          setText(next);
          const finite = Number.isFinite(numberOf(next));
          refuse(
            field,
            finite ? undefined : `expected a finite number, got ${next.trim() ? `"${next.trim()}"` : "nothing"}`,
          );
          if (!late) take(next);
        }}
        onBlur={(event) => late && take(event.currentTarget.value)}
        onKeyDown={(event) => late && event.key === "Enter" && take(event.currentTarget.value)}
      />
      {message && !errorId && <ErrorText id={at}>{message}</ErrorText>}
    </>
  );
}

export type NumberFieldProps = NumberInputProps & { unit?: string | undefined };

export function NumberField(props: NumberFieldProps) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{props.label}</label>
      <NumberInput {...props} id={id} />
      {props.unit && <span class="unit">{props.unit}</span>}
    </div>
  );
}

export interface SelectFieldProps<T extends string> {
  label: string;
  value: T;
  options: readonly (readonly [T, string])[];
  disabled?: boolean;
  change(value: T): void;
}

export function SelectField<T extends string>(props: SelectFieldProps<T>) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{props.label}</label>
      <select
        id={id}
        value={props.value}
        disabled={props.disabled}
        onChange={(event) => props.change(event.currentTarget.value as T)}
      >
        {props.options.map(([value, text]) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
    </div>
  );
}
