/**
 * Which events must be armed. An event happens when its function crosses 0 upwards: it must have been below since it
 * happened last. Where its own jump, and the start, leave it below 0 it always has; a crossing detector without a reset, a
 * ball that bounces off the ground, or a start above the threshold need a memory of it: a mode *above*, with which the
 * event function counts as below 0 until it has really fallen there.
 */
import { vanishes } from "./exactness.js";
import { evaluate, type Graph, inputNames, type Node } from "./graph.js";

/** Uniforms at which the values of a start or jump are looked at. */
const uniforms = [2 ** -33, 0.25, 0.5, 0.75, 1];

/** Whether an expression of parameters and u is at or below 0, and not always at 0, for the defaults of the parameters. */
function below0(node: Node, defaults: Readonly<Record<string, number>>): boolean {
  if ([...inputNames([node])].some((n) => n !== "u" && !n.startsWith("p."))) return false;
  const values = uniforms.map((u) => {
    const inputs = new Map<string, number>(Object.entries(defaults).map(([name, value]) => [`p.${name}`, value]));
    return evaluate([node], inputs.set("u", u))[0]!;
  });
  return values.every((v) => v <= 0) && values.some((v) => v < 0);
}

export interface Armed {
  readonly g: Graph;
  readonly states: readonly Node[];
  readonly defaults: Readonly<Record<string, number>>;
}

/** What a jump does to an event function. */
export type Effect = "keeps" | "lowers" | "below" | "unknown";

/** @param after what each state becomes. */
export function effectOf({ g, states, defaults }: Armed, surface: Node, after: ReadonlyMap<Node, Node>): Effect {
  const then = g.substitute(surface, after);
  if (below0(then, defaults)) return "below";
  const change = g.sub(then, surface);
  if (vanishes(change, [then, surface]) === true) return "keeps";
  const atOrigin = g.substitute(change, new Map(states.map((y) => [y, g.zero])));
  if (below0(atOrigin, defaults) && vanishes(g.sub(change, atOrigin), [then, surface]) === true) return "lowers";
  return "unknown";
}
