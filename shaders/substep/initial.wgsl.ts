/**
 * What a path starts from, where its sample says that of some states. There they are data: what the cell starts from has no
 * derivative. A job without such has none of this.
 */
import type { InitialRow } from "../shared/gradient-rows.wgsl.js";
import type { SolverShape } from "./solver.wgsl.js";

type InitialShape = Pick<SolverShape, "initial" | "carried" | "states">;

/** A statement for neurons of a part alone. */
const within = ({ first, end }: SolverShape["initial"][number], statement: string): string =>
  end === undefined ? `  ${statement}` : `  if (neuron >= ${first}u && neuron < ${end}u) { ${statement} }`;

/** The state y of a neuron at the start, as its cell has it, with what its sample says. */
export const startedFrom = ({ initial }: InitialShape, y: string, neuron: string): string =>
  initial.length > 0 ? `started_from(${y}, ${neuron})` : y;

/** A cotangent or tangent d of the cell's start. */
export const clearStart = ({ initial }: InitialShape, d: string, neuron: string): string =>
  initial.length > 0 ? `clear_start(${d}, ${neuron})` : d;

const strideOf = ({ stride, first }: SolverShape["initial"][number]): string =>
  stride === 0 ? "" : first > 0 ? ` + neuron - ${first}u` : " + neuron";

/**
 * Statements that keep the cotangent d of a neuron's start for what its sample says of it, before that is cleared.
 * @param neuron WGSL of its number.
 */
export const keepInitial = (
  { carried, states }: InitialShape,
  rows: readonly InitialRow[],
  { d, neuron }: { readonly d: string; readonly neuron: string },
): string =>
  rows
    .map(({ state, row, first, end }) => {
      const value = carried ? `${d}.y${state} + ${d}.y${states / 2 + state}` : `${d}.y${state}`;
      const at = `(${row + 1}u + ${neuron} - ${first}u) * run.paths + i`;
      return `if (${neuron} >= ${first}u && ${neuron} < ${end}u) { rows[${at}] = ${value}; }`;
    })
    .join("\n");

/** Needs `own_row` and `theta`. */
export function initialFunctions({ initial, carried, states }: InitialShape): string {
  if (initial.length === 0) return "";
  const variables = carried ? states / 2 : states;
  const lowOf = (state: number): number[] => (carried ? [state, variables + state] : [state]);
  return /* wgsl */ `
fn started_from(y: State, neuron: u32) -> State {
  var s = y;
${initial
  .flatMap((part) => [
    within(part, `s.y${part.state} = theta[own_row + ${part.at}u${strideOf(part)}];`),
    ...(carried ? [within(part, `s.y${variables + part.state} = 0.0f;`)] : []),
  ])
  .join("\n")}
  return s;
}

// Its cotangent or tangent.
fn clear_start(d: State, neuron: u32) -> State {
  var s = d;
${initial.flatMap((part) => lowOf(part.state).map((i) => within(part, `s.y${i} = 0.0f;`))).join("\n")}
  return s;
}
`;
}
