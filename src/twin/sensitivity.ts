/**
 * Forward sensitivities of one path in float64: the derivative of every spike time in given parameter directions, by
 * carrying tangents along the operations of the forward solve. At an event (docs/mathematics.md),
 *
 *     ∂τ = -(∂E + ∇E·∂y⁻) / (∇E·f⁻),   ∂y⁺ = ∂T + ∇T·(∂y⁻ + f⁻ ∂τ).
 */
import type { CompiledCell } from "../cell/emit-js.js";
import { currentPlace } from "../driver/current.js";
import { weightAt, weightPlace } from "../network/connections.js";
import { addInitialTangent, type ParameterLayout, placeOf, timesSegment } from "../plan/layout.js";
import type { SolvePlan } from "../plan/plan.js";
import { clearInitial, planOfPath } from "../plan/sampled-values.js";
import type { SubStepTangent } from "./advance.js";
import { stepperOf } from "./exponential.js";
import type { Operation, PathResult } from "./forward.js";
import { gridStates } from "./grid-states.js";
import type { PendingSpike } from "./horizon.js";
import { drawFurther } from "./noise.js";
import { neuronParameters } from "./of-neurons.js";
import { type Sent, sentBySource } from "./pending.js";
import { clearanceOf, leastClearance, termsOf } from "./tangential.js";

/**
 * @param directions each a vector [layout.size] in parameter space, or [layout.gradientSize] with the times of spikes of sources.
 * @param pending spikes that might come at t1 too (horizon.ts).
 * @returns [spikes][directions], ∂τ_n along each direction (absolute time); after those of spikes a row for each of
 * `pending`, ∂E(t1) along each direction, with which it appears.
 */
export function pathSensitivities(
  given: SolvePlan,
  layout: ParameterLayout,
  cell: CompiledCell,
  result: PathResult,
  directions: readonly Float64Array[],
  pending: readonly PendingSpike[] = [],
): Float64Array[] {
  const plan = planOfPath(given, result.path);
  const { network, dt } = plan;
  const { neurons } = network;
  const n = network.cell.states.length;
  const P = network.cell.parameters.length;
  const stepper = stepperOf(cell, plan.method, dt);
  const grid = gridStates(plan);
  const p = neuronParameters(plan);
  const out = [...result.spikes, ...pending].map(() => new Float64Array(directions.length));
  const currents = layout.segments.get("current")!;
  const weights = layout.segments.get("weights")!;
  const lengthAlone: SubStepTangent = { y: new Float64Array(n), r: 0, h: 1, p: new Float64Array(P), I: 0 };
  const eBar = new Float64Array(n);
  const byLength = new Float64Array(n);

  const delays = layout.segments.get("delays");
  const times = layout.segments.get(timesSegment)?.offset ?? layout.size;
  directions.forEach((direction, column) => {
    const delayAlong = (edge: number): number => {
      const delay = network.connections.delayOf[edge]!;
      return delay < 0 ? 0 : direction[delays!.offset + delay]!;
    };
    /** A spike of a source comes at its time, whatever the parameters. */
    const sentAlong = (spike: Sent): number =>
      spike >= 0 ? out[spike]![column]! : (direction[times + sentBySource(spike)] ?? 0);
    /** Per neuron, the tangent of its next sub-step; that of its state and of the time at which it stands go on. */
    const along = Array.from({ length: neurons }, (_, k): SubStepTangent => {
      const own = Float64Array.from(network.parameters, (parameter) => {
        const place = placeOf(layout, parameter, k);
        return place === undefined ? 0 : direction[place]!;
      });
      const y = new Float64Array(n);
      drawFurther(cell, plan, result.path, k, 0);
      cell.startJvp(y, p[k]!, result.startUniforms[k]!, { p: own });
      clearInitial(plan, k, y);
      addInitialTangent(layout, k, direction, y);
      return { y, r: 0, h: 0, p: own, I: 0 };
    });
    for (const [o, op] of result.operations.entries()) {
      if (op.kind === "step") {
        for (const d of along) {
          d.r = 0;
          grid.clear(d.y);
        }
        continue;
      }
      const k = op.neuron;
      const d = along[k]!;
      if (op.kind === "kick") cell.kickJvp(d.y, op.before, p[k]!, op.increment, d);
      else if (op.kind === "fire") {
        drawFurther(cell, plan, result.path, k, op.drawn);
        cell.happenings[op.event]!.jumpJvp(d.y, op.before, p[k]!, op.u, d);
      } else if (op.kind === "input") {
        cell.ports[op.port]!.receiveJvp(d.y, op.before, p[k]!, op.weight, { y: d.y, p: d.p, w: 0 });
      } else if (op.kind === "receive") {
        const { connections } = network;
        const dw = direction[weights.offset + weightPlace(connections, op.edge)]!;
        const weight = weightAt(connections, op.edge);
        cell.ports[connections.ports[op.edge]!]!.receiveJvp(d.y, op.before, p[k]!, weight, { y: d.y, p: d.p, w: dw });
      } else {
        const { subStep } = op;
        const place = currentPlace(plan.current, op.step, k);
        d.I = place === undefined ? 0 : direction[currents.offset + place]!;
        // What follows a jump at once moves with it.
        const arriving = op.spike === undefined ? undefined : sentAlong(op.spike) + delayAlong(op.edge!);
        d.h = arriving !== undefined ? arriving - d.r : op.atOnce ? 0 : -d.r;
        stepper.tangent(d.y, subStep, d);
        if (op.until === "event") {
          let dTau = d.r;
          const { before: landed, event, spike } = result.operations[o + 1] as Operation & { kind: "fire" };
          if (!op.atOnce) {
            stepper.tangent(byLength, subStep, lengthAlone);
            const ePBar = new Float64Array(P + 1);
            cell.happenings[event]!.surfaceGradient(eBar, ePBar, landed, p[k]!);
            let [moved, rate] = [0, 0];
            for (let j = 0; j < P; j++) moved += ePBar[j]! * d.p[j]!;
            for (let i = 0; i < n; i++) {
              moved += eBar[i]! * d.y[i]!;
              rate += eBar[i]! * byLength[i]!;
            }
            const terms = termsOf(eBar, landed) + termsOf(ePBar, p[k]!);
            const clearance = clearanceOf(cell.happenings[event]!, stepper, subStep, landed, rate, terms);
            dTau = moved === 0 ? 0 : -moved / (clearance < leastClearance ? 0 : rate);
            for (let i = 0; i < n; i++) d.y[i]! += byLength[i]! * dTau;
          }
          d.r = dTau;
          if (spike !== undefined) out[spike]![column] = dTau;
        } else if (arriving !== undefined) d.r = arriving;
        else if (op.until === "input") d.r = 0;
      }
    }
    pending.forEach(({ neuron: k, event }, row) => {
      const ePBar = new Float64Array(P + 1);
      cell.happenings[event]!.surfaceGradient(eBar, ePBar, result.final[k]!, p[k]!);
      const { y, p: dp } = along[k]!;
      const byState = eBar.reduce((sum, d, i) => sum + d * y[i]!, 0);
      out[result.spikes.length + row]![column] = dp.reduce((sum, d, j) => sum + d * ePBar[j]!, byState);
    });
  });
  return out;
}
