/**
 * Whether an event whose rate ∇E·f is not above 0 on all of E = 0 is crossed only where it is. The rate is taken branch by
 * branch of its comparisons; in each it must be
 *
 * - above 0 on E = 0, or identically 0: then the flow does not move E, and does not cross;
 * - without a state in it that flows: a rate that the flow does not change was above 0 on the way to E = 0, if E was moved at all;
 * - without a state in it on E = 0, and the flow smooth: where it is 0 the surface E = 0 leads along itself, and no path
 *   reaches it from outside;
 * - moved by noise that is not 0 there: E is then a path with a derivative that has a density, and touches no level, but
 *   with probability 0 (Bulinskaya 1961);
 * - growing where it is 0 on E = 0, without noise: E has its minimum there, and comes from above.
 */
import { alongChannel, type Channel, sumOf } from "./channels.js";
import { vectorJacobian } from "./differentiate.js";
import { inputNames, isConstant, type Node, type Op, reachable } from "./graph.js";
import { isNegative, isPositive, type Range, rangeOf } from "./interval.js";
import { branchesOf, choicesIn, copier, type Expressions, eliminated } from "./surface.js";

/** Comparisons that are taken apart, at most: branches double. */
const mostChoices = 5;

/** Operations of flows that no path leaves or reaches but along them: their slopes are finite. */
const smooth: ReadonlySet<Op> = new Set<Op>(
  "constant,input,add,sub,mul,neg,exp,sin,cos,tanh,min,max,abs,softplus,expm1,erf".split(",") as Op[],
);

/** In words, what is found; undefined where that is not so, or cannot be told. Where noise moves E itself it is not asked. */
export function crossedWhereItCan(
  cell: Expressions & { readonly states: readonly string[] },
  surface: Node,
  ranges: (name: string) => Range,
): string | undefined {
  const { graph: g, copy } = copier(cell.graph);
  const names = cell.states.map((n) => `y.${n}`);
  const y = names.map((n) => g.input(n));
  const e = copy(surface);
  const drift = cell.drift.map(copy);
  const channels = cell.channels.map(
    (c): Channel => ({ ...c, drives: c.drives.map((d) => ({ ...d, amplitude: copy(d.amplitude) })) }),
  );
  const along = (node: Node, direction: readonly Node[]): Node =>
    vectorJacobian(g, [node], [g.one], y).reduce((sum, d, i) => g.add(sum, g.mul(d, direction[i]!)), g.zero);
  const rate = along(e, drift);
  if (choicesIn(g, [e]).length > 0 || choicesIn(g, [rate]).length > mostChoices) return undefined;
  /** Rate and drift with all comparisons in the rate made, the outermost first, as others stand within it. */
  const branchesIn = (one: { rate: Node; drift: Node[] }): { rate: Node; drift: Node[] }[] => {
    const choice = choicesIn(g, [one.rate]).at(-1);
    if (!choice) return [one];
    return [0, 1].flatMap((side) => {
      const taken = (node: Node): Node => branchesOf(g, node, choice)[side]!;
      return branchesIn({ rate: taken(one.rate), drift: one.drift.map(taken) });
    });
  };
  const branches = branchesIn({ rate, drift });
  const on = eliminated(g, e, names);
  const found = new Set<string>();
  for (const branch of branches) {
    if (isConstant(branch.rate, 0)) continue;
    const there = g.substitute(branch.rate, on);
    const gradient = vectorJacobian(g, [branch.rate], [g.one], y);
    const driven = channels.map((c) => g.substitute(sumOf(g, alongChannel(g, gradient, c)), on));
    const read = [...inputNames([there])];
    const flowing = cell.states.filter(
      (_, i) => !isConstant(branch.drift[i]!, 0) || channels.some((c) => c.drives.some((d) => d.state === i)),
    );
    const rated = inputNames([branch.rate]);
    const steady = !rated.has("I") && !flowing.some((n) => rated.has(`y.${n}`));
    const steep = reachable(branch.drift).some(
      ({ op, args }) =>
        !smooth.has(op) && !(op === "div" && [...inputNames([args[1]!])].every((n) => n.startsWith("p."))),
    );
    const still = eliminated(g, there, names);
    const bend = g.substitute(g.substitute(along(branch.rate, branch.drift), on), still);
    if (isPositive(rangeOf(there, ranges))) found.add("∇E·f is positive");
    else if (steady) found.add("the flow does not change ∇E·f, which is above 0 on the way there");
    else if (!read.some((n) => n.startsWith("y.")) && !steep) found.add("no path comes to E = 0 where ∇E·f is 0");
    else if (driven.some((d) => isPositive(rangeOf(d, ranges)) || isNegative(rangeOf(d, ranges))))
      found.add("noise moves ∇E·f, which is 0 at a crossing with probability 0");
    else if (still.size > 0 && driven.every((d) => isConstant(d, 0)) && isPositive(rangeOf(bend, ranges)))
      found.add("E comes to 0 from above where ∇E·f is 0");
    else return undefined;
  }
  return found.size > 0 ? [...found].join("; ") : undefined;
}
