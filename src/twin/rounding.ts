/**
 * What float32 would do to the spike times of a plan, to first order: neurons are followed in float64 along the flow
 * without noise, and the error that rounding the state after each step would leave is carried along as a tangent.
 */
import { byWeight, sumOf, tableauOf } from "../../shaders/substep/tableau.js";
import { allArrivals } from "../plan/arrivals.js";
import type { SolvePlan } from "../plan/plan.js";
import type { SubStep } from "./advance.js";
import { compileFor } from "./compile.js";
import { stepperOf } from "./exponential.js";
import { gridStates } from "./grid-states.js";
import { neuronParameters, plannedCurrent } from "./of-neurons.js";
import { whichEvent } from "./which-event.js";

/** Neurons looked at, spread over the network. */
const mostNeurons = 4;

/**
 * The largest error of a spike time, as a part of the time since the neuron's last spike or the start; where no spike
 * follows, that of the event function as a part of its way. Spikes of the network are left out, those of the input
 * come as their step ends, and uniforms are 1/2; so is what differs between samples, of which one alone has the same answer as among
 * others.
 * @param forced for a likelihood: spikes do not happen, and u is 1.
 */
export function roundingError(plan: SolvePlan, forced = false): number {
  const { network, dt, method } = plan;
  const arrivals = allArrivals(plan);
  const cell = compileFor(plan, forced);
  const [level, levelGradient] = forced ? [cell.integrated, cell.integratedGradient] : [cell.event, cell.eventGradient];
  const nothingHappens = forced && cell.happenings.length === 1;
  const stepper = stepperOf(cell, method, dt);
  const grid = gridStates(plan);
  const n = network.cell.states.length;
  const P = network.cell.parameters.length;
  const still = {
    a: new Float64Array(network.cell.channels.length),
    b: new Float64Array(network.cell.channels.length),
  };
  const x = new Float64Array(network.cell.channels.length);
  const [fixed, unused] = [new Float64Array(P), new Float64Array(P + 1)];
  const [slope, eBar] = [new Float64Array(n), new Float64Array(n)];
  const u = forced ? 1 : 0.5;
  const dot = (a: Float64Array, b: Float64Array): number => a.reduce((sum, v, i) => sum + v * b[i]!, 0);
  /** Slopes of equal weight are added at once, and each such part is rounded. */
  const tableau = tableauOf(method);
  const whole = sumOf(tableau.weights);
  const parts = byWeight(tableau).map(({ weight, stages }) => (weight * stages.length) / whole);
  const parameters = neuronParameters(plan);
  const every = Math.ceil(network.neurons / mostNeurons);
  let worst = 0;
  for (let k = 0; k < network.neurons; k += every) {
    const p = parameters[k]!;
    const y = new Float64Array(n);
    const error = new Float64Array(n);
    const before = new Float64Array(n);
    const whole: SubStep = { y: before, r: 0, h: dt, driver: still, p, I: 0 };
    const direction = { y: error, r: 0, h: 0, p: fixed, I: 0 };
    cell.start(y, p, u);
    let since = 0;
    let arrived = 0;
    let begin = level(y, p);
    const look = (step: number, crossed: boolean): void => {
      levelGradient(eBar, unused, y, p);
      const off = Math.abs(dot(eBar, error));
      cell.flow(slope, y, p, plannedCurrent(plan, step, k), x);
      const scale = crossed ? Math.abs(dot(eBar, slope)) * (step + 1 - since) * dt : Math.abs(level(y, p) - begin);
      if (off > 0 && scale > 0) worst = Math.max(worst, off / scale);
    };
    for (let step = 0; step < plan.steps; step++) {
      whole.I = plannedCurrent(plan, step, k);
      grid.set(y, step, k);
      grid.clear(error);
      before.set(y);
      stepper.tangent(error, whole, direction);
      stepper.advance(y, whole);
      for (let i = 0; i < n; i++) {
        const from = Math.fround(before[i]!);
        const by = y[i]! - before[i]!;
        const rounded = parts.reduce((at, part) => Math.fround(at + part * by), from);
        error[i]! += rounded - (from + by);
      }
      for (; arrived < arrivals.count && arrivals.steps[arrived]! <= step; arrived++) {
        if (arrivals.neurons[arrived] !== k) continue;
        cell.ports[arrivals.ports[arrived]!]!.receive(y, y, p, arrivals.weights[arrived]!);
      }
      if (!y.every(Number.isFinite)) return worst; // told elsewhere
      if (nothingHappens || cell.event(y, p) < 0) continue;
      if (!forced) look(step, true);
      before.set(y);
      const happening = cell.happenings[whichEvent(cell, y, p)]!;
      happening.jump(y, before, p, u);
      happening.jumpJvp(error, before, p, u, { y: error, p: fixed });
      if (happening.emits) since = step + 1;
      begin = level(y, p);
    }
    if (since < plan.steps) look(plan.steps - 1, false);
  }
  return worst;
}
