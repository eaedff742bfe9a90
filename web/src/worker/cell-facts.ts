/** What the page shows of a cell: its equations, its verdicts, and where its conditions change their branches. */
import { onlyPort, portsOf } from "../../../src/cell/ports.js";
import type { Cell, CellDefinition } from "../../../src/index.js";
import { isField } from "../model/cell-edits.js";
import { hasEscapeNoise } from "./escape-noise.js";
import { located } from "./located.js";
import type { CellFacts, EquationText } from "./protocol.js";

export function cellFacts(cell: Cell): CellFacts {
  const { definition, name, defaults, exactness } = cell;
  return {
    name,
    states: cell.states.slice(0, cell.states.length - cell.hidden),
    defaults,
    exactness,
    escapes: hasEscapeNoise(cell),
    units: definition.units ?? {},
    equations: equationsOf(definition),
    located: located(cell),
  };
}

/** All equations of a cell, in the order in which they are read. */
export function equationsOf(cell: CellDefinition): EquationText[] {
  const those = (of: EquationText["of"], table: object | undefined, event?: string): EquationText[] =>
    Object.entries(table ?? {}).map(([name, given]) => ({
      of,
      name,
      ...(event === undefined ? {} : { event }),
      text: isField(given) ? `along ${given.marcus}` : String(given),
    }));
  const noise = Object.entries(cell.noise ?? {}).flatMap(([state, given]) =>
    typeof given === "object"
      ? Object.entries(given).map(([event, text]) => ({ of: "amplitude" as const, name: state, event, text }))
      : those("noise", { [state]: given }),
  );
  return [
    ...those("let", cell.let),
    ...those("state", cell.state),
    ...noise,
    ...(cell.event === undefined ? [] : those("when", { spike: cell.event })),
    ...those("reset", cell.reset),
    ...Object.entries(cell.events ?? {}).flatMap(([event, { when, jump }]) => [
      ...those("when", { [event]: when }),
      ...those("jump", jump, event),
    ]),
    ...portsOf(cell.receive, Object.keys(cell.state), () => true).flatMap(({ name, equations, fields }) => {
      const along = Object.entries(fields).map(([state, marcus]) => [state, { marcus }]);
      return those("receive", { ...equations, ...Object.fromEntries(along) }, name === onlyPort ? undefined : name);
    }),
    ...those("start", cell.start),
  ];
}
