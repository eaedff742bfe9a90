/** States along single paths, for plots: the float64 twin of a few paths, whatever solves the many. */

import type { SolvePlan } from "../plan/plan.js";
import { planOfPath } from "../plan/sampled-values.js";
import { compileFor } from "./compile.js";
import { PathSolver, stateNotFinite } from "./forward.js";
import { counterNoise } from "./noise.js";
import { neuronParameters, plannedCurrent } from "./of-neurons.js";

/** The states of one neuron along one path. */
export interface StateTrace {
  readonly path: number;
  readonly neuron: number;
  /** Times of the points: the grid, and each jump twice, before and after it. Never falling. */
  readonly times: Float64Array;
  /** By state variable, a value per point. */
  readonly states: Readonly<Record<string, Float64Array>>;
  /**
   * Drift of the event function, ∇E·f, per point: for cells with escape noise, whose event function is the integrated
   * hazard, this is the hazard λ in spikes per unit of time.
   */
  readonly eventRate: Float64Array;
  /** Times at which the neuron fired. */
  readonly spikes: readonly number[];
}

/**
 * Follows every neuron (or those listed) of paths 0 to `plan.paths` - 1.
 * @throws SaltationError `not-finite` where a state, or the rate of its event function, is no number.
 */
export function traceStates(plan: SolvePlan, neurons?: readonly number[]): StateTrace[] {
  const { cell } = plan.network;
  const compiled = compileFor(plan);
  const solver = new PathSolver(plan, compiled, counterNoise(plan));
  const wanted = neurons ?? Array.from({ length: plan.network.neurons }, (_, k) => k);
  const spike = cell.events.findIndex((e) => e.emits);
  const shown = cell.states.slice(0, cell.states.length - cell.hidden);
  const gradient = new Float64Array(cell.states.length);
  const drift = new Float64Array(cell.states.length);
  const still = new Float64Array(cell.channels.length);
  const unused = new Float64Array(cell.parameters.length + 1);

  return Array.from({ length: plan.paths }, (_, path) => {
    const { operations, spikes, saturated, final } = solver.solve(path, true);
    const own = planOfPath(plan, path);
    const parameters = neuronParameters(own);
    const points = parameters.map(() => ({
      times: [] as number[],
      states: [] as Float64Array[],
      steps: [] as number[],
    }));
    const at = new Float64Array(parameters.length);
    let step = -1;
    const push = (neuron: number, state: Float64Array): void => {
      const p = points[neuron]!;
      p.times.push(plan.t0 + at[neuron]!);
      p.states.push(state);
      p.steps.push(Math.min(step, plan.steps - 1));
    };
    for (const op of operations) {
      if (op.kind === "step") step++;
      else if (op.kind === "advance") {
        const { y, r, h } = op.subStep;
        at[op.neuron] = step * plan.dt + r;
        push(op.neuron, y);
        at[op.neuron] = step * plan.dt + r + h;
      } else if (op.kind !== "kick") push(op.neuron, op.before);
    }
    // A path that stops does so right after an event: only the neuron that fired is known beyond it.
    const last = spikes.at(-1)?.neuron;
    final.forEach((state, k) => {
      if (!saturated || k === last) push(k, state);
    });
    return wanted.map((neuron): StateTrace => {
      const { times, states, steps } = points[neuron]!;
      const eventRate = Float64Array.from(states, (y, n) => {
        compiled.happenings[spike]!.surfaceGradient(gradient, unused, y, parameters[neuron]!);
        compiled.flow(drift, y, parameters[neuron]!, plannedCurrent(own, steps[n]!, neuron), still);
        return gradient.reduce((sum, g, i) => sum + g * drift[i]!, 0);
      });
      if (!states.every((y) => y.every(Number.isFinite)) || eventRate.some(Number.isNaN))
        throw stateNotFinite(plan, path);
      return {
        path,
        neuron,
        times: Float64Array.from(times),
        states: Object.fromEntries(shown.map((name, i) => [name, Float64Array.from(states, (y) => y[i]!)])),
        eventRate,
        spikes: spikes.filter((s) => s.neuron === neuron).map((s) => plan.t0 + (s.step + s.fraction) * plan.dt),
      };
    });
  }).flat();
}
