/**
 * When is the mean of pathwise gradients the derivative of the mean? Where a path, as a function of the parameters with all
 * random numbers held fixed, is continuous, and differentiable between kinks; a path that jumps with some density has
 * a gradient that is right on almost every path and wrong in the mean (Glasserman, Gradient Estimation via Perturbation
 * Analysis, 1991, has the commuting condition for queues). What can make a path jump between the events of its solution:
 *
 * 1. *Grazing*. Crossings of E = 0 come and go where E touches 0 from below, and nowhere if ∇E·f > 0 and ∇E·g = 0 on all of
 *    E = 0: then a path that stays below stays so under a small change, and one that crosses does so transversally. Also a
 *    jump that takes E just to 0 or just not is then continuous: what it leaves below crosses at once. A hazard that is 0
 *    for a while is let pass only if that while can begin at its own event alone (absolute refractoriness; the
 *    departures of an empty queue): else events leap over it. A comparison in the flow tears paths apart likewise if they can
 *    reach it tangentially and are led on beyond it. All of it is asked of values that states can come to have (invariants.ts).
 * 2. *Coincident jumps*. Two jumps change places where their times meet. The path is continuous there if they commute, the
 *    reset on E = 0, and if neither takes the other's event back (E after the other jump is not below 0).
 * 3. *Choices in a jump*. A comparison that moves with the parameters, of a uniform or of a state, makes the jump jump where its
 *    branches differ.
 *
 * The loss may jump at t1 besides, which it says itself. Without anything random there is no mean, and all hold. What is
 * neither proven nor refuted is unproven, and nothing is vouched for it.
 */
import { Choices } from "./choices.js";
import { Coincidences } from "./coincidences.js";
import { type CheckedCell, drawOf, rangesOf } from "./exactness.js";
import type { UnbiasedCondition } from "./findings.js";
import { inputNames, type Node } from "./graph.js";
import { Grazing } from "./grazing.js";
import { Invariants } from "./invariants.js";
import { isRandom as isRandomInput } from "./random.js";
import { withOwnGraph } from "./surface.js";
import type { Circumstances } from "./use-of-cell.js";

/** All that a definition allows: any current and weights, noise on, parameters of the sign of their defaults. */
export function anyUse(cell: CheckedCell & { readonly definition: { readonly receive?: object } }): Circumstances {
  const arrivals = cell.definition.receive !== undefined;
  return {
    range: rangesOf(cell.defaults),
    draw: drawOf(cell.defaults),
    channels: cell.channels.map((_, i) => i),
    arrivals,
    meetings: arrivals,
    moved: () => true,
  };
}

/**
 * Judges whether mean gradients of spike times of a cell, used so, are derivatives of means.
 * @param random whether there is chance in them: of its own, or as other cells send at random times.
 */
export function checkUnbiased(
  given: CheckedCell,
  use: Circumstances,
  random = isRandom(given, use),
): UnbiasedCondition[] {
  const names = ["no grazing", "coincident jumps commute", "no choice in a jump"] as const;
  if (!random) {
    return names.map((name) => ({ name, verdict: "holds", detail: "the times of spikes are not random" }));
  }
  const cell = withOwnGraph(given);
  const invariants = new Invariants(cell, use);
  const within = { ...use, range: invariants.range, draw: invariants.draw, invariants };
  return [Grazing, Coincidences, Choices].map((Condition) => new Condition(cell, within).judged());
}

/** Whether noise or uniforms reach the event functions. */
export function isRandom(cell: CheckedCell, use: Pick<Circumstances, "channels" | "arrivals">): boolean {
  const found = new Set(use.channels.flatMap((c) => cell.channels[c]!.drives.map((d) => d.state)));
  const acting = cell.jumps.filter((jump) => use.arrivals || !jump.inputs.includes("w"));
  cell.states.forEach((_, i) => {
    if (acting.some(({ value }) => [...inputNames([value[i]!])].some(isRandomInput))) found.add(i);
  });
  for (;;) {
    const names = [...found].map((i) => `y.${cell.states[i]}`);
    const touched = (nodes: readonly Node[]): boolean => names.some((n) => inputNames(nodes).has(n));
    if (touched(cell.events.map((e) => e.surface))) return true;
    const more = cell.states.flatMap((_, i) => {
      const sources = [cell.drift[i]!, ...acting.map(({ value }) => value[i]!)];
      return !found.has(i) && touched(sources) ? [i] : [];
    });
    if (more.length === 0) return false;
    for (const i of more) found.add(i);
  }
}
