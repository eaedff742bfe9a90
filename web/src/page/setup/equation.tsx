/** One equation of a cell. */
import type { CellDefinition } from "../../../../src/index.js";
import { ownCell } from "../../model/document.js";
import { ErrorText, errorAt } from "../fields.js";
import { edit } from "../state/edit.js";
import { locked } from "../state/signals.js";

type Section = "let" | "state" | "noise" | "reset" | "receive" | "start";

/** One equation, checked as it is typed. */
export function Equation(props: {
  label: string;
  section: Section | "event";
  name: string;
  text: string;
  optional: boolean;
  /** Whether it is of a form that is only shown. */
  fixed?: boolean;
}) {
  const { label, section, name, text, optional, fixed = false } = props;
  const field = section === "event" ? "cell.event" : `cell.${section}.${name}`;
  const error = errorAt(field);
  const id = `equation-${section}-${name}`;
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
        disabled={locked.value || fixed}
        placeholder={optional ? placeholders[section as Section] : undefined}
        aria-invalid={error ? true : undefined}
        aria-describedby={error ? `${id}-error` : undefined}
        onInput={(event) => {
          const next = event.currentTarget.value.replaceAll("\n", " ");
          edit((d) => setEquation(ownCell(d)!, section, name, next));
        }}
      />
      {error && <ErrorText id={`${id}-error`}>{error}</ErrorText>}
    </div>
  );
}

const placeholders: Record<Section, string> = {
  let: "0",
  state: "0",
  noise: "none",
  reset: "unchanged",
  receive: "unchanged",
  start: "0",
};

function setEquation(cell: CellDefinition, section: Section | "event", name: string, text: string): void {
  if (section === "event") cell.event = text;
  else {
    const list: Record<string, string | Record<string, string>> = { ...cell[section] };
    if (text.trim() === "" && section !== "state" && section !== "let") delete list[name];
    else list[name] = text;
    (cell as { [section in Section]?: typeof list })[section] = list;
  }
}

export const sections: [Section, (name: string) => string][] = [
  ["state", (n) => `d${n}/dt =`],
  ["noise", (n) => `noise of ${n}`],
  ["reset", (n) => `${n} after its spike`],
  ["receive", (n) => `${n} when a spike arrives`],
  ["start", (n) => `${n} at the start`],
];
