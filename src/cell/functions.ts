/**
 * The functions that a solver asks of a cell, as lists of expressions: values, vector-Jacobian products and
 * Jacobian-vector products of flow, event, reset, receive, start and kick. What is emitted from them differs by
 * language; what they compute is said here, once.
 *
 * Inputs by name: y.<state>, p.<parameter>, I, u, w, x.<channel> (slope of the driver path, or its increment in
 * `kick`); cotangents c.<state>; tangents dy.<state>, dp.<parameter>, dI, dw, dx.<channel>.
 */
import type { Cell } from "./cell.js";
import { parameterInput, stateInput } from "./cell.js";
import { jacobianVector, vectorJacobian } from "./differentiate.js";
import { isConstant, type Node, type Op, reachable } from "./graph.js";

/** A vector-Jacobian product, sorted by what it is a cotangent of. */
export interface Cotangents {
  readonly states: readonly Node[];
  readonly parameters: readonly Node[];
  readonly channels: readonly Node[];
  readonly current: Node;
  readonly weight: Node;
}

export interface CellFunction {
  readonly value: readonly Node[];
  readonly cotangents: Cotangents;
  readonly tangent: readonly Node[];
}

export interface CellFunctions {
  /** dy/dr = f(y, θ, I) + g(y, θ) x, with x the slope of the driver path. */
  readonly flow: CellFunction;
  /** E(y, θ); its cotangents are the gradient. */
  readonly event: CellFunction;
  readonly reset: CellFunction;
  readonly receive: CellFunction;
  readonly start: CellFunction;
  /** y + g(θ) x with x = ΔW: what `euler` applies at grid points. */
  readonly kick: CellFunction;
}

/** Builds the functions of a cell with the given noise channels switched on (all by default). */
export function cellFunctions(
  cell: Cell,
  activeChannels: readonly number[] = cell.channels.map((_, i) => i),
): CellFunctions {
  const { graph: g } = cell;
  const y = cell.states.map((n) => g.input(stateInput(n)));
  const p = cell.parameters.map((n) => g.input(parameterInput(n)));
  const x = activeChannels.map((c) => g.input(`x.${c}`));
  const [current, weight] = [g.input("I"), g.input("w")];

  const noiseTerm = (s: number): Node =>
    activeChannels.reduce((sum, c, k) => {
      const channel = cell.channels[c]!;
      return channel.state === s ? g.add(sum, g.mul(channel.amplitude, x[k]!)) : sum;
    }, g.zero);

  const tangents = new Map<Node, Node>([
    ...cell.states.map((n, i) => [y[i]!, g.input(`dy.${n}`)] as const),
    ...cell.parameters.map((n, i) => [p[i]!, g.input(`dp.${n}`)] as const),
    ...activeChannels.map((c, i) => [x[i]!, g.input(`dx.${c}`)] as const),
    [current, g.input("dI")],
    [weight, g.input("dw")],
  ]);

  const build = (value: readonly Node[]): CellFunction => {
    const c = cell.states.map((n) => g.input(`c.${n}`));
    const all = vectorJacobian(g, value, c, [...y, ...p, ...x, current, weight]);
    let at = 0;
    const take = (n: number): Node[] => all.slice(at, (at += n));
    return {
      value,
      cotangents: {
        states: take(y.length),
        parameters: take(p.length),
        channels: take(x.length),
        current: all[all.length - 2]!,
        weight: all[all.length - 1]!,
      },
      tangent: jacobianVector(g, value, tangents),
    };
  };

  /** The noise of a step is data: it has no tangent. */
  const withFixedIncrement = (f: CellFunction): CellFunction => {
    const fixed = new Map(activeChannels.map((c) => [g.input(`dx.${c}`), g.zero] as const));
    return { ...f, tangent: f.tangent.map((n) => g.substitute(n, fixed)) };
  };

  const eventCotangents = vectorJacobian(g, [cell.event], [g.one], [...y, ...p]);
  return {
    flow: build(cell.drift.map((f, s) => g.add(f, noiseTerm(s)))),
    event: {
      value: [cell.event],
      cotangents: {
        states: eventCotangents.slice(0, y.length),
        parameters: eventCotangents.slice(y.length),
        channels: [],
        current: g.zero,
        weight: g.zero,
      },
      tangent: jacobianVector(g, [cell.event], tangents),
    },
    reset: build(cell.reset),
    receive: build(cell.receive),
    start: build(cell.start),
    kick: withFixedIncrement(build(cell.states.map((_, s) => g.add(y[s]!, noiseTerm(s))))),
  };
}

/** Whether the event function is affine in the state with constant coefficients, so that euler lands in closed form. */
export function eventIsAffine(functions: CellFunctions): boolean {
  return functions.event.cotangents.states.every(
    (n) => n.op === "constant" || (n.op === "input" && n.name.startsWith("p.")),
  );
}

/** Operations that take many of the others. */
export const dear: ReadonlySet<Op> = new Set<Op>([
  "div",
  "exp",
  "log",
  "sqrt",
  "sin",
  "cos",
  "tanh",
  "pow",
  "softplus",
  "expm1",
  "log1p",
  "erf",
]);

/** About how many operations a processor has for some expressions together: the dear ones are twenty each. */
export const operations = (nodes: readonly Node[]): number =>
  reachable(nodes).reduce((n, { op }) => n + (dear.has(op) ? 20 : op === "constant" || op === "input" ? 0 : 1), 0);

/** Indices of the entries that are not identically zero. */
export function nonZero(nodes: readonly Node[]): number[] {
  return nodes.flatMap((n, i) => (isConstant(n, 0) ? [] : [i]));
}
