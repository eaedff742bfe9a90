/**
 * Log-likelihood of observed spike trains and its gradient, in float64: a solve with u = 1 and events forced to the
 * observed spikes (src/cell/hazard.ts), so that the event function E is Λ − α:
 *
 *     log L = Σ_n [log λ(t_n) − E(t_n⁻)] − max(0, E(t1))       per neuron and trial
 *
 * The spike times are data, so the backward recursion has no terms of event times: sub-steps are reversed one by one, and
 * at a spike a⁻ = ∇Tᵀ a⁺ + ∇ log λ − ∇E.
 */
import type { CompiledCell, Port } from "../cell/emit-js.js";
import { sampleOf } from "../driver/current.js";
import { type Likelihood, TrialSums } from "../loss/likelihood.js";
import type { Evaluator } from "../loss/loss.js";
import { allArrivals } from "../plan/arrivals.js";
import { type ParameterLayout, parameterLayout, type View } from "../plan/layout.js";
import type { SolvePlan } from "../plan/plan.js";
import { impossibleSpike, ownSpike, type Schedule } from "../spikes/schedule.js";
import type { SubStep } from "./advance.js";
import { compileFor } from "./compile.js";
import { stepperOf } from "./exponential.js";
import { neuronParameters, plannedCurrent } from "./forward.js";

/** One move of a lane: from r by h within a grid step; then what happens, as in a schedule, if anything does. */
interface Move {
  step: number;
  r: number;
  h: number;
  entry: number;
}

/**
 * Adds the gradient of the lane's log-likelihood to `gradient` [layout.size].
 * @returns the log-likelihood of one neuron in one trial.
 */
export function laneLikelihood(
  plan: SolvePlan,
  layout: ParameterLayout,
  cell: CompiledCell,
  schedule: Schedule,
  lane: number,
  gradient?: Float64Array,
): number {
  const { network, dt, current } = plan;
  const { connections } = network;
  const k = lane % schedule.neurons;
  const p = neuronParameters(plan)[k]!;
  const n = network.cell.states.length;
  const P = p.length;
  const stepper = stepperOf(cell, plan.method, dt);
  const channels = network.cell.channels.length;
  const still = { a: new Float64Array(channels), b: new Float64Array(channels) };
  const edges = connections.targets.length;
  const inputs = allArrivals(plan);
  const weightOf = (what: number): number =>
    what < edges ? connections.weights[what]! : inputs.weights[what - edges]!;
  const portOf = (what: number): Port =>
    cell.ports[what < edges ? connections.ports[what]! : inputs.ports[what - edges]!]!;

  const moves: Move[] = [];
  let entry = schedule.starts[lane]!;
  const last = schedule.starts[lane + 1]!;
  for (let step = 0; step < plan.steps; step++) {
    let r = 0;
    for (; entry < last && schedule.steps[entry] === step; entry++) {
      const at = schedule.places[entry]! * dt;
      moves.push({ step, r, h: at - r, entry });
      r = at;
    }
    moves.push({ step, r, h: dt - r, entry: -1 });
  }

  // States before each sub-step, and at its end before what happens there.
  const before = gradient ? new Float64Array(moves.length * n) : undefined;
  const landed = gradient ? new Float64Array(moves.length * n) : undefined;
  const y = new Float64Array(n);
  cell.start(y, p, 1);
  let value = 0;
  const subStep: SubStep = { y, r: 0, h: 0, driver: still, p, I: 0 };
  const take = ({ step, r, h }: Move): number => {
    subStep.r = r;
    subStep.h = h;
    subStep.I = plannedCurrent(plan, step, k);
    return subStep.I;
  };
  moves.forEach((move, s) => {
    const I = take(move);
    const at = move.entry;
    before?.set(y, s * n);
    stepper.advance(y, subStep);
    landed?.set(y, s * n);
    if (at < 0) return;
    const what = schedule.what[at]!;
    if (what === ownSpike) {
      const e = cell.event(y, p);
      if (e < 0) impossibleSpike(plan, schedule, lane, at);
      value += cell.logHazard(y, p, I) - e;
      cell.happenings[0]!.jump(y, y, p, 1);
    } else portOf(what).receive(y, y, p, weightOf(what));
  });
  const survived = cell.event(y, p);
  value -= Math.max(0, survived);
  if (!gradient || !before || !landed) return value;

  const currentView = layout.views.get("current")!;
  const weightView = layout.views.get("weights")!;
  const width = current.perNeuron ? schedule.neurons : 1;
  const a = new Float64Array(n);
  const part = new Float64Array(n);
  const pBar = new Float64Array(P + 1);
  /** Adds c ∇E at a state to the adjoint and the parameters. */
  const pull = (c: number, at: Float64Array): void => {
    const ePBar = new Float64Array(P + 1);
    cell.eventGradient(part, ePBar, at, p);
    for (let i = 0; i < n; i++) a[i]! += c * part[i]!;
    for (let j = 0; j < P; j++) pBar[j]! += c * ePBar[j]!;
  };
  if (survived > 0) pull(-1, y);
  for (let s = moves.length - 1; s >= 0; s--) {
    const { step, entry: at } = moves[s]!;
    const I = take(moves[s]!);
    const end = landed.subarray(s * n, (s + 1) * n);
    if (at >= 0) {
      const what = schedule.what[at]!;
      if (what === ownSpike) {
        cell.happenings[0]!.jumpVjp(a, pBar, end, p, 1, a);
        cell.logHazardGradient(part, pBar, end, p, I);
        for (let i = 0; i < n; i++) a[i]! += part[i]!;
        pull(-1, end);
      } else {
        const byWeight = portOf(what).receiveVjp(a, pBar, end, p, weightOf(what), a);
        if (what < edges) gradient[weightView.offset + what]! += byWeight;
      }
    }
    subStep.y = before.subarray(s * n, (s + 1) * n);
    stepper.reverse(a, pBar, subStep, a);
    const sample = sampleOf(current, step);
    gradient[currentView.offset + sample * width + currentView.neuronStride * k]! += pBar[P]!;
    pBar[P] = 0;
  }
  cell.startVjp(pBar, p, 1, a);
  network.cell.parameters.forEach((name, j) => {
    const view = layout.views.get(name)!;
    gradient[view.offset + view.neuronStride * k]! += pBar[j]!;
  });
  return value;
}

/** Value and gradient of −log L, lane after lane. */
export function likelihoodCpu(likelihood: Likelihood, views: readonly View[]): Evaluator {
  return {
    async evaluate(plan, options = {}) {
      const layout = parameterLayout(plan);
      const cell = compileFor(plan);
      const sums = new TrialSums(plan, likelihood, views);
      for (const [begin, end] of sums.lanes) {
        for (let lane = begin; lane < end; lane++) {
          const gradient = new Float64Array(layout.size);
          sums.add(0, lane, laneLikelihood(plan, layout, cell, likelihood.schedule, lane, gradient));
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
