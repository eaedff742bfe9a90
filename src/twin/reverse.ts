/**
 * The backward recursion for one path, in float64: the exact derivative of the discrete solution, operation by
 * operation from last to first. At an event with spike-time cotangent ℓ, in the continuum (Holberg & Salvi 2024,
 * theorem 3.2; docs/mathematics.md),
 *
 *     a⁻ = ∇Tᵀ a⁺ - ∇E (ℓ + a⁺·(∇T f⁻ - f⁺)) / (∇E·f⁻);
 *
 * here f⁻ is the derivative of the discrete sub-step by its length, and -a⁺·f⁺ arrives as the cotangent of the time
 * at which the sub-steps after the event begin. Where a jump takes the event function to zero or above, the event follows
 * at once: its time is that of the jump, and E = 0 says nothing of it.
 *
 * The adjoint begins at t1 from 0, or from the horizon term of losses that jump there (docs/mathematics.md).
 */
import type { CompiledCell } from "../cell/emit-js.js";
import { currentPlace } from "../driver/current.js";
import { weightAt, weightPlace } from "../network/connections.js";
import { addInitialGradient, type ParameterLayout, placeOf, timesSegment } from "../plan/layout.js";
import type { SolvePlan } from "../plan/plan.js";
import { clearInitial, planOfPath } from "../plan/sampled-values.js";
import type { SubStepTangent } from "./advance.js";
import { stepperOf } from "./exponential.js";
import type { PathResult } from "./forward.js";
import { gridStates } from "./grid-states.js";
import type { PendingSpike } from "./horizon.js";
import { drawFurther } from "./noise.js";
import { Observer } from "./observed.js";
import { neuronParameters } from "./of-neurons.js";
import { type Sent, sentBySource } from "./pending.js";
import { clearanceOf, leastClearance, termsOf } from "./tangential.js";

/** What the recursion goes out from. */
export interface PathCotangents {
  /** ∂L/∂τ for each spike of the path, in order (absolute time). */
  readonly spikes: ArrayLike<number>;
  /** ∂L of each state that the plan observes, [times][neurons][states]. */
  readonly states?: ArrayLike<number> | undefined;
  /** The horizon term: spikes that might come at t1 too, and what each would add to L. */
  readonly horizon?: readonly (PendingSpike & { readonly adds: number })[];
}

/**
 * @param gradient [layout.size], or [layout.gradientSize] with the times of spikes of sources; added to.
 * @returns the least clearance of the path's events (tangential.ts).
 */
export function reversePath(
  given: SolvePlan,
  layout: ParameterLayout,
  cell: CompiledCell,
  result: PathResult,
  cotangents: PathCotangents,
  gradient: Float64Array,
): number {
  const plan = planOfPath(given, result.path);
  const { network, dt } = plan;
  const { neurons, connections } = network;
  const n = network.cell.states.length;
  const P = network.cell.parameters.length;
  const stepper = stepperOf(cell, plan.method, dt);
  const grid = gridStates(plan);
  const p = neuronParameters(plan);

  const vectors = (size: number): Float64Array[] => Array.from({ length: neurons }, () => new Float64Array(size));
  const a = vectors(n);
  /** Per neuron: cotangents of its parameters, and of its current in the step at hand as last entry. */
  const pBar = vectors(P + 1);
  const bars = a.map((y, k) => ({ y, p: pBar[k]! }));
  /** Cotangent of the time at which the neuron's sub-step in progress begins. */
  const timeBar = new Float64Array(neurons);
  const eBar = new Float64Array(n);
  const byLength = new Float64Array(n);
  const lengthAlone: SubStepTangent = { y: new Float64Array(n), r: 0, h: 1, p: new Float64Array(P), I: 0 };
  /** Cotangent of each spike by its time, from the arrivals it made. */
  const arrivalBar = new Float64Array(result.spikes.length);
  /** Of the event that is undone: the cotangent of its time, and what it is. */
  let eventTimeBar = 0;
  let happening = cell.happenings[0]!;
  let least = Number.POSITIVE_INFINITY;

  const currents = layout.segments.get("current")!;
  const weights = layout.segments.get("weights")!;

  // A spike appears at t1 as E rises there: a(t1) = Σ ΔL ∇E.
  for (const { neuron: k, event, adds } of cotangents.horizon ?? []) {
    const ePBar = new Float64Array(P + 1);
    cell.happenings[event]!.surfaceGradient(eBar, ePBar, result.final[k]!, p[k]!);
    for (let i = 0; i < n; i++) a[k]![i]! += adds * eBar[i]!;
    for (let j = 0; j < P; j++) pBar[k]![j]! += adds * ePBar[j]!;
  }
  const delays = layout.segments.get("delays");
  const times = layout.segments.get(timesSegment);
  /** The cotangent of the time of an arrival is one of its spike's, and of the delay. */
  const cause = (spike: Sent, edge: number, bar: number): void => {
    if (spike >= 0) arrivalBar[spike]! += bar;
    else if (times && gradient.length > layout.size) gradient[times.offset + sentBySource(spike)]! += bar;
    const delay = connections.delayOf[edge]!;
    if (delay >= 0) gradient[delays!.offset + delay]! += bar;
  };

  let step = plan.steps;
  const operations = result.operations;
  const { states } = cotangents;
  const observer = states && Observer.of(plan);
  /** The grid point after the step at hand. After the last step of a path its state was held. */
  let point = operations.reduce((n, op) => n + Number(op.kind === "step"), 0);
  for (let later = point; later <= plan.steps; later++) observer?.add(states!, later, a);
  for (let o = operations.length - 1; o >= 0; o--) {
    const op = operations[o]!;
    if (op.kind === "step") {
      observer?.add(states!, --point, a);
      continue;
    }
    const k = op.neuron;
    if (op.kind === "kick") {
      cell.kickVjp(bars[k]!, op.before, p[k]!, op.increment, a[k]!);
    } else if (op.kind === "input") {
      cell.ports[op.port]!.receiveVjp(bars[k]!, op.before, p[k]!, op.weight, a[k]!);
    } else if (op.kind === "receive") {
      gradient[weights.offset + weightPlace(connections, op.edge)]! += cell.ports[
        connections.ports[op.edge]!
      ]!.receiveVjp(bars[k]!, op.before, p[k]!, weightAt(connections, op.edge), a[k]!);
      if (op.spike !== undefined) {
        cause(op.spike, op.edge, timeBar[k]!);
        timeBar[k] = 0;
      }
    } else if (op.kind === "fire") {
      eventTimeBar = timeBar[k]!;
      if (op.spike !== undefined) eventTimeBar += arrivalBar[op.spike]! + cotangents.spikes[op.spike]!;
      happening = cell.happenings[op.event]!;
      drawFurther(cell, plan, result.path, k, op.drawn);
      happening.jumpVjp(bars[k]!, op.before, p[k]!, op.u, a[k]!);
    } else {
      step = op.step;
      const { subStep } = op;
      if (op.until === "event") {
        if (!op.atOnce) {
          // The sub-step's length is set by E = 0: eliminate it.
          const landed = (operations[o + 1] as { before: Float64Array }).before;
          stepper.tangent(byLength, subStep, lengthAlone);
          const ePBar = new Float64Array(P + 1);
          happening.surfaceGradient(eBar, ePBar, landed, p[k]!);
          let [pull, rate] = [eventTimeBar, 0];
          for (let i = 0; i < n; i++) {
            pull += a[k]![i]! * byLength[i]!;
            rate += eBar[i]! * byLength[i]!;
          }
          const terms = termsOf(eBar, landed) + termsOf(ePBar, p[k]!);
          const clearance = clearanceOf(happening, stepper, subStep, landed, rate, terms);
          least = Math.min(least, clearance);
          const q = pull === 0 ? 0 : pull / (clearance < leastClearance ? 0 : rate);
          for (let i = 0; i < n; i++) a[k]![i]! -= q * eBar[i]!;
          for (let j = 0; j < P; j++) pBar[k]![j]! -= q * ePBar[j]!;
        }
        stepper.reverse(a[k]!, pBar[k]!, subStep, a[k]!);
        timeBar[k] = stepper.rBar + eventTimeBar;
      } else {
        stepper.reverse(a[k]!, pBar[k]!, subStep, a[k]!);
        if (op.spike !== undefined) cause(op.spike, op.edge!, stepper.hBar);
        timeBar[k] = stepper.rBar - stepper.hBar;
      }
      if (subStep.r === 0) {
        timeBar[k] = 0;
        grid.clear(a[k]!);
      }
      if (pBar[k]![P] !== 0) {
        const place = currentPlace(plan.current, step, k);
        if (place !== undefined) gradient[currents.offset + place]! += pBar[k]![P]!;
        pBar[k]![P] = 0;
      }
    }
  }
  for (let k = 0; k < neurons; k++) {
    drawFurther(cell, plan, result.path, k, 0);
    addInitialGradient(layout, k, a[k]!, gradient);
    clearInitial(plan, k, a[k]!);
    cell.startVjp(bars[k]!, p[k]!, result.startUniforms[k]!, a[k]!);
    network.parameters.forEach((parameter, j) => {
      const place = placeOf(layout, parameter, k);
      if (place !== undefined) gradient[place]! += pBar[k]![j]!;
    });
  }
  return least;
}
