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
 *    reach it tangentially and are led on beyond it.
 * 2. *Coincident jumps*. Two jumps change places where their times meet. The path is continuous there if they commute, the
 *    reset on E = 0, and if neither takes the other's event back (E after the other jump is not below 0).
 * 3. *Choices in a jump*. A comparison that moves with the parameters, of a uniform or of a state, makes the jump jump where its
 *    branches differ.
 *
 * The loss may jump at t1 besides, which it says itself. Without anything random there is no mean, and all hold. What is
 * neither proven nor refuted is unproven, and nothing is vouched for it.
 */
import { vectorJacobian } from "./differentiate.js";
import { type CheckedCell, drawOf, movesEvent, rangesOf, some, type Verdict } from "./exactness.js";
import { Evaluation, type Graph, inputNames, isConstant, type Node, type Op, reachable } from "./graph.js";
import { isNegative, isPositive, type Range, rangeOf } from "./interval.js";
import {
  branchesOf,
  type Choice,
  choicesIn,
  eliminated,
  type Place,
  pointsOn,
  vanishesAt,
  withOwnGraph,
} from "./surface.js";
import type { Event, Jump } from "./tables.js";
import { Effort } from "./vanishing.js";

export interface UnbiasedCondition {
  readonly name: "no grazing" | "coincident jumps commute" | "no choice in a jump";
  readonly verdict: Verdict;
  /** What was found, in one line. */
  readonly detail: string;
  /** What to change where it does not hold. */
  readonly mend?: string;
}

/** What is known of how a cell is used. */
export interface Circumstances {
  /** Values that an input can have, and those that are tried: y.<state>, p.<parameter>, I, u, w. */
  readonly range: (name: string) => Range;
  readonly draw: Place["draw"];
  /** Noise channels that are not 0, by index. */
  readonly channels: readonly number[];
  /** Whether spikes arrive at neurons that may fire, and whether arrivals of different weights may meet. */
  readonly arrivals: boolean;
  readonly meetings: boolean;
  /** Whether a parameter (p.<parameter>) or the weights (w) are differentiated by. */
  readonly moved: (name: string) => boolean;
}

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

const mends = {
  "no grazing":
    "let spikes come from a hazard that is above 0 (s' = exp((v - vTh) / d), event s, s = log(u) at start and reset), or take the noise off",
  "coincident jumps commute":
    "let spikes arrive at a state that the reset leaves or shifts (i + w beside v), or reset by a shift (v - vReset)",
  "no choice in a jump": "give each kind of event a hazard of its own, or the branches one value where they meet",
} as const;

/** What was found against a condition. */
class Findings {
  private readonly against: string[] = [];
  private readonly untold: string[] = [];

  constructor(
    private readonly name: UnbiasedCondition["name"],
    private readonly holds: string,
  ) {}

  violated(what: string): void {
    if (!this.against.includes(what)) this.against.push(what);
  }

  unproven(what: string): void {
    if (!this.untold.includes(what)) this.untold.push(what);
  }

  /** @param holds whether it does, or why that cannot be told. */
  add(holds: boolean | string, against: string, subject: string): void {
    if (holds === false) this.violated(against);
    else if (holds !== true) this.unproven(`${subject} ${holds}`);
  }

  condition(): UnbiasedCondition {
    const { name, against, untold } = this;
    const mend = mends[name];
    if (against.length > 0) return { name, verdict: "violated", detail: some(against), mend };
    if (untold.length > 0) return { name, verdict: "unproven", detail: `it is not known ${some(untold)}`, mend };
    return { name, verdict: "holds", detail: this.holds };
  }
}

/** Judges whether mean gradients of spike times of a cell, used so, are derivatives of means. */
export function checkUnbiased(given: CheckedCell, use: Circumstances): UnbiasedCondition[] {
  const names = ["no grazing", "coincident jumps commute", "no choice in a jump"] as const;
  if (!isRandom(given, use)) {
    return names.map((name) => ({ name, verdict: "holds", detail: "the times of spikes are not random" }));
  }
  const judge = new Judge(withOwnGraph(given), use);
  return [judge.grazing(), judge.coincidences(), judge.choices()];
}

/** Whether noise or uniforms reach the event functions. */
export function isRandom(cell: CheckedCell, use: Pick<Circumstances, "channels" | "arrivals">): boolean {
  const found = new Set(use.channels.map((c) => cell.channels[c]!.state));
  const acting = cell.jumps.filter((jump) => use.arrivals || !jump.inputs.includes("w"));
  const reads = (node: Node, name: string): boolean => inputNames([node]).has(name);
  cell.states.forEach((_, i) => {
    if (acting.some(({ value }) => reads(value[i]!, "u"))) found.add(i);
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

/** Operations that depend on what they have a derivative by, and on nothing else. */
const smoothOperations: ReadonlySet<Op> = new Set<Op>(
  "constant,input,add,sub,mul,div,neg,exp,log,sqrt,sin,cos,tanh,softplus,expm1,log1p,erf".split(",") as Op[],
);

class Judge {
  private readonly g: Graph;
  private readonly y: readonly Node[];
  private readonly names: readonly string[];
  private readonly effort = new Effort();

  constructor(
    private readonly cell: CheckedCell,
    private readonly use: Circumstances,
  ) {
    this.g = cell.graph;
    this.names = cell.states.map((n) => `y.${n}`);
    this.y = this.names.map((n) => this.g.input(n));
  }

  private place(...surfaces: Node[]): Place {
    return { surfaces, movable: this.names, draw: this.use.draw };
  }

  private vanishes(root: Node, terms: readonly Node[], place: Place): boolean | string {
    return vanishesAt(this.g, root, terms, place, this.effort);
  }

  /** Σ ∂surface/∂y · direction. */
  private along(surface: Node, direction: readonly Node[]): Node {
    const { g, y } = this;
    return vectorJacobian(g, [surface], [g.one], y).reduce((sum, d, i) => g.add(sum, g.mul(d, direction[i]!)), g.zero);
  }

  /** An expression on a surface, with a state eliminated where that is possible. */
  private on(surface: Node, root: Node): Node {
    return this.g.substitute(root, eliminated(this.g, surface, this.names));
  }

  private rangeOn(surface: Node, root: Node): Range {
    const there = this.on(surface, root);
    // What cancels, as q in (q + 1) - (q - v), is known by its derivative; not where that may be 0 and the value change.
    const smooth = reachable([there]).every((n) => smoothOperations.has(n.op));
    const slopes = smooth ? vectorJacobian(this.g, [there], [this.g.one], this.y) : [];
    const cancelled = this.y.flatMap((n, i) =>
      slopes[i] && isConstant(slopes[i], 0) ? [[n, this.g.zero] as const] : [],
    );
    return rangeOf(this.g.substitute(there, new Map(cancelled)), this.use.range);
  }

  /** The channels whose noise moves a surface where it is 0: by the name of their state; or why that cannot be told. */
  private drivenBy(surface: Node): { state: string; driven: boolean | string }[] {
    const { g, y, cell } = this;
    const gradient = vectorJacobian(g, [surface], [g.one], y);
    return this.use.channels.map((c) => {
      const { state, amplitude } = cell.channels[c]!;
      const product = g.mul(gradient[state]!, amplitude);
      const none = isConstant(this.on(surface, product), 0) || this.vanishes(product, [amplitude], this.place(surface));
      return { state: cell.states[state]!, driven: typeof none === "string" ? none : !none };
    });
  }

  private get named(): boolean {
    return this.cell.events.length > 1;
  }

  grazing(): UnbiasedCondition {
    const { cell } = this;
    const found = new Findings("no grazing", "∇E·f > 0 and ∇E·g = 0 where E = 0: crossings do not come and go");
    for (const event of cell.events) {
      const { surface } = event;
      const at = this.named ? ` (${event.name})` : "";
      for (const { state, driven } of this.drivenBy(surface)) {
        const what = `the noise on "${state}" moves the event function${at}: crossings come and go with it`;
        found.add(typeof driven === "string" ? driven : !driven, what, `whether ${what}: ∇E·g`);
      }
      for (const choice of this.movingChoices([surface])) {
        const [a, b] = branchesOf(this.g, surface, choice);
        const what = `the event function${at} jumps where a comparison in it changes`;
        found.add(this.agree(a, b, this.place(choice.surface)), what, `whether ${what}: the difference`);
      }
      const rate = this.along(surface, cell.drift);
      if (isPositive(this.rangeOn(surface, rate)) || this.onlyDeadAfterSpike(event, rate)) continue;
      const least = this.leastRate(surface, rate);
      if (least === undefined || least.value > 0) {
        found.unproven(`whether ∇E·f > 0 everywhere on E = 0${at}${least ? ", as at all points tried" : ""}`);
      } else if (least.value === 0) {
        found.unproven(
          `whether spikes leap over times at which ∇E·f = 0${at}: it is 0 on part of E = 0, not only after the spike before`,
        );
      } else {
        found.violated(
          `∇E·f is not above 0 everywhere on E = 0${at} (${shown(least.value)} at ${least.where}): ` +
            "what is random decides which paths cross, and as a parameter changes, crossings come and go",
        );
      }
    }
    const flow = [...cell.drift, ...this.use.channels.map((c) => cell.channels[c]!.amplitude)];
    for (const choice of choicesIn(this.g, flow)) {
      if (this.parts(choice))
        found.unproven("whether paths part where they just reach a comparison in the flow, or just not");
    }
    return found.condition();
  }

  /**
   * Whether a comparison in the flow may tear paths apart: where its surface is reached tangentially and the flow beyond leads
   * on. It does not if that flow leads back, or the same way as before it, or if no path reaches the surface tangentially.
   */
  private parts(choice: Choice): boolean {
    const { g, cell } = this;
    const { surface } = choice;
    if (![...inputNames([surface])].some((n) => n.startsWith("y."))) return false;
    const sides = [0, 1].map((side) => {
      const taken = (node: Node): Node => branchesOf(g, node, choice)[side]!;
      const noise = this.use.channels.map((c) => {
        const { state, amplitude } = cell.channels[c]!;
        return this.along(
          surface,
          this.y.map((_, i) => (i === state ? taken(amplitude) : g.zero)),
        );
      });
      return { drift: this.along(surface, cell.drift.map(taken)), noise };
    });
    const [below, above] = sides as [(typeof sides)[0], (typeof sides)[0]];
    const place = this.place(surface);
    const same = (a: Node, b: Node): boolean => a === b || this.vanishes(g.sub(a, b), [a, b], place) === true;
    if (!below.noise.every((n, c) => same(n, above.noise[c]!))) return true;
    if (same(below.drift, above.drift)) return false;
    if (this.rangeOn(surface, g.sub(above.drift, below.drift)).most <= 0) return false;
    const ranges = [below, above].map(({ drift }) => this.rangeOn(surface, drift));
    const driven = this.drivenBy(surface).some((d) => d.driven !== false);
    return driven || !(ranges.every(isPositive) || ranges.every(isNegative));
  }

  /** A rate at a point of a surface: the nearest to the origin where it is below 0, else 0, else above 0. */
  private leastRate(surface: Node, rate: Node): { value: number; where: string } | undefined {
    const points = pointsOn(this.g, this.place(surface), [rate], this.effort);
    const evaluation = new Evaluation([rate]);
    const found = points.flatMap(({ on }) => {
      const value = evaluation.at(on)[0]!;
      const read = this.cell.states.flatMap((n) => (on.has(`y.${n}`) ? [[n, on.get(`y.${n}`)!] as const] : []));
      const where = read.map(([n, v]) => `${n} = ${shown(v)}`).join(", ");
      const far = read.reduce((sum, [, v]) => sum + Math.abs(v), 0);
      return Number.isFinite(value) ? [{ value, where, order: [Math.sign(value), far] as const }] : [];
    });
    return found.sort((a, b) => a.order[0] - b.order[0] || a.order[1] - b.order[1])[0];
  }

  /**
   * Whether a rate is 0 only in a region that paths enter by the event's own jump alone, and above 0 elsewhere: what is
   * integrated since the spike is then still where it began.
   */
  private onlyDeadAfterSpike(event: Event, rate: Node): boolean {
    const { g, cell } = this;
    return choicesIn(g, [rate]).some((choice) => {
      const [below, above] = branchesOf(g, rate, choice);
      const dead = isConstant(below, 0) ? "below" : isConstant(above, 0) ? "above" : undefined;
      if (!dead || !isPositive(this.rangeOn(event.surface, dead === "below" ? above : below))) return false;
      const { surface } = choice;
      const flow = this.along(surface, cell.drift);
      const across = this.rangeOn(surface, flow);
      const out = dead === "below" ? isPositive(across) : isNegative(across);
      const still = this.drivenBy(surface).every(({ driven }) => driven === false);
      return (
        (out || isConstant(flow, 0)) &&
        still &&
        this.jumpsBeside(event).every((jump) => {
          const by = this.shift(surface, jump);
          return by !== undefined && (dead === "below" ? by >= 0 : by <= 0);
        })
      );
    });
  }

  /** What a jump adds to an expression, where that is one number. */
  private shift(root: Node, jump: Jump): number | undefined {
    const { g } = this;
    if (!this.moves(root, jump)) return 0;
    const after = this.after(jump, root);
    const by = g.sub(after, root);
    const [point] = pointsOn(g, this.place(), [by], this.effort);
    const value = point ? Number(new Evaluation([by]).at(point.on)[0]!.toPrecision(9)) : Number.NaN;
    const fixed = Number.isFinite(value) && this.vanishes(g.sub(by, g.constant(value)), [after, root], this.place());
    return fixed === true ? value : undefined;
  }

  /** Jumps that may come between a cell's spikes: arrivals, and those of other events. */
  private jumpsBeside(event: Event | undefined): Jump[] {
    const { jumps, events } = this.cell;
    const own = new Set(events.flatMap((e) => e.jump ?? []));
    const arrivals = jumps.filter((j) => this.use.arrivals && !own.has(j) && j.inputs.includes("y"));
    return [...arrivals, ...events.flatMap((e) => (e === event ? [] : (e.jump ?? [])))];
  }

  private moves(surface: Node, jump: Jump): boolean {
    return movesEvent(this.cell, { surface }, jump, this.effort);
  }

  /** An expression after a jump. */
  private after(jump: Jump, root: Node): Node {
    return this.g.substitute(root, new Map(this.y.map((n, i) => [n, jump.value[i]!])));
  }

  /** A jump with inputs of another name, where it acts beside one that has the same. */
  private other(jump: Jump): Jump {
    const { g } = this;
    const names = new Map(["u", "w"].map((n) => [g.input(n), g.input(`${n}2`)]));
    return { ...jump, value: jump.value.map((v) => g.substitute(v, names)) };
  }

  coincidences(): UnbiasedCondition {
    const { cell, use } = this;
    const found = new Findings("coincident jumps commute", "no order of jumps at one time matters");
    cell.events.forEach((event, e) => {
      for (const jump of this.jumpsBeside(event)) {
        const rival = cell.events.findIndex((other) => other.jump === jump);
        // Each pair of events once for their order, but twice for what one takes back of the other.
        this.meeting(found, event, jump, cell.events[rival], rival >= 0 && rival < e);
      }
    });
    if (use.meetings) {
      for (const jump of this.jumpsBeside(undefined).filter((j) => j.inputs.includes("w"))) {
        this.commute(found, jump, this.other(jump), this.place(), "two arrivals at one time");
      }
    }
    return found.condition();
  }

  /** An event and a jump at the same time. */
  private meeting(found: Findings, event: Event, jump: Jump, rival: Event | undefined, ordered: boolean): void {
    const beside = this.other(jump);
    const what = rival ? `the event ${rival.name}` : "an arrival";
    const own = this.named ? `the event ${event.name}` : "the neuron's own spike";
    const moved = this.moves(event.surface, jump);
    const surfaces = rival ? [event.surface, rival.surface] : [event.surface];
    if (moved) {
      const back = this.takesBack(event, beside, this.place(...surfaces));
      const mark = `${what} can take ${own} back that was to come at that time`;
      found.add(typeof back === "string" ? back : !back, mark, `whether ${mark}: E after it`);
    }
    if (ordered || !event.jump) return;
    // An arrival that may take E across sets off the reset elsewhere than at E = 0.
    const place = moved && !rival ? this.place() : this.place(...surfaces);
    this.commute(found, event.jump, beside, place, `${own} and ${what} at one time`);
  }

  /** Whether E may be below 0 after a jump at E = 0. */
  private takesBack(event: Event, jump: Jump, place: Place): boolean | string {
    const after = this.after(jump, event.surface);
    const points = pointsOn(this.g, place, [after], this.effort);
    const values = points.map(({ on }) => new Evaluation([after]).at(on)[0]!).filter(Number.isFinite);
    const size = Math.max(1e-300, ...values.map(Math.abs));
    if (values.length === 0) return "has no finite value at any point tried";
    return values.some((v) => v < -1e-9 * size);
  }

  private commute(found: Findings, first: Jump, second: Jump, place: Place, what: string): void {
    const [a, b] = [first, second].map((one, i) => one.value.map((v) => this.after(i === 0 ? second : first, v)));
    this.cell.states.forEach((name, r) => {
      const mark = `${what}: "${name}" after both depends on their order`;
      found.add(this.agree(a![r]!, b![r]!, place), mark, `whether this is so, ${mark}: the difference`);
    });
  }

  private agree(a: Node, b: Node, place: Place): boolean | string {
    return this.vanishes(this.g.sub(a, b), [a, b], place);
  }

  /**
   * Names of inputs that move with what is differentiated by: parameters, weights, and states, also by their flow up to a jump.
   * A state that only jumps between given numbers does not, though a choice among these be made by a parameter.
   */
  private movingInputs(): Set<string> {
    const { cell, use } = this;
    const inputs = [...Object.keys(cell.defaults).map((n) => `p.${n}`), "w"];
    const moving = new Set(inputs.filter(use.moved));
    for (let before = -1; moving.size !== before; ) {
      before = moving.size;
      cell.states.forEach((_, i) => {
        const flows = !isConstant(cell.drift[i]!, 0) || use.channels.some((c) => cell.channels[c]!.state === i);
        if (flows || cell.jumps.some(({ value }) => this.varies(value[i]!, moving))) moving.add(this.names[i]!);
      });
    }
    return moving;
  }

  /** Whether an expression has a derivative by one of some inputs. */
  private varies(node: Node, inputs: ReadonlySet<string>): boolean {
    const { g } = this;
    const read = [...inputNames([node])].filter((n) => inputs.has(n)).map((n) => g.input(n));
    return read.length > 0 && vectorJacobian(g, [node], [g.one], read).some((d) => !isConstant(d, 0));
  }

  /** Comparisons that change as parameters do, on what is random. */
  private movingChoices(roots: readonly Node[]): Choice[] {
    const moving = this.movingInputs();
    return choicesIn(this.g, roots).filter(
      ({ surface }) =>
        [...inputNames([surface])].some((n) => n === "u" || n.startsWith("y.")) && this.varies(surface, moving),
    );
  }

  choices(): UnbiasedCondition {
    const { cell, g, use } = this;
    const found = new Findings("no choice in a jump", "no jump makes a choice that parameters move");
    for (const jump of cell.jumps) {
      if (jump.inputs.includes("w") && !use.arrivals) continue;
      const event = cell.events.find((e) => e.jump === jump);
      const alone = event && this.jumpsBeside(event).every((j) => !this.moves(event.surface, j)) ? event : undefined;
      for (const choice of this.movingChoices(jump.value)) {
        const { surface } = choice;
        if (!(alone ? this.rangeOn(alone.surface, surface) : rangeOf(surface, use.range)).zero) continue;
        const surfaces = [surface, ...(alone ? [alone.surface] : [])];
        const place = { ...this.place(...surfaces), movable: ["u", ...this.names] };
        cell.states.forEach((name, r) => {
          const [a, b] = branchesOf(g, jump.value[r]!, choice);
          const random = inputNames([surface]).has("u") ? "a uniform u" : "a state";
          const what = `"${name}" in ${jump.name} jumps where a comparison of ${random} changes`;
          found.add(this.agree(a, b, place), what, `whether ${what}: the difference`);
        });
      }
    }
    return found.condition();
  }
}

const shown = (value: number): string => String(Number(value.toPrecision(3)));
