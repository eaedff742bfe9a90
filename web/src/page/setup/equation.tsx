/** One equation of a cell. */
import type { CellDefinition } from "../../../../src/index.js";
import { cut } from "../../model/cut.js";
import { ownCell } from "../../model/document.js";
import { ErrorText, errorAt } from "../fields.js";
import { edit } from "../state/edit.js";
import { locked } from "../state/signals.js";

/** One equation, checked as it is typed. */
export function Equation(props: {
  label: string;
  /** As in messages of the library: `cell.state.v`. */
  field: string;
  text: string;
  /** What holds where there is none; an equation without this must be given. */
  absent?: string;
  set(cell: CellDefinition, text: string): void;
}) {
  const { label, field, text, absent, set } = props;
  const error = errorAt(field);
  const id = field.replace("cell", "equation").replaceAll(".", "-");
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
        placeholder={absent}
        aria-invalid={error ? true : undefined}
        aria-describedby={error ? `${id}-error` : undefined}
        onInput={(event) => {
          const next = event.currentTarget.value.replaceAll("\n", " ");
          edit((d) => set(ownCell(d)!, next));
        }}
      />
      {error && <ErrorText id={`${id}-error`}>{error}</ErrorText>}
    </div>
  );
}

const short = (name: string): string => cut(name, 24);

/** What equations are called, by what they are of. */
export const titles = {
  let: (name: string) => `${short(name)} =`,
  state: (name: string) => `d${short(name)}/dt =`,
  noise: (name: string) => `noise of ${short(name)}`,
  reset: (name: string) => `${short(name)} after its spike`,
  receive: (name: string, port = "") => `${short(name)} when a spike arrives${port && ` at ${short(port)}`}`,
  start: (name: string) => `${short(name)} at the start`,
  when: (event: string) => `${short(event)} happens when this rises through 0`,
  jump: (name: string, event: string) => `${short(name)} after ${short(event)}`,
  amplitude: (name: string, channel: string) => `${short(channel)} in ${short(name)}`,
} as const;
