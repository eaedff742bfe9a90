/**
 * The functions that a solver asks of a cell, as lists of expressions: values, vector-Jacobian products and
 * Jacobian-vector products of its flow and of every row of its tables. What is emitted from them differs by language;
 * what they compute is said here, once.
 *
 * Inputs by name: those of tables.ts and p.<parameter>; cotangents c.<state>; tangents dy.<state>, dp.<parameter>, dI,
 * dw, dx.<channel>. A uniform and an increment of the driver are data: they have no tangent.
 */
import type { Cell } from "./cell.js";
import { parameterInput, stateInput } from "./cell.js";
import { jacobianVector, vectorJacobian } from "./differentiate.js";
import { type Graph, isConstant, type Node, type Op, reachable } from "./graph.js";
import type { Jump } from "./tables.js";

/** A vector-Jacobian product, sorted by what it is a cotangent of. */
export interface Cotangents {
  readonly states: readonly Node[];
  readonly parameters: readonly Node[];
  readonly channels: readonly Node[];
  readonly current: Node;
  readonly weight: Node;
}

/** A function with its derivatives; of functions that are not jumps too, the value and what it reads. */
export interface CellFunction extends Jump {
  readonly cotangents: Cotangents;
  readonly tangent: readonly Node[];
}

export interface CellFunctions {
  /** dy/dr = f(y, θ, I) + g(y, θ) x, with x the slope of the driver path. */
  readonly flow: CellFunction;
  /** The surface E(y, θ) of each event; its cotangents are the gradient. */
  readonly events: readonly CellFunction[];
  /** The highest of them, which solvers look for a crossing of; of one event, that one's. */
  readonly event: CellFunction;
  /** The cell's jumps, and last the `kick` of a driver's increments: y + g(θ) ΔW, what `euler` applies at grid points. */
  readonly jumps: readonly CellFunction[];
  /** ∂f_i/∂y_i of the states that are integrated by it, 0 of all others; missing where none is. */
  readonly rates?: CellFunction;
}

/** States that a plan integrates by their own rates (src/plan/stiff.ts). */
export interface OwnRates {
  /** By index. */
  readonly states: readonly number[];
  /** The grid step where noise comes as kicks at its ends, which then fade in proportion. */
  readonly kick?: number;
}

/** φ₁(z) = (exp z - 1) / z; near 0 by its series, which leaves out 2e-22. */
function phi1(g: Graph, z: Node): Node {
  const terms = [1, 2, 6, 24, 120, 720].map((n) => g.constant(1 / n)).reverse();
  const series = terms.reduce((sum, term) => g.add(term, g.mul(z, sum)));
  return g.select(g.unary("abs", z), g.constant(1e-3), series, g.div(g.unary("expm1", z), z));
}

/** Σ_o cotangent_o ∂value_o by all that a function may read. */
export function cotangentsOf(
  cell: Cell,
  value: readonly Node[],
  cotangents: readonly Node[],
  channels: readonly number[],
): Cotangents {
  const { graph: g, states, parameters } = cell;
  const inputs = [...states.map(stateInput), ...parameters.map(parameterInput), ...channels.map((c) => `x.${c}`)];
  const all = vectorJacobian(
    g,
    value,
    cotangents,
    [...inputs, "I", "w"].map((n) => g.input(n)),
  );
  let at = 0;
  const take = (n: number): Node[] => all.slice(at, (at += n));
  return {
    states: take(states.length),
    parameters: take(parameters.length),
    channels: take(channels.length),
    current: take(1)[0]!,
    weight: take(1)[0]!,
  };
}

/** Builds the functions of a cell with the given noise channels switched on (all by default). */
export function cellFunctions(
  cell: Cell,
  activeChannels: readonly number[] = cell.channels.map((_, i) => i),
  own?: OwnRates,
): CellFunctions {
  const { graph: g, states } = cell;
  const rateOf = (s: number): Node =>
    own?.states.includes(s)
      ? vectorJacobian(g, [cell.drift[s]!], [g.one], [g.input(stateInput(states[s]!))])[0]!
      : g.zero;
  const x = activeChannels.map((c) => g.input(`x.${c}`));
  const directions = [
    ...states.map((n) => [stateInput(n), `dy.${n}`]),
    ...cell.parameters.map((n) => [parameterInput(n), `dp.${n}`]),
    ...activeChannels.map((c) => [`x.${c}`, `dx.${c}`]),
    ["I", "dI"],
    ["w", "dw"],
  ].map(([input, tangent]) => [g.input(input!), g.input(tangent!)] as const);
  const tangents = new Map(directions);
  const withoutChannels = new Map(directions.filter(([input]) => !x.includes(input)));
  const differentiated = (row: Jump, seeds = states.map((n) => g.input(`c.${n}`))): CellFunction => ({
    ...row,
    cotangents: cotangentsOf(cell, row.value, seeds, activeChannels),
    tangent: jacobianVector(g, row.value, row.inputs.includes("x") ? tangents : withoutChannels),
  });

  /** What a state has of the noise, for slopes or increments x of the driver path. */
  const noise = (s: number): Node =>
    activeChannels.reduce((sum, c, k) => {
      const drive = cell.channels[c]!.drives.find(({ state }) => state === s);
      return drive ? g.add(sum, g.mul(drive.amplitude, x[k]!)) : sum;
    }, g.zero);
  const surfaceOf = (name: string, surface: Node): CellFunction =>
    differentiated({ name, inputs: ["y"], value: [surface] }, [g.one]);
  const surfaces = cell.events.map((e) => e.surface);
  const several = surfaces.length > 1;
  const events = surfaces.map((surface, e) => surfaceOf(several ? `event_${e}` : "event", surface));
  const event = several
    ? surfaceOf(
        "event",
        surfaces.reduce((highest, e) => g.max(highest, e)),
      )
    : events[0]!;
  /**
   * What is left at the end of a step of a kick that came within it: its variance is that of a state with this rate, so
   * that the law of a linear equation at grid points is exact whatever the step.
   */
  const faded = (s: number, kick: Node): Node => {
    if (own?.kick === undefined || !own.states.includes(s) || isConstant(kick, 0)) return kick;
    return g.mul(kick, g.unary("sqrt", phi1(g, g.mul(g.constant(2 * own.kick), rateOf(s)))));
  };
  return {
    events,
    event,
    ...(own && own.states.length > 0
      ? { rates: differentiated({ name: "rates", inputs: ["y"], value: states.map((_, s) => rateOf(s)) }) }
      : {}),
    flow: differentiated({
      name: "flow",
      inputs: ["y", "I", "x"],
      value: cell.drift.map((f, s) => g.add(f, noise(s))),
    }),
    jumps: [
      ...cell.jumps.map((jump) => differentiated(jump)),
      differentiated({
        name: "kick",
        inputs: ["y", "dW"],
        value: states.map((n, s) => g.add(g.input(stateInput(n)), faded(s, noise(s)))),
      }),
    ],
  };
}

/**
 * Whether the event function that solvers look at is affine in the state with constant coefficients, and states move
 * straight, so that euler lands in closed form.
 */
export function eventIsAffine({ event, rates }: CellFunctions): boolean {
  const constant = (n: Node): boolean => n.op === "constant" || (n.op === "input" && n.name.startsWith("p."));
  return rates === undefined && event.cotangents.states.every(constant);
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
  "logsum",
]);

/** About how many operations a processor has for some expressions together: the dear ones are twenty each. */
export const operations = (nodes: readonly Node[]): number =>
  reachable(nodes).reduce((n, { op }) => n + (dear.has(op) ? 20 : op === "constant" || op === "input" ? 0 : 1), 0);

/** Indices of the entries that are not identically zero. */
export function nonZero(nodes: readonly Node[]): number[] {
  return nodes.flatMap((n, i) => (isConstant(n, 0) ? [] : [i]));
}
