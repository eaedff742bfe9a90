/**
 * Events forced to observed spikes: given all spikes of a trial, each neuron is on its own, and its sub-steps are split
 * where it spikes and where spikes reach it. A *lane* is one neuron in one trial; its schedule says what happens when.
 */
import { ownSpike } from "../../shaders/solve/agenda.wgsl.js";
import { fail, finiteNumber, wholeNumber } from "../checks.js";
import { arrivalsOf, stepsSince } from "../plan/arrivals.js";
import type { SolvePlan } from "../plan/plan.js";
import type { ObservedSpikes } from "./spikes.js";

export { ownSpike };

/** All lanes, [trial][neuron], neuron innermost: entries starts[lane] to starts[lane + 1], in time order. */
export interface Schedule {
  readonly trials: number;
  readonly neurons: number;
  readonly starts: Uint32Array;
  /** Grid step of each entry, and its place within the step as a fraction of dt in [0, 1]. */
  readonly steps: Uint32Array;
  readonly places: Float64Array;
  /** The neuron's own spike (`ownSpike`); else edge e as e, and input spike n as edges + n. */
  readonly what: Uint32Array;
}

interface Entry {
  readonly step: number;
  readonly place: number;
  readonly what: number;
}

/** @throws SaltationError `invalid-input` where samples are not those of the trials, or give what a likelihood has no use of. */
function checkSamples({ samples }: SolvePlan, observed: number): void {
  if (!samples) return;
  const { count, trials, agenda, values } = samples;
  if (agenda) fail("samples.spikes", 'are not taken by "log-likelihood": give them as input spikes');
  if (values && values.drivers.length > 0)
    fail("samples.drivers", 'are of no use to "log-likelihood", which has no noise; leave them out');
  if (count !== observed || trials !== 1)
    fail("samples", `are ${count} of ${trials}, and ${observed} trials are observed; give one for each, of one trial`);
}

/**
 * Lays the spikes of trials on the grid of a plan. What happens to a neuron at one time comes in an order of its own,
 * whatever that of the trial: its spike, so that its hazard is that before all that happens then; input spikes; edges.
 * Given the past, simultaneous spikes are then independent of each other. Spikes before t0, and at t1 or after, are left out.
 * @throws SaltationError `invalid-input` naming the spike that does not fit.
 */
export function planSchedule(plan: SolvePlan, trials: readonly ObservedSpikes[]): Schedule {
  const { network, t0, t1, dt, steps: gridSteps } = plan;
  const { neurons, connections } = network;
  const { rowStart, targets, delays, delayOf } = connections;
  if (trials.length === 0) fail("observed", "holds no trial");
  checkSamples(plan, trials.length);
  const starts = new Uint32Array(trials.length * neurons + 1);
  const [steps, places, what]: [number[], number[], number[]] = [[], [], []];
  const layOut = (at: number, what: number): Entry => {
    const step = Math.min(gridSteps - 1, Math.floor(at));
    return { step, place: Math.min(1, at - step), what };
  };
  const rank = (what: number): number =>
    what === ownSpike ? -(2 ** 33) : what < targets.length ? what : what - 2 ** 32;
  trials.forEach((trial, i) => {
    const lanes = Array.from({ length: neurons }, () => [] as Entry[]);
    const arrivals = arrivalsOf(plan, i);
    for (let n = 0; n < arrivals.count; n++) {
      lanes[arrivals.neurons[n]!]!.push(layOut(arrivals.at[n]!, targets.length + n));
    }
    for (let n = 0; n < trial.times.length; n++) {
      const time = finiteNumber(`observed[${i}][${n}]`, trial.times[n]);
      const k = trial.neurons ? wholeNumber(`observed.neurons[${i}][${n}]`, trial.neurons[n], 0, neurons - 1) : 0;
      if (time < t0 || time >= t1) continue;
      const at = stepsSince(t0, time, dt);
      lanes[k]!.push(layOut(at, ownSpike));
      for (let e = rowStart[k]!; e < rowStart[k + 1]!; e++) {
        const d = delayOf[e]!;
        const arrives = d < 0 ? at : at + delays[d]! / plan.dt;
        if (arrives < gridSteps) lanes[targets[e]!]!.push(layOut(arrives, e));
      }
    }
    lanes.forEach((lane, k) => {
      lane.sort((a, b) => a.step - b.step || a.place - b.place || rank(a.what) - rank(b.what));
      for (const entry of lane) {
        steps.push(entry.step);
        places.push(entry.place);
        what.push(entry.what);
      }
      starts[i * neurons + k + 1] = steps.length;
    });
  });
  return {
    trials: trials.length,
    neurons,
    starts,
    steps: Uint32Array.from(steps),
    places: Float64Array.from(places),
    what: Uint32Array.from(what),
  };
}

/** Below every logarithm of a hazard that is not 0. */
export const leastLogHazard = -1e29;

/**
 * A spike that the parameters rule out.
 * @param dead whether the hazard is 0 there; else what is integrated of it before is less than α.
 */
export function impossibleSpike(
  plan: SolvePlan,
  schedule: Schedule,
  lane: number,
  entry: number,
  dead: boolean,
): never {
  const time = plan.t0 + (schedule.steps[entry]! + schedule.places[entry]!) * plan.dt;
  const trial = Math.floor(lane / schedule.neurons);
  const why = dead
    ? "the hazard is 0 there, as it is in a refractory period; make that shorter than the shortest interval, or let the " +
      "hazard be small in it and not 0"
    : 'the hazard integrated since the spike before it does not reach the "alpha" of the cell\'s reset; set that to 0 for ' +
      "a fit by log-likelihood";
  return fail(
    "observed",
    `the spike at ${time} of trial ${trial}, neuron ${lane % schedule.neurons}, has likelihood 0: ${why}`,
  );
}
