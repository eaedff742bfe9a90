/** Form fields: label, input, unit, and the error that belongs to them. */
import type { ComponentChildren } from "preact";
import { useEffect, useId, useState } from "preact/hooks";
import { loaded } from "./store.js";

/** What is wrong with a field, where the library names it. */
export function errorAt(field: string): string | undefined {
  const error = loaded.value?.error;
  if (!error || field === "") return undefined;
  return error.field === field || error.field.startsWith(`${field}.`) || error.field.startsWith(`${field}[`)
    ? error.message
    : undefined;
}

export function ErrorText({ id, children }: { id: string; children: ComponentChildren }) {
  return (
    <p id={id} class="field-error">
      {children}
    </p>
  );
}

interface NumberInputProps {
  value: number;
  label: string;
  /** Field of the job, for errors. */
  field: string;
  disabled?: boolean;
  whole?: boolean;
  /** Takes effect when the field is left, or by Enter. */
  late?: boolean;
  change(value: number): void;
  id?: string;
}

/** A number as text: what is typed stays as it is typed. */
export function NumberInput({ value, label, field, disabled, whole, late, change, id }: NumberInputProps) {
  const own = useId();
  const [text, setText] = useState(String(value));
  useEffect(() => {
    if (Number(text) !== value) setText(String(value));
  }, [value]);
  const typed = text.trim() === "" ? Number.NaN : Number(text);
  const wrong = !Number.isFinite(typed) || (whole && !Number.isInteger(typed));
  const take = (next: string): void => {
    const n = Number(next);
    if (next.trim() !== "" && Number.isFinite(n) && (!whole || Number.isInteger(n)) && n !== value) change(n);
  };
  const message = wrong ? `${whole ? "a whole number" : "a number"} is needed` : errorAt(field);
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
        aria-describedby={message ? `${own}-error` : undefined}
        onInput={(event) => {
          setText(event.currentTarget.value);
          if (!late) take(event.currentTarget.value);
        }}
        onBlur={(event) => late && take(event.currentTarget.value)}
        onKeyDown={(event) => late && event.key === "Enter" && take(event.currentTarget.value)}
      />
      {message && <ErrorText id={`${own}-error`}>{message}</ErrorText>}
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
