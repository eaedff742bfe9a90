/**
 * Log-likelihood of observed spike trains and its gradient, in float64: a solve with u = 1 and events forced to the
 * observed spikes (src/cell/hazard.ts), so that the event function E is Λ − α:
 *
 *     log L = Σ_n [log λ(t_n) − E(t_n⁻)] − max(0, E(t1))       per neuron and trial
 *
 * The spike times are data, so the backward recursion has no terms of their times: sub-steps are reversed one by one, and
 * at a spike a⁻ = ∇Tᵀ a⁺ + ∇ log λ − ∇E. Other events, and conditions, happen by themselves between them, at times that move
 * with the parameters as those of any path do (reverse.ts).
 */
import { tableauOf } from "../../shaders/substep/tableau.js";
import type { CompiledCell, Port } from "../cell/emit-js.js";
import { currentPlace } from "../driver/current.js";
import { SaltationError } from "../errors.js";
import { type Likelihood, TrialSums } from "../loss/likelihood.js";
import type { Evaluator } from "../loss/loss.js";
import { weightAt, weightPlace } from "../network/connections.js";
import { allArrivals } from "../plan/arrivals.js";
import { firesTooOften, mostPerStep } from "../plan/endless.js";
import { addInitialGradient, type ParameterLayout, parameterLayout, placeOf, type View } from "../plan/layout.js";
import type { SolvePlan } from "../plan/plan.js";
import { clearInitial, planOfPath, setInitial } from "../plan/sampled-values.js";
import { impossibleSpike, leastLogHazard, ownSpike, type Schedule } from "../spikes/schedule.js";
import type { Driver, SubStep, SubStepTangent } from "./advance.js";
import { compileFor } from "./compile.js";
import { Crossings } from "./crossing.js";
import { causeOfFiring } from "./endless.js";
import { stepperOf } from "./exponential.js";
import type { NoiseSource } from "./forward.js";
import { gridStates } from "./grid-states.js";
import { counterNoise } from "./noise.js";
import { neuronParameters, plannedCurrent } from "./of-neurons.js";
import { whichEvent } from "./which-event.js";

/**
 * One move of a lane: a sub-step within a grid step; then what happens, as in a schedule, if anything does; or an event of
 * the neuron's own that is no spike.
 */
interface Move {
  readonly step: number;
  readonly r: number;
  readonly h: number;
  /** Entry of the schedule, or -1. */
  readonly entry: number;
  /** The event, by number, or -1; and whether a jump left it above 0, so that it came at once. */
  readonly event: number;
  readonly atOnce: boolean;
}

/** States, one after the other. */
class States {
  private all: Float64Array;
  private count = 0;

  constructor(
    private readonly n: number,
    room: number,
  ) {
    this.all = new Float64Array(n * Math.max(1, room));
  }

  push(y: Float64Array): void {
    if ((this.count + 1) * this.n > this.all.length) {
      const more = new Float64Array(2 * this.all.length);
      more.set(this.all);
      this.all = more;
    }
    this.all.set(y, this.n * this.count++);
  }

  at(i: number): Float64Array {
    return this.all.subarray(i * this.n, (i + 1) * this.n);
  }
}

/** The driver path of a neuron in a trial; without noise 0. Noise does not come in kicks here (score.ts). */
class LaneDriver implements Driver {
  readonly a: Float64Array;
  readonly b: Float64Array;
  private step = -1;
  private readonly pair = new Float64Array(2);

  constructor(
    private readonly plan: SolvePlan,
    private readonly noise: NoiseSource | undefined,
    private readonly path: number,
    private readonly neuron: number,
  ) {
    const { length } = plan.network.cell.channels;
    this.a = new Float64Array(length);
    this.b = new Float64Array(length);
  }

  /** Makes it that of a grid step. */
  enter(step: number): void {
    if (step === this.step || !this.noise) return;
    this.step = step;
    const { network, dt, method } = this.plan;
    const { channels } = network.cell;
    const parabola = tableauOf(method).driver === "parabola";
    channels.forEach(({ shared }, c) => {
      this.noise!(this.path, step, shared ? c : this.neuron * channels.length + c, this.pair);
      this.a[c] = this.pair[0]! / dt;
      this.b[c] = parabola ? (6 * this.pair[1]!) / (dt * dt) : 0;
    });
  }
}

/** What is wanted of a lane beside its log-likelihood. */
export interface LaneOutput {
  /** Its gradient is added to these [layout.size]. */
  readonly gradient?: Float64Array;
  /** Takes the hazard integrated up to each spike since the one before, less α, and at last that up to t1, at least 0. */
  readonly hazards?: number[];
  /** The noise in the flow of each trial, by paths; default none. */
  readonly noise?: NoiseSource | undefined;
}

/**
 * @param cell compiled with its spikes given (`compileFor`).
 * @returns the log-likelihood of one neuron in one trial.
 */
export function laneLikelihood(
  given: SolvePlan,
  layout: ParameterLayout,
  cell: CompiledCell,
  schedule: Schedule,
  lane: number,
  { gradient, hazards, noise }: LaneOutput = {},
): number {
  const k = lane % schedule.neurons;
  const sample = Math.floor(lane / schedule.neurons);
  const plan = planOfPath(given, sample);
  const { network, dt, current } = plan;
  const { connections } = network;
  const p = neuronParameters(plan)[k]!;
  const n = network.cell.states.length;
  const P = p.length;
  const stepper = stepperOf(cell, plan.method, dt);
  const spike = cell.happenings.find((e) => e.emits)!;
  /** Of cells with other events than spikes. */
  const crossings = cell.happenings.length > 1 ? new Crossings(cell, stepper, plan.method, dt) : undefined;
  const grid = gridStates(plan);
  const driver = new LaneDriver(plan, noise, sample, k);
  const edges = connections.targets.length;
  const inputs = allArrivals(plan);
  const weightOf = (what: number): number =>
    what < edges ? weightAt(connections, what) : inputs.weights[what - edges]!;
  const portOf = (what: number): Port =>
    cell.ports[what < edges ? connections.ports[what]! : inputs.ports[what - edges]!]!;

  const moves: Move[] = [];
  let entry = schedule.starts[lane]!;
  const last = schedule.starts[lane + 1]!;
  // States before each sub-step, and at its end before what happens there.
  const room = gradient ? plan.steps + last - entry : 0;
  const [before, landed] = [new States(n, room), new States(n, room)];
  const y = new Float64Array(n);
  const trial = new Float64Array(n);
  cell.start(y, p, 1);
  setInitial(plan, sample, k, y);
  let value = 0;
  const subStep: SubStep = { y, r: 0, h: 0, driver, p, I: 0 };
  const take = ({ step, r, h }: Pick<Move, "step" | "r" | "h">): number => {
    driver.enter(step);
    subStep.r = r;
    subStep.h = h;
    subStep.I = plannedCurrent(plan, step, k);
    return subStep.I;
  };
  /** Where in its step the neuron is, and how many events of its own it had there. */
  let r = 0;
  let inStep = 0;
  /** One sub-step to a place in the step, and what ends it. */
  const move = (step: number, to: number, what: Pick<Move, "entry" | "event" | "atOnce">): void => {
    const one = { step, r, h: to - r, ...what };
    take(one);
    if (gradient) {
      moves.push(one);
      before.push(y);
    }
    stepper.advance(y, subStep);
    if (gradient) landed.push(y);
    r = to;
  };
  /** On to a place in the step, with the events on the way; `at` is the entry of the schedule that comes there. */
  const reach = (step: number, to: number, at: number): void => {
    while (crossings) {
      take({ step, r, h: to - r });
      stepper.advance(trial, subStep);
      const within = crossings.within(subStep, trial);
      if (within < 0) break;
      subStep.h = within;
      const place = r + crossings.locate(subStep);
      subStep.h = place - r;
      const atOnce = place === r && crossings.leapt(subStep);
      stepper.advance(trial, subStep);
      const event = whichEvent(cell, trial, p);
      if (++inStep > mostPerStep) {
        const firing = { before: y, landed: trial, parameters: p, current: subStep.I, u: 1, event };
        throw firesTooOften(k, step, causeOfFiring(plan, cell, firing));
      }
      move(step, place, { entry: -1, event, atOnce });
      cell.happenings[event]!.jump(y, trial, p, 1);
    }
    move(step, to, { entry: at, event: -1, atOnce: false });
  };
  for (let step = 0; step < plan.steps; step++) {
    r = 0;
    inStep = 0;
    grid.set(y, step, k);
    for (; entry < last && schedule.steps[entry] === step; entry++) {
      reach(step, schedule.places[entry]! * dt, entry);
      const what = schedule.what[entry]!;
      if (what !== ownSpike) {
        portOf(what).receive(y, y, p, weightOf(what));
        continue;
      }
      const e = cell.integrated(y, p);
      const logHazard = cell.logHazard(y, p, subStep.I);
      const dead = logHazard < leastLogHazard;
      if (e < 0 || dead) impossibleSpike(plan, schedule, lane, entry, dead);
      value += logHazard - e;
      hazards?.push(e);
      spike.jump(y, y, p, 1);
    }
    reach(step, dt, -1);
  }
  const survived = cell.integrated(y, p);
  value -= Math.max(0, survived);
  hazards?.push(Math.max(0, survived));
  if (!gradient) return value;

  const currents = layout.segments.get("current")!;
  const weights = layout.segments.get("weights")!;
  const a = new Float64Array(n);
  const part = new Float64Array(n);
  const pBar = new Float64Array(P + 1);
  const bar = { y: a, p: pBar };
  /** Adds c ∇E at a state to the adjoint and the parameters: of the integrated hazard, or of an event's surface. */
  const pull = (c: number, at: Float64Array, surface = cell.integratedGradient): void => {
    const ePBar = new Float64Array(P + 1);
    surface(part, ePBar, at, p);
    for (let i = 0; i < n; i++) a[i]! += c * part[i]!;
    for (let j = 0; j < P; j++) pBar[j]! += c * ePBar[j]!;
  };
  if (survived > 0) pull(-1, y);
  /** Cotangent of the time at which the sub-step begins that was reversed last: of the event that ends the one before. */
  let timeBar = 0;
  const byLength = new Float64Array(n);
  const lengthAlone: SubStepTangent = { y: new Float64Array(n), r: 0, h: 1, p: new Float64Array(P), I: 0 };
  const dot = (u: Float64Array, v: Float64Array): number => u.reduce((sum, x, i) => sum + x * v[i]!, 0);
  for (let s = moves.length - 1; s >= 0; s--) {
    const { step, entry: at, event, atOnce } = moves[s]!;
    const I = take(moves[s]!);
    const end = landed.at(s);
    subStep.y = before.at(s);
    if (at >= 0) {
      const what = schedule.what[at]!;
      if (what === ownSpike) {
        spike.jumpVjp(bar, end, p, 1, a);
        cell.logHazardGradient(part, pBar, end, p, I);
        for (let i = 0; i < n; i++) a[i]! += part[i]!;
        pull(-1, end);
      } else {
        const byWeight = portOf(what).receiveVjp(bar, end, p, weightOf(what), a);
        if (what < edges) gradient[weights.offset + weightPlace(connections, what)]! += byWeight;
      }
    }
    if (event >= 0) {
      const { jumpVjp, surfaceGradient } = cell.happenings[event]!;
      jumpVjp(bar, end, p, 1, a);
      if (!atOnce) {
        // The sub-step's length is set by its surface: eliminated, as in reverse.ts.
        stepper.tangent(byLength, subStep, lengthAlone);
        surfaceGradient(part, new Float64Array(P + 1), end, p);
        pull(-(timeBar + dot(a, byLength)) / dot(part, byLength), end, surfaceGradient);
      }
    }
    stepper.reverse(a, pBar, subStep, a);
    timeBar = stepper.rBar + (event >= 0 ? timeBar : -stepper.hBar);
    if (subStep.r === 0) grid.clear(a);
    const place = currentPlace(current, step, k);
    if (place !== undefined) gradient[currents.offset + place]! += pBar[P]!;
    pBar[P] = 0;
  }
  addInitialGradient(layout, k, a, gradient);
  clearInitial(plan, k, a);
  cell.startVjp(bar, p, 1, a);
  network.parameters.forEach((parameter, j) => {
    const place = placeOf(layout, parameter, k);
    if (place !== undefined) gradient[place]! += pBar[j]!;
  });
  return value;
}

/** What stops a lane from being solved, where another backend only sees that it is stopped. */
export function laneFailure(plan: SolvePlan, schedule: Schedule, lane: number): SaltationError | undefined {
  try {
    laneLikelihood(plan, parameterLayout(plan), compileFor(plan, true), schedule, lane);
    return undefined;
  } catch (error) {
    if (error instanceof SaltationError) return error;
    throw error;
  }
}

/** Value and gradient of −log L, lane after lane. */
export function likelihoodCpu(likelihood: Likelihood, views: readonly View[]): Evaluator {
  return {
    async evaluate(plan, options = {}) {
      const layout = parameterLayout(plan);
      const cell = compileFor(plan, true);
      const noise = likelihood.noise ? counterNoise(plan) : undefined;
      const sums = new TrialSums(plan, likelihood, views, options.trials);
      for (const [begin, end] of sums.lanes) {
        for (let lane = begin; lane < end; lane++) {
          const gradient = new Float64Array(layout.size);
          sums.add(0, lane, laneLikelihood(plan, layout, cell, likelihood.schedule, lane, { gradient, noise }));
          let row = 1;
          for (const v of views) for (let i = 0; i < v.length; i++) sums.add(row++, lane, gradient[v.offset + i]!);
          // The event loop gets a turn after every lane.
          await new Promise((resolve) => setTimeout(resolve, 0));
        }
      }
      return { ...sums.result(options), warnings: plan.warnings };
    },
    dispose: () => {},
  };
}
