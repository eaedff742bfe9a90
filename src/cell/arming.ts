/**
 * Which events must be armed. An event happens when its function crosses 0 upwards: it must have been below since it
 * happened last. Where its own jump, and the start, leave it below 0 it always has; a crossing detector without a reset, a
 * ball that bounces off the ground, or a start above the threshold need a memory of it: a mode *above*, with which the
 * event function counts as below 0 until it has really fallen there.
 */
import { Evaluation, type Graph, inputNames, type Node } from "./graph.js";
import { isUniform } from "./random.js";
import { sequence, vanishes } from "./vanishing.js";

/** Places and uniforms at which the values of a start or jump are looked at. */
const mostPoints = 96;
const uniforms = [2 ** -33, 0.25, 0.5, 0.75, 1];
/** States are tried about the size of one, and much larger. */
const sizes = [3, 1000];

/**
 * Whether an expression is at or below 0, to rounding, and not always at 0: for the defaults of the parameters, wherever the
 * states are. What cannot be told by a hundred points counts as below: then an event whose jump leaves it above 0 after all
 * happens again at once, and is told if that has no end.
 */
function below0(node: Node, defaults: Readonly<Record<string, number>>): boolean {
  // States, normal numbers, the weight of a spike that arrives, and inputs, of which nothing is known here.
  const names = [...inputNames([node])]
    .filter((n) => !isUniform(n) && !(n.startsWith("p.") && n.slice(2) in defaults))
    .sort();
  const others = [...inputNames([node])].filter(isUniform).sort();
  const evaluation = new Evaluation([node]);
  const inputs = new Map<string, number>(Object.entries(defaults).map(([name, value]) => [`p.${name}`, value]));
  let some = false;
  for (let n = 0; n < (names.length > 0 || others.length > 1 ? mostPoints : uniforms.length); n++) {
    names.forEach((name, i) => {
      const part = sequence(n + 1, i) * 2 - 1;
      inputs.set(name, sizes[n % sizes.length]! * part);
    });
    others.forEach((name, i) => {
      inputs.set(name, uniforms[(n + i * Math.floor(n / uniforms.length)) % uniforms.length]!);
    });
    const value = evaluation.at(inputs)[0]!;
    if (value > 1e-12) return false;
    if (value < -1e-12) some = true;
  }
  return some;
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
