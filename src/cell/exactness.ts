/**
 * When does the derivative of a path exist? Holberg & Salvi (2024), theorem 3.2, ask three things of a cell:
 *
 * 1. transversality: the drift crosses the event set, ∇E·f ≠ 0 where E = 0;
 * 2. noise does not drive the event: ∇E·g = 0 where E = 0;
 * 3. jump and noise commute: g(T(y)) = ∇T·g(y), for the reset where E = 0, and for what a target receives anywhere.
 *    (A reset acts elsewhere too where an arrival may take E across 0: then it is judged anywhere as well.)
 *
 * Each is checked on the expression graph: by simplification, by signs, and where an identity does not simplify, by
 * its values at points (vanishing.ts), which are taken to the surface E = 0 where it does not hold elsewhere
 * (surface.ts). What has no value at any of the points, or would take too long, is left unproven. Whether the mean of such
 * derivatives is the derivative of the mean is another question: unbiased.ts.
 */
import { alongChannel, type Channel, channelText, directionOf, sumOf } from "./channels.js";
import { jacobianVector, vectorJacobian } from "./differentiate.js";
import { type Graph, isConstant, type Node, reachable } from "./graph.js";
import type { InputKind } from "./inputs.js";
import { anything, around, isNegative, isPositive, type Range, range, rangeOf } from "./interval.js";
import { isUniform } from "./random.js";
import { copier, eliminated, ofAnySize, type Place, vanishesAt } from "./surface.js";
import { type Event, fieldOfJump, type Jump } from "./tables.js";
import { crossedWhereItCan } from "./transversal.js";
import { Effort, tooLong, vanishes } from "./vanishing.js";
import { cellAt, chooser, mostCells } from "./which-cell.js";

export type Verdict = "holds" | "unproven" | "violated";

export interface ExactnessCondition {
  readonly name: "transversality" | "noise does not drive the event" | "jump and noise commute";
  readonly verdict: Verdict;
  /** What was found, in one line. */
  readonly detail: string;
}

export interface Exactness {
  /** False where a condition is violated. */
  readonly exact: boolean;
  readonly conditions: readonly ExactnessCondition[];
}

export interface CheckedCell {
  readonly graph: Graph;
  readonly states: readonly string[];
  readonly defaults: Readonly<Record<string, number>>;
  readonly channels: readonly Channel[];
  readonly drift: readonly Node[];
  readonly jumps: readonly Jump[];
  readonly events: readonly Event[];
  readonly ports: readonly string[];
  /** Inputs, which may be parameters without a default. */
  readonly inputs?: ReadonlyMap<string, InputKind>;
  /** States that are inputs held between samples. */
  readonly held?: readonly string[] | undefined;
}

/** Inputs as they are tried where nothing is known of them but the defaults of parameters, which keep their sign. */
export const drawOf =
  (defaults: CheckedCell["defaults"]): Place["draw"] =>
  (name, r, trial) => {
    if (isUniform(name)) return r;
    if (name === chooser) return cellAt(r);
    const value = name.startsWith("p.") ? defaults[name.slice(2)] : undefined;
    if (value === undefined) return ofAnySize(r, trial); // a state, or an input
    return value === 0 ? 0.05 + 1.9 * r : value * (0.5 + r);
  };

/** Values that inputs can have: parameters are taken to keep the sign of their defaults. */
export const rangesOf =
  (defaults: CheckedCell["defaults"]) =>
  (name: string): Range => {
    const value = name.startsWith("p.") ? defaults[name.slice(2)] : undefined;
    if (name === chooser) return range(0, mostCells, true);
    if (value !== undefined) return around(value);
    return isUniform(name) ? range(0, 1, false) : anything;
  };

/** Some of a list, in words. */
export const some = (list: readonly string[], most = 3): string =>
  list.slice(0, most).join("; ") + (list.length > most ? `; and ${list.length - most} more` : "");

/** A condition of several parts: those that violate it, and those that could not be told, with why. */
class Parts {
  readonly violated: string[] = [];
  private readonly untold = new Map<string, string[]>();

  add(part: string, holds: boolean | string): void {
    if (holds === true) return;
    if (holds === false) this.violated.push(part);
    else this.untold.set(holds, [...(this.untold.get(holds) ?? []), part]);
  }

  /** The verdict, with words for each. */
  verdict(
    name: ExactnessCondition["name"],
    holds: string,
    formula: string,
    violated: (parts: string) => string,
  ): ExactnessCondition {
    if (this.violated.length > 0) return { name, verdict: "violated", detail: violated(some(this.violated)) };
    if (this.untold.size === 0) return { name, verdict: "holds", detail: holds };
    const why = [...this.untold].map(([reason, parts]) => `${formula} ${reason} (${some(parts)})`);
    return { name, verdict: "unproven", detail: `${why.join("; ")}: whether the gradient is exact is not known` };
  }
}

/** Whether the drift crosses the surface of an event, from the rate ∇E·f and whether noise moves E. */
function crossing(
  cell: CheckedCell,
  event: Event,
  { rate, noisy }: { readonly rate: Node; readonly noisy: boolean },
  effort: Effort,
): Pick<ExactnessCondition, "verdict" | "detail"> {
  const { surface } = event;
  const never = (where: string) => ({
    verdict: "violated" as const,
    detail: `the drift never moves the event function (∇E·f is ${where} 0): the event cannot be crossed`,
  });
  if (surface.op === "constant" && surface.value < 0)
    return { verdict: "holds", detail: "E is below 0: it never happens" };
  if (isConstant(rate, 0)) {
    // What others' jumps take across, as a queue that they fill, happens at their times.
    const others = cell.jumps.filter((j) => j !== event.jump && j.inputs.includes("y"));
    const taken = !noisy && others.some((j) => movesEvent(cell, event, j, effort));
    return taken ? { verdict: "holds", detail: "other jumps alone take E across 0" } : never("identically");
  }
  const ranges = rangesOf(cell.defaults);
  if (isPositive(rangeOf(rate, ranges))) return { verdict: "holds", detail: "∇E·f is positive everywhere" };
  const on = ownPlace(cell, surface);
  if (isPositive(rangeOf(on.there(rate), ranges))) return { verdict: "holds", detail: "∇E·f is positive where E = 0" };
  if (on.vanishes(rate, [], effort) === true) return never("where E = 0");
  const signs = modeOf(surface) ? eitherWay(cell, surface, { rate, noisy }, ranges) : [];
  if (signs.includes(1) && !signs.includes(0))
    return { verdict: "holds", detail: "∇E·f has one sign where E = 0, on either side" };
  const where = noisy ? undefined : crossedWhereItCan(cell, surface, ranges);
  if (where) return { verdict: "holds", detail: `where E crosses 0: ${where}` };
  return {
    verdict: "unproven",
    detail: "∇E·f is not positive everywhere on E = 0: the gradient is exact only at crossings with ∇E·f ≠ 0",
  };
}

/** The mode of a located condition, which says whether its surface or the negative of it is to be crossed. */
const modeOf = ({ op, args }: Node): Node | undefined =>
  op === "select" && isConstant(args[0]!, 0.5) && args[1]!.name.startsWith("y.~") ? args[1] : undefined;

/**
 * The signs with which the drift crosses the surface of a condition that does not hold, and of one that does; 0 where there is
 * no one sign. Below 0 that side is left for good until a jump. Where neither drift nor noise of a side moves the surface, as with a
 * clock that has come to 0 and rests there, nothing crosses: there is no sign.
 */
function eitherWay(
  cell: CheckedCell,
  surface: Node,
  { rate, noisy }: { readonly rate: Node; readonly noisy: boolean },
  ranges: (name: string) => Range,
): number[] {
  const g = cell.graph;
  return [g.zero, g.one].flatMap((held) => {
    const at = new Map([[modeOf(surface)!, held]]);
    if (!noisy && isConstant(g.substitute(rate, at), 0)) return [];
    const values = rangeOf(ownPlace(cell, g.substitute(surface, at)).there(g.substitute(rate, at)), ranges);
    return isPositive(values) ? 1 : isNegative(values) ? -1 : 0;
  });
}

/** The surface of an event, and what expressions are there: in a graph of its own. */
function ownPlace({ graph: from, states, defaults }: CheckedCell, surface: Node) {
  const { graph: g, copy } = copier(from);
  const names = states.map((n) => `y.${n}`);
  const place: Place = { surfaces: [copy(surface)], movable: names, draw: drawOf(defaults) };
  const known = eliminated(g, copy(surface), names);
  /** An expression with a state eliminated, where that is possible. */
  const there = (node: Node): Node => g.substitute(copy(node), known);
  return {
    there,
    vanishes: (root: Node, terms: readonly Node[], effort: Effort): boolean | string =>
      isConstant(there(root), 0) || vanishesAt(g, copy(root), terms.map(copy), place, effort),
  };
}

/** Checks the three conditions on a parsed cell, for each of its events and jumps. */
export function checkExactness(cell: CheckedCell): Exactness {
  const { graph: g, states, channels, events } = cell;
  const y = states.map((n) => g.input(`y.${n}`));
  const gradients = events.map((e) => vectorJacobian(g, [e.surface], [g.one], y));
  const effort = new Effort();
  const places = new Map<Node, ReturnType<typeof ownPlace>>();

  /** Whether an expression vanishes where an event's surface is 0. */
  const onSurface = (surface: Node, root: Node, terms: readonly Node[]): boolean | string => {
    const everywhere = vanishes(root, terms, effort);
    if (everywhere === true || everywhere === tooLong) return everywhere;
    const on = places.get(surface) ?? ownPlace(cell, surface);
    places.set(surface, on);
    return on.vanishes(root, terms, effort);
  };

  const crossings = gradients.map((gradient, e) => {
    const rate = gradient.reduce((sum, d, i) => g.add(sum, g.mul(d, cell.drift[i]!)), g.zero);
    const noisy = channels.some((c) => !isConstant(sumOf(g, alongChannel(g, gradient, c)), 0));
    const { verdict, detail } = crossing(cell, events[e]!, { rate, noisy }, effort);
    return { verdict, detail: events.length > 1 ? `${events[e]!.name}: ${detail}` : detail };
  });
  const worst = (["violated", "unproven"] as const).find((v) => crossings.some((c) => c.verdict === v)) ?? "holds";
  const transversality = { name: "transversality", ...crossings.find((c) => c.verdict === worst)! } as const;

  const driving = new Parts();
  gradients.forEach((gradient, e) => {
    const what = events.length > 1 ? ` at ${events[e]!.name}` : "";
    for (const channel of channels) {
      const along = alongChannel(g, gradient, channel);
      const sizes = [...(along.length > 1 ? along : []), ...channel.drives.map((d) => d.amplitude)];
      const driven = onSurface(events[e]!.surface, sumOf(g, along), sizes);
      driving.add(`${channelText(states, channel)}${what}`, driven);
    }
  });
  const noise = driving.verdict(
    "noise does not drive the event",
    "∇E·g is 0 where E = 0",
    "∇E·g",
    (parts) =>
      `the noise on ${parts.replaceAll(";", ",")} moves the event function (∇E·g ≠ 0 where E = 0): ` +
      "use escape noise (a hazard integrated to a random threshold) in place of a hard threshold on a noisy state",
  );

  const clashing = new Parts();
  for (const jump of cell.jumps) {
    const { value, inputs } = jump;
    if (!inputs.includes("y")) continue;
    const after = new Map(y.map((node, i) => [node, value[i]!] as const));
    const jumpSize = reachable(value).length;
    const field = fieldOfJump(cell, jump);
    for (const channel of channels) {
      const driven = `with the noise on ${channelText(states, channel)}`;
      if (!effort.spend(jumpSize)) {
        clashing.add(`${field} ${driven}`, tooLong);
        continue;
      }
      const moved = jacobianVector(g, value, directionOf(y, channel));
      const amplitudesAfter = new Map(channel.drives.map((d) => [d.state, g.substitute(d.amplitude, after)] as const));
      states.forEach((name, r) => {
        const expected = amplitudesAfter.get(r) ?? g.zero;
        const [root, terms] = [g.sub(expected, moved[r]!), [expected, moved[r]!]];
        const everywhere = vanishes(root, terms, effort);
        const event = everywhere === false ? actsOnlyOn(cell, jump, effort) : undefined;
        clashing.add(`${field}.${name} ${driven}`, event ? onSurface(event.surface, root, terms) : everywhere);
      });
    }
  }
  const commute = clashing.verdict(
    "jump and noise commute",
    "g(T(y)) = ∇T·g(y)",
    "g(T(y)) − ∇T·g(y)",
    (parts) =>
      `${parts} (g(T(y)) ≠ ∇T·g(y)): make the jump a shift (v - vReset) instead of a set value, ` +
      "or take the noise off that state",
  );

  const conditions = [transversality, noise, commute];
  return { exact: conditions.every((c) => c.verdict !== "violated"), conditions };
}

/** The event on whose surface alone a jump acts: that of which it is the jump, where no other jump moves its event function. */
function actsOnlyOn(cell: CheckedCell, jump: Jump, effort: Effort): Event | undefined {
  const own = cell.events.filter((e) => e.jump === jump);
  if (own.length !== 1) return undefined;
  const others = cell.jumps.filter((j) => j !== jump && j.inputs.includes("y"));
  return others.every((j) => !movesEvent(cell, own[0]!, j, effort)) ? own[0] : undefined;
}

/** Whether a jump changes an event function. */
export function movesEvent(
  { graph, states }: CheckedCell,
  { surface }: Pick<Event, "surface">,
  jump: Jump,
  effort: Effort,
): boolean {
  const { graph: g, copy } = copier(graph);
  const before = copy(surface);
  const after = g.substitute(before, new Map(states.map((n, i) => [g.input(`y.${n}`), copy(jump.value[i]!)])));
  return vanishes(g.sub(after, before), [before], effort) !== true;
}
