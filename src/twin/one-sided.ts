/**
 * Where derivatives of a path are one-sided, and the gradient is that of one side: an event comes at the same time as another, or as an
 * arrival, and what follows depends on which is first; a path begins on the surface of a condition, or a jump leads onto one; or it only
 * touches one (tangential.ts). The first paths are solved in float64 and looked at, event by event.
 *
 * Let A and B come at a state y, B by δ later than A or before it, as they would without each other. With r the rate of E and f the flow,
 * A delays B, where it leaves E_B as it is, by κ_B = r_B(y)/r_B(T_A y), and what both lead to moves with δ by
 *
 *     κ_B (∇T_B f(T_A y) − f⁺)   where A is first,   ∇T_A ∇T_B f(y) − κ_A ∇T_A f(T_B y) − (1 − κ_A) f⁺   where B is.
 *
 * It is one derivative where these are the same, T_B T_A y = T_A T_B y and neither takes the other's E from 0.
 */
import { type Cell, parameterInput, stateInput } from "../cell/cell.js";
import type { CompiledCell } from "../cell/emit-js.js";
import { inputNames } from "../cell/graph.js";
import { timeState } from "../cell/hybrid.js";
import { weightAt } from "../network/connections.js";
import { parameterLayout, type View } from "../plan/layout.js";
import { byChance, movedBy } from "../plan/moved.js";
import type { SolvePlan } from "../plan/plan.js";
import type { SubStepTangent } from "./advance.js";
import { compileFor } from "./compile.js";
import { stepperOf } from "./exponential.js";
import { type Operation, type PathResult, PathSolver } from "./forward.js";
import { counterNoise } from "./noise.js";
import { reversePath } from "./reverse.js";
import { clearanceOf, leastClearance32, tangential, termsOf } from "./tangential.js";

/** Times this near to each other, as a part of a step, are one time: neither float32 nor sums of float64 tell them apart. */
const sameTime = 1e-6;
/** Parts of their size by which numbers of both sides differ, beyond rounding. */
const apart = 1e-7;

/** What happens at a time: an event, or an arrival at a port. */
type What = { readonly event: number; readonly u: number } | { readonly port: number; readonly w: number };

type Fire = Operation & { kind: "fire" };
type Advance = Operation & { kind: "advance" };

/** Events that only let one happen again (hybrid.ts). */
const isArming = (name: string): boolean => name.endsWith(" again");

const norm = (v: Float64Array): number => v.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
const differ = (a: Float64Array, b: Float64Array, size = Math.max(norm(a), norm(b))): boolean =>
  a.some((x, i) => Math.abs(x - b[i]!) > apart * size);

class Look {
  private readonly moved: ReadonlySet<string>;
  private readonly stateMoves: readonly boolean[];
  private readonly parameterMoves: readonly boolean[];
  /** Events that may come with others: those that only arm one again follow from it. */
  private readonly rivals: readonly number[];
  /** States that begin where samples say, by which the gradient is taken. */
  private readonly given: ReadonlySet<number | undefined>;
  private readonly n: number;
  private readonly unread: Float64Array;
  private readonly still: Float64Array;
  private readonly unmoved: Float64Array;
  /** Of the neuron that is looked at. */
  private p: Float64Array = new Float64Array(0);
  private I = 0;

  constructor(
    private readonly plan: SolvePlan,
    private readonly cell: CompiledCell,
    private readonly solver: PathSolver,
    private readonly views: readonly View[],
  ) {
    const { states, parameters, channels } = cell.cell;
    this.moved = movedBy(plan, views);
    this.stateMoves = states.map((name) => this.moved.has(stateInput(name)));
    this.parameterMoves = parameters.map((name) => this.moved.has(parameterInput(name)));
    this.rivals = cell.cell.events.flatMap(({ name }, e) => (isArming(name) ? [] : [e]));
    this.given = new Set(views.map((view) => view.state));
    this.n = states.length;
    this.unread = new Float64Array(channels.length);
    this.still = new Float64Array(parameters.length);
    this.unmoved = new Float64Array(this.n);
  }

  /** What is said of a path; undefined where nothing is. */
  told(result: PathResult): string | undefined {
    const { plan } = this;
    const { dt, maxSpikes } = plan;
    const { operations, startUniforms, spikes } = result;
    const lastSpike = maxSpikes > 0 ? spikes[maxSpikes - 1] : undefined;
    const end = lastSpike ? (lastSpike.step + lastSpike.fraction + sameTime) * dt : Number.POSITIVE_INFINITY;
    const last: ({ at: number; fire: Fire } | undefined)[] = Array(plan.network.neurons);
    const begun = new Set<number>();
    let step = -1;
    const place = new Float64Array(plan.network.neurons);
    for (const op of operations) {
      if (op.kind === "step") {
        step++;
        place.fill(0);
        continue;
      }
      const k = op.neuron;
      if (op.kind === "advance") {
        const { subStep } = op;
        [this.p, this.I] = [subStep.p, subStep.I];
        place[k] = subStep.r + subStep.h;
        if (!begun.has(k)) {
          begun.add(k);
          const found = this.starts(subStep.y, startUniforms[k]!);
          if (found !== undefined) return this.line(found, k, 0);
        }
        continue;
      }
      if (op.kind === "kick" || (op.kind === "fire" && !this.rivals.includes(op.event))) continue;
      const at = step * dt + place[k]!;
      if (at > end) return undefined;
      const what = this.whatOf(op);
      const arrivalParts = op.kind === "receive" ? this.partsFrom(result, op, step + place[k]! / dt) : undefined;
      const parts = (rival: number, y: Float64Array): boolean => arrivalParts ?? this.parts(what, rival, y);
      let found = this.meets(what, op.before, (rival) => parts(rival, op.before));
      const fired = last[k];
      // An event that has just been, and an arrival that it did not bring about.
      const caused = op.kind === "receive" && (op.spike === undefined || op.spike === fired?.fire.spike);
      if (found === undefined && op.kind !== "fire" && fired && !caused && at - fired.at <= sameTime * dt) {
        const { event, u, before } = fired.fire;
        if (parts(event, before) && this.matters(what, { event, u }, before)) found = this.both(what, event);
      }
      found ??= this.leads(what, op.before);
      if (found !== undefined) return this.line(found, k, at);
      if (op.kind === "fire") last[k] = { at, fire: op };
    }
    return undefined;
  }

  /** Whether an event of a path only touches its surface. */
  touches({ operations }: PathResult): boolean {
    const { plan, cell, n } = this;
    const stepper = stepperOf(cell, plan.method, plan.dt);
    const alone: SubStepTangent = { y: new Float64Array(n), r: 0, h: 1, p: this.still, I: 0 };
    const byLength = new Float64Array(n);
    return operations.some((op, o) => {
      if (op.kind !== "fire") return false;
      const { subStep, atOnce } = operations[o - 1] as Advance;
      if (atOnce) return false;
      const happening = cell.happenings[op.event]!;
      const [y, p] = this.gradient(op.event, op.before);
      if (!this.moves(y, p)) return false;
      stepper.tangent(byLength, subStep, alone);
      const rate = y.reduce((sum, d, i) => sum + d * byLength[i]!, 0);
      const terms = termsOf(y, op.before) + termsOf(p, subStep.p);
      return clearanceOf(happening, stepper, subStep, op.before, rate, terms) < leastClearance32;
    });
  }

  private line(what: string, neuron: number, since: number): string {
    const { t0, network } = this.plan;
    const where = network.neurons > 1 ? ` in neuron ${neuron}` : "";
    return `with: ${what.replace("@", `at t = ${Number((t0 + since).toPrecision(6))}${where}`)}`;
  }

  private nameOf(event: number): string {
    const { name, surface, emits } = this.cell.cell.events[event]!;
    if (!name.startsWith("condition "))
      return this.cell.cell.events.filter((e) => e.emits).length === 1 && emits ? "the spike" : `the event "${name}"`;
    const read = [...inputNames([surface])]
      .map((input) => input.slice(2))
      .flatMap((of) => (of === timeState ? ["t"] : of.startsWith("~") ? [] : [of]));
    return `the condition on ${read.join(" and ")}`;
  }

  private both(what: What, event: number): string {
    const one = "event" in what ? this.nameOf(what.event) : "an arrival";
    return (
      `${one} and ${this.nameOf(event)} come at the same time, @, and what follows depends on which is first: the gradient is that of ` +
      "one order, and not of the other; move one of them by a little, or write one event of both"
    );
  }

  private whatOf(op: Exclude<Operation, { kind: "advance" | "kick" | "step" }>): What {
    const { connections } = this.plan.network;
    if (op.kind === "fire") return { event: op.event, u: op.u };
    if (op.kind === "input") return { port: op.port, w: op.weight };
    return { port: connections.ports[op.edge]!, w: weightAt(connections, op.edge) };
  }

  private after(what: What, y: Float64Array): Float64Array {
    const out = new Float64Array(this.n);
    const { happenings, ports } = this.cell;
    if ("event" in what) happenings[what.event]!.jump(out, y, this.p, what.u);
    else ports[what.port]!.receive(out, y, this.p, what.w);
    return out;
  }

  /** The derivative of a jump along dy. */
  private pushed(what: What, y: Float64Array, dy: Float64Array): Float64Array {
    const out = new Float64Array(this.n);
    const { happenings, ports } = this.cell;
    const d = { y: dy, p: this.still, w: 0 };
    if ("event" in what) happenings[what.event]!.jumpJvp(out, y, this.p, what.u, d);
    else ports[what.port]!.receiveJvp(out, y, this.p, what.w, d);
    return out;
  }

  private flow(y: Float64Array): Float64Array {
    const out = new Float64Array(this.n);
    this.cell.flow(out, y, this.p, this.I, this.unread);
    return out;
  }

  private gradient(event: number, y: Float64Array): [Float64Array, Float64Array] {
    const [byState, byParameter] = [new Float64Array(this.n), new Float64Array(this.p.length + 1)];
    this.cell.happenings[event]!.surfaceGradient(byState, byParameter, y, this.p);
    return [byState, byParameter];
  }

  private height(event: number, y: Float64Array): number {
    return this.cell.happenings[event]!.surface(y, this.p);
  }

  private rate(event: number, y: Float64Array): number {
    const [gradient] = this.gradient(event, y);
    return this.flow(y).reduce((sum, f, i) => sum + f * gradient[i]!, 0);
  }

  /** Whether E is at 0 within what is one time. */
  private isAt0(event: number, y: Float64Array, rate = this.rate(event, y)): boolean {
    return rate !== 0 && Math.abs(this.height(event, y)) <= sameTime * this.plan.dt * Math.abs(rate);
  }

  /** Whether something that has derivatives moves, by what the gradient is taken by. */
  private moves(byState: Float64Array, byParameter: Float64Array): boolean {
    return (
      byState.some((d, i) => d !== 0 && this.stateMoves[i]) ||
      byParameter.some((d, j) => d !== 0 && this.parameterMoves[j])
    );
  }

  /** Whether the times of an event and of a rival move apart; those of an arrival are given. */
  private parts(what: What, rival: number, y: Float64Array): boolean {
    const per = (event: number): [Float64Array, Float64Array] => {
      const rate = this.rate(event, y);
      const [byState, byParameter] = this.gradient(event, y);
      return [byState.map((d) => d / rate), byParameter.map((d) => d / rate)];
    };
    const [byState, byParameter] = per(rival);
    if (!("event" in what)) return this.moves(byState, byParameter);
    const [ownState, ownParameter] = per(what.event);
    const less = (a: Float64Array, b: Float64Array): Float64Array =>
      a.map((x, i) => (Math.abs(x - b[i]!) > apart * (Math.abs(x) + Math.abs(b[i]!)) ? x - b[i]! : 0));
    return this.moves(less(byState, ownState), less(byParameter, ownParameter));
  }

  /** The same of a spike that arrives, and one of the neuron's own at that time, in steps: by the derivative of what is between them. */
  private partsFrom(result: PathResult, { neuron, spike }: Operation & { kind: "receive" }, at: number): boolean {
    const { plan, views } = this;
    const own = result.spikes.findIndex((s) => s.neuron === neuron && Math.abs(s.step + s.fraction - at) <= sameTime);
    if (own < 0 || spike === undefined || spike < 0 || plan.network.connections.delays.length > 0) return true;
    const layout = parameterLayout(plan);
    const whole = this.solver.solve(result.path, true);
    const [gap, time] = [1, 0].map((less) => {
      const spikes = result.spikes.map((_, n) => Number(n === own) - less * Number(n === spike));
      const gradient = new Float64Array(layout.gradientSize);
      reversePath(plan, layout, this.cell, whole, { spikes }, gradient);
      return views.flatMap((v) => Array.from(gradient.subarray(v.offset, v.offset + v.length)));
    }) as [number[], number[]];
    const size = norm(Float64Array.from(time));
    return gap.some((d) => Math.abs(d) > apart * size);
  }

  /** What is said where something happens at a state at which another event is about to. */
  private meets(what: What, y: Float64Array, parts: (rival: number) => boolean): string | undefined {
    for (const rival of this.rivals) {
      if ("event" in what && what.event === rival) continue;
      const rate = this.rate(rival, y);
      if (!(rate > 0 && this.isAt0(rival, y, rate)) || !parts(rival)) continue;
      if (this.matters(what, { event: rival, u: 0.5 }, y)) return this.both(what, rival);
    }
    return undefined;
  }

  /** Whether it matters which of two is first. */
  private matters(a: What, b: What & { event: number }, y: Float64Array): boolean {
    const { happenings } = this.cell;
    const { dt } = this.plan;
    const [afterA, afterB] = [this.after(a, y), this.after(b, y)];
    /** By how much a jump makes an event that is to come at y later, as a part of what it was late. NaN where it takes it from 0. */
    const delay = (event: number, then: Float64Array): number => {
      const [rate, now] = [this.rate(event, y), this.rate(event, then)];
      const shift = Math.abs(this.height(event, then) - this.height(event, y));
      return shift > 2 * sameTime * dt * Math.abs(rate) || !(now > 0) ? Number.NaN : rate / now;
    };
    const late = delay(b.event, afterA);
    const early = "event" in a ? delay(a.event, afterB) : 1;
    if (Number.isNaN(late + early)) return true;
    const emits = [b, a].map((one) => "event" in one && happenings[one.event]!.emits);
    const ends = [b, a].map((one) => "event" in one && happenings[one.event]!.terminal);
    if (ends.some(Boolean)) return emits[1 - ends.indexOf(true)]!;
    if (emits.every(Boolean)) return true;
    if ((Math.abs(late - 1) > apart && emits[0]) || (Math.abs(early - 1) > apart && emits[1])) return true;
    const end = this.after(b, afterA);
    if (differ(end, this.after(a, afterB))) return true;
    const [f, onward] = [this.flow(y), this.flow(end)];
    const aFirst = this.pushed(b, afterA, this.flow(afterA)).map((d, i) => late * (d - onward[i]!));
    const bFirst = this.pushed(a, afterB, this.pushed(b, y, f));
    const between = this.pushed(a, afterB, this.flow(afterB));
    for (let i = 0; i < this.n; i++) bFirst[i]! -= early * between[i]! + (1 - early) * onward[i]!;
    return differ(aFirst, bFirst, Math.max(norm(f), norm(onward), norm(between)));
  }

  /** What is said of a jump that leads exactly to where another event happens. */
  private leads(what: What, y: Float64Array): string | undefined {
    const then = this.after(what, y);
    const back = (c: Float64Array): { y: Float64Array; p: Float64Array } => {
      const bar = { y: new Float64Array(this.n), p: new Float64Array(this.p.length + 1) };
      const { happenings, ports } = this.cell;
      if ("event" in what) happenings[what.event]!.jumpVjp(bar, y, this.p, what.u, c);
      else ports[what.port]!.receiveVjp(bar, y, this.p, what.w, c);
      return bar;
    };
    /** Where it was there before, a jump leads there that sets it by what moves. */
    const leads = (event: number): boolean =>
      this.height(event, y) !== this.height(event, then) ||
      this.moves(this.unmoved, back(this.gradient(event, then)[0]).p);
    return this.onto(
      then,
      back,
      (event) => !("event" in what && what.event === event) && !this.isAt0(event, y) && leads(event),
      "event" in what ? `the jump of ${this.nameOf(what.event)}` : "an arrival",
    );
  }

  /** The same of where a path begins. */
  private starts(y: Float64Array, u: number): string | undefined {
    const { events } = this.cell.cell;
    return this.onto(
      y,
      (c) => {
        const bar = { y: c.map((d, i) => (this.given.has(i) ? d : 0)), p: new Float64Array(this.p.length + 1) };
        this.cell.startVjp(bar, this.p, u, c);
        return bar;
        // Of spikes src/plan/dead-start.ts tells.
      },
      (event) => !events[event]!.emits,
      "the start",
    );
  }

  private onto(
    then: Float64Array,
    back: (c: Float64Array) => { y: Float64Array; p: Float64Array },
    asked: (event: number) => boolean,
    who: string,
  ): string | undefined {
    for (const event of this.rivals) {
      const rate = this.rate(event, then);
      const turned = this.after({ event, u: 0.5 }, then);
      // A state may rest on a surface, as a clock that has run down, and leave it from one side alone.
      const rests = rate === 0 && this.height(event, then) === 0 && this.rate(event, turned) !== 0;
      if (!asked(event) || !(rests || this.isAt0(event, then, rate))) continue;
      const condition = this.cell.cell.events[event]!.name.startsWith("condition ");
      if (condition ? !differ(this.flow(then), this.flow(turned)) : !(rate > 0)) continue;
      const [c, direct] = this.gradient(event, then);
      const bar = back(c);
      const all = bar.p.map((d, j) => d + direct[j]!);
      const size = norm(bar.p) + norm(direct);
      if (
        !this.moves(
          bar.y,
          all.map((d) => (Math.abs(d) > apart * size ? d : 0)),
        )
      )
        continue;
      return (
        `${who} leads exactly onto the surface of ${this.nameOf(event)}, @: derivatives are not the same on both sides of it, and the ` +
        "gradient is that of one; begin on one side by a little"
      );
    }
    return undefined;
  }
}

/** Paths that are looked at, where each may be different. */
const mostPaths = 4;
/** Steps of neurons that may be solved. */
const budget = 20_000;

/** Gradients of one network are taken again and again. */
const known = new WeakMap<Cell, CompiledCell>();
function compiled(plan: SolvePlan): CompiledCell {
  if (plan.exponential.length > 0) return compileFor(plan);
  const { cell } = plan.network;
  const found = known.get(cell) ?? compileFor(plan);
  known.set(cell, found);
  return found;
}

/** Looks. What comes by chance coincides with nothing and touches nothing, so that it is not looked at. */
export function oneSided(plan: SolvePlan, views: readonly View[]): string | undefined {
  const { events } = plan.network.cell;
  const chance = byChance(plan, views);
  const due = events.filter((e) => !chance.has(e) && !isArming(e.name));
  const arrives =
    plan.network.connections.targets.length > 0 || plan.arrivals.count > 0 || plan.samples?.agenda !== undefined;
  const peaks = due.some((e) => e.peaks);
  const touching = peaks && chance.size === 0;
  if (!peaks && due.length < (arrives ? 1 : 2)) return undefined;
  const paths = plan.samples ? Math.min(plan.paths, mostPaths) : 1;
  if (paths * plan.steps * plan.network.neurons > budget) return undefined;
  const cell = compiled(plan);
  // What comes at the time of the last spike that a path may have is seen too.
  const further = plan.maxSpikes > 0 ? { ...plan, maxSpikes: plan.maxSpikes + 1 } : plan;
  const solver = new PathSolver(further, cell, counterNoise(plan));
  const look = new Look(plan, cell, solver, views);
  for (let path = 0; path < paths; path++) {
    const result = solver.solve(path, "events");
    if (touching && (solver.missed < leastClearance32 || look.touches(result))) return tangential;
    const found = look.told(result);
    if (found !== undefined) return found;
  }
  return undefined;
}
