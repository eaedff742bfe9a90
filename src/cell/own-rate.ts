/**
 * The rate a of a state whose drift is a y + N, where a depends on parameters alone (and on which branch flows, which stays
 * within a sub-step) and N does not depend on y. It is read off the graph without a new node: that a plan was looked at
 * changes no kernel.
 */
import type { Cell } from "./cell.js";
import { stateInput } from "./cell.js";
import { evaluateOp, isConstant, type Node, reachable, settle } from "./graph.js";

/** So many hidden states decide on a rate at most: all their values are looked at. */
const mostModes = 6;

export interface OwnRate {
  /** Index of the state. */
  readonly state: number;
  /** Parameters and hidden states that the rate may depend on, as inputs of the graph. */
  readonly parameters: ReadonlySet<string>;
  readonly modes: readonly string[];
  /** Its value. */
  at(inputs: ReadonlyMap<string, number>): number;
}

/** Whether a drift is affine in a state, and by what rate; undefined where it is not. */
function ownRate({ states, hidden, drift }: Cell, state: number): OwnRate | undefined {
  const own = stateInput(states[state]!);
  // Hidden states that do not flow are modes, 0 or 1.
  const modes = new Set(
    states.flatMap((n, i) => (i >= states.length - hidden && isConstant(drift[i]!, 0) ? [stateInput(n)] : [])),
  );
  const root = drift[state]!;
  const order = reachable([root]);
  /** What a node depends on beside constants: the state, or what may change within a sub-step, or neither. */
  const depends = new Map<Node, "state" | "other" | "fixed">();
  for (const node of order) {
    const { op, name, args } = node;
    const of = args.map((n) => depends.get(n)!);
    const fixed = op === "input" ? name.startsWith("p.") || modes.has(name) : true;
    if (op === "input" && name === own) depends.set(node, "state");
    else if (of.includes("state")) depends.set(node, "state");
    else depends.set(node, !fixed || of.includes("other") ? "other" : "fixed");
  }
  if (depends.get(root) !== "state") return undefined;
  const needed = new Set<string>();
  /** Values of what is fixed. */
  const fixedAt = (inputs: ReadonlyMap<string, number>): ((node: Node) => number) => {
    const values = new Map<Node, number>();
    return (node) =>
      settle(
        node,
        values,
        (n) => n.args,
        ({ op, name, value, args }) =>
          op === "constant" ? value : op === "input" ? inputs.get(name)! : evaluateOp(op, args.map((n) => values.get(n)!)), // biome-ignore format: short
      );
  };
  /** The derivative by the state of each node, or none that is known. */
  const rate = (valueAt: (node: Node) => number): number | undefined => {
    const by = new Map<Node, number | undefined>();
    for (const node of order) {
      const { op, args } = node;
      if (depends.get(node) !== "state") {
        by.set(node, 0);
        continue;
      }
      const [a, b, x, y] = args.map((n) => by.get(n));
      const [A, B] = args as [Node, Node];
      const is = (n: Node): boolean => depends.get(n) === "fixed";
      let value: number | undefined;
      if (op === "input") value = 1;
      else if (op === "neg") value = a === undefined ? a : -a;
      else if (op === "add" || op === "sub") {
        value = a === undefined || b === undefined ? undefined : op === "add" ? a + b : a - b;
      } else if (op === "mul") {
        if (is(A)) value = b === undefined ? b : valueAt(A) * b;
        else if (is(B)) value = a === undefined ? a : a * valueAt(B);
      } else if (op === "div" && is(B)) value = a === undefined ? a : a / valueAt(B);
      else if (op === "select" && is(A) && is(B)) {
        value = x === undefined || y === undefined ? undefined : valueAt(A) < valueAt(B) ? x : y;
      } else if (op === "gate" && is(A)) value = b === undefined ? b : valueAt(A) === 0 ? 0 : b;
      by.set(node, value);
    }
    return by.get(root);
  };
  const affine = rate((node) => {
    for (const n of reachable([node])) if (n.op === "input") needed.add(n.name);
    return 1;
  });
  if (affine === undefined) return undefined;
  const switched = [...needed].filter((name) => modes.has(name));
  if (switched.length > mostModes) return undefined;
  const parameters = new Set([...needed].filter((name) => !modes.has(name)));
  return { state, parameters, modes: switched, at: (inputs) => rate(fixedAt(inputs))! };
}

const known = new WeakMap<Cell, readonly OwnRate[]>();

/** The states of a cell that have a rate of their own. */
export function ownRates(cell: Cell): readonly OwnRate[] {
  let rates = known.get(cell);
  if (!rates) {
    rates = cell.states.flatMap((_, i) => ownRate(cell, i) ?? []);
    known.set(cell, rates);
  }
  return rates;
}
