/**
 * Input signals of a cell, by name: how the value of one comes to its equations, which its network decides.
 *
 * - *current*: an argument of the flow, constant within a grid step. So is `I` where only a drift reads it.
 * - *constant*: a parameter of the network, shared or per neuron, with all that parameters have.
 * - *held* and *linear*: sampled, and constant or linear between samples. Its value is a hidden state, which a solver sets at each
 *   grid point, and of a linear one its slope is a state more, along which the value flows. So it is read like any state: stages
 *   of a sub-step see it at their time, and in surfaces of events and conditions ∂S/∂g · dg/dt is part of ∇S·f.
 */
import { fail, inherited, show } from "../checks.js";
import type { Graph, Node } from "./graph.js";
import type { Parsed } from "./hybrid.js";
import type { Jump } from "./tables.js";

export type InputKind = "current" | "constant" | "held" | "linear";

/** What a network decides of its cell: kinds of inputs, and the time at which paths begin. */
export interface Binding {
  readonly inputs: Readonly<Record<string, InputKind>>;
  readonly t0: number;
}

/** Names that no user may give a state. */
export const inputState = (name: string): string => `input ${name}`;
export const slopeState = (name: string): string => `slope ${name}`;

const most = 16;

/**
 * The inputs that a definition names; `I` where it says nothing.
 * @param taken what a name means already, if anything.
 * @throws SaltationError `invalid-input`.
 */
export function declaredInputs(given: unknown, taken: (name: string) => string | undefined): readonly string[] {
  if (given === undefined) return ["I"];
  if (!Array.isArray(given)) return fail("cell.inputs", `expected a list of names, got ${show(given)}`);
  if (given.length > most) fail("cell.inputs", `${given.length} inputs; at most ${most} are taken`);
  given.forEach((name: unknown, i) => {
    const field = `cell.inputs[${i}]`;
    if (typeof name !== "string" || !/^[A-Za-z][A-Za-z0-9_]{0,63}$/.test(name))
      fail(field, "a name is a letter followed by letters, digits or _, 64 characters at most");
    const trouble = inherited(name as string) ?? taken(name as string);
    if (trouble) fail(field, trouble);
    if (given.indexOf(name) !== i) fail(field, `"${name}" stands there twice`);
  });
  return given as string[];
}

/** Whether an input is a state. */
export const isSampled = (kind: InputKind): boolean => kind === "held" || kind === "linear";

/** What an equation reads of an input: in the flow and at jumps, or at the start, where states have no value yet. */
export function inputNode(g: Graph, name: string, kind: InputKind, moving: boolean): Node {
  if (kind === "current") return g.input("I");
  if (moving && isSampled(kind)) return g.input(`y.${inputState(name)}`);
  return g.input(`p.${name}`);
}

/** A definition with sampled inputs as states more. */
export function withInputs(g: Graph, parsed: Parsed, inputs: readonly (readonly [string, InputKind])[]): Parsed {
  const added = inputs.flatMap(([name, kind]) => {
    if (!isSampled(kind)) return [];
    const value = { state: inputState(name), start: g.input(`p.${name}`), drift: g.zero };
    if (kind === "held") return [value];
    const slope = { state: slopeState(name), start: g.zero, drift: g.zero };
    return [{ ...value, drift: g.input(`y.${slope.state}`) }, slope];
  });
  if (added.length === 0) return parsed;
  const extended = (jump: Jump): Jump => {
    const values = added.map(({ state, start }) => (jump.inputs.includes("y") ? g.input(`y.${state}`) : start));
    return { ...jump, value: [...jump.value, ...values] };
  };
  return {
    ...parsed,
    states: [...parsed.states, ...added.map((a) => a.state)],
    drift: [...parsed.drift, ...added.map((a) => a.drift)],
    events: parsed.events.map((e) => ({ ...e, jump: extended(e.jump) })),
    jumps: parsed.jumps.map(extended),
    held: inputs.flatMap(([name, kind]) => (kind === "held" ? [inputState(name)] : [])),
  };
}
