/** States at grid points, as a path is solved; and their cotangents, as it is taken back. */
import { type ObservedStates, observedEntries, observedPlaces } from "../plan/observed.js";
import type { SolvePlan } from "../plan/plan.js";

export class Observer {
  private readonly times: Uint32Array;

  private constructor(
    private readonly observed: ObservedStates,
    private readonly steps: number,
  ) {
    this.times = observedPlaces(observed, steps + 1, 0).times;
  }

  /** Undefined where a plan observes nothing. */
  static of({ observed, steps }: Pick<SolvePlan, "observed" | "steps">): Observer | undefined {
    return observed && new Observer(observed, steps);
  }

  empty(): Float64Array {
    return new Float64Array(observedEntries(this.observed));
  }

  /** Goes through what is observed at a grid point: entries with their neuron and state. */
  private at(step: number, visit: (entry: number, neuron: number, state: number) => void): void {
    const { states, neurons } = this.observed;
    const time = this.times[step]!;
    if (time === 0) return;
    let entry = (time - 1) * neurons.length * states.length;
    for (const k of neurons) for (const s of states) visit(entry++, k, s);
  }

  /** Keeps states at a grid point. */
  keep(values: Float64Array, step: number, stateOf: (neuron: number) => Float64Array): void {
    this.at(step, (entry, k, s) => {
      values[entry] = stateOf(k)[s]!;
    });
  }

  /** Keeps states of a path that ended within a step at all later grid points. */
  hold(values: Float64Array, step: number, stateOf: (neuron: number) => Float64Array): void {
    for (let later = step + 1; later <= this.steps; later++) this.keep(values, later, stateOf);
  }

  /** Adds cotangents of the states at a grid point to the adjoint. */
  add(cotangents: ArrayLike<number>, step: number, adjoint: readonly Float64Array[]): void {
    this.at(step, (entry, k, s) => {
      adjoint[k]![s]! += cotangents[entry]!;
    });
  }
}
