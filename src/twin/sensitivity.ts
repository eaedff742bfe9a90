/**
 * Forward sensitivities of one path in float64: the derivative of every spike time in given parameter directions, by
 * carrying tangents along the operations of the forward solve. At an event (docs/mathematics.md),
 *
 *     ∂τ = -(∂E + ∇E·∂y⁻) / (∇E·f⁻),   ∂y⁺ = ∂T + ∇T·(∂y⁻ + f⁻ ∂τ).
 */
import type { CompiledCell } from "../cell/emit-js.js";
import { sampleOf } from "../driver/current.js";
import type { ParameterLayout } from "../plan/layout.js";
import type { SolvePlan } from "../plan/plan.js";
import { Stepper } from "./advance.js";
import { firesAtOnce, neuronParameters, type PathResult, plannedCurrent } from "./forward.js";

/**
 * @param directions each a vector [layout.size] in parameter space.
 * @returns [spikes][directions], ∂τ_n along each direction (absolute time).
 */
export function pathSensitivities(
  plan: SolvePlan,
  layout: ParameterLayout,
  cell: CompiledCell,
  result: PathResult,
  directions: readonly Float64Array[],
): Float64Array[] {
  const { network, dt } = plan;
  const { neurons } = network;
  const n = network.cell.states.length;
  const P = network.cell.parameters.length;
  const stepper = new Stepper(cell, plan.method, dt);
  const p = neuronParameters(plan);
  const out = result.spikes.map(() => new Float64Array(directions.length));
  const currentView = layout.views.get("current")!;
  const weightView = layout.views.get("weights")!;
  const sampleWidth = plan.current.perNeuron ? neurons : 1;
  const still = new Float64Array(n);
  const noDirection = new Float64Array(P);
  const eBar = new Float64Array(n);
  const byLength = new Float64Array(n);

  directions.forEach((direction, d) => {
    const dp = Array.from({ length: neurons }, (_, k) =>
      Float64Array.from(network.cell.parameters, (name) => {
        const view = layout.views.get(name)!;
        return direction[view.offset + view.neuronStride * k]!;
      }),
    );
    const dy = Array.from({ length: neurons }, (_, k) => {
      const v = new Float64Array(n);
      cell.startJvp(v, p[k]!, result.startUniforms[k]!, dp[k]!);
      return v;
    });
    /** Tangent of the time at which each neuron stands within the step. */
    const dr = new Float64Array(neurons);
    let dTau = 0;
    for (const [o, op] of result.operations.entries()) {
      if (op.kind === "step") {
        dr.fill(0);
        continue;
      }
      const k = op.neuron;
      if (op.kind === "kick") cell.kickJvp(dy[k]!, op.before, p[k]!, op.increment, dy[k]!, dp[k]!);
      else if (op.kind === "fire") cell.resetJvp(dy[k]!, op.before, p[k]!, op.u, dy[k]!, dp[k]!);
      else if (op.kind === "input") cell.receiveJvp(dy[k]!, op.before, p[k]!, op.weight, dy[k]!, dp[k]!, 0);
      else if (op.kind === "receive") {
        const w = network.connections.weights[op.edge]!;
        cell.receiveJvp(dy[k]!, op.before, p[k]!, w, dy[k]!, dp[k]!, direction[weightView.offset + op.edge]!);
      } else {
        const I = plannedCurrent(plan, op.step, k);
        const sample = sampleOf(plan.current, op.step);
        const dI = direction[currentView.offset + sample * sampleWidth + currentView.neuronStride * k]!;
        // What follows a jump at once moves with it.
        const atOnce = op.until === "event" && firesAtOnce(cell, op.before, p[k]!);
        const dh = op.until === "arrival" ? dTau - dr[k]! : atOnce ? 0 : -dr[k]!;
        stepper.tangent(dy[k]!, op.before, op.r, op.h, op.driver, p[k]!, I, dy[k]!, dr[k]!, dh, dp[k]!, dI);
        if (op.until === "event") {
          if (atOnce) dTau = dr[k]!;
          else {
            const landed = (result.operations[o + 1] as { before: Float64Array }).before;
            stepper.tangent(byLength, op.before, op.r, op.h, op.driver, p[k]!, I, still, 0, 1, noDirection, 0);
            const ePBar = new Float64Array(P + 1);
            cell.eventGradient(eBar, ePBar, landed, p[k]!);
            let [moved, rate] = [0, 0];
            for (let j = 0; j < P; j++) moved += ePBar[j]! * dp[k]![j]!;
            for (let i = 0; i < n; i++) {
              moved += eBar[i]! * dy[k]![i]!;
              rate += eBar[i]! * byLength[i]!;
            }
            dTau = -moved / rate;
            for (let i = 0; i < n; i++) dy[k]![i]! += byLength[i]! * dTau;
          }
          dr[k] = dTau;
          out[(result.operations[o + 1] as { spike: number }).spike]![d] = dTau;
        } else if (op.until === "arrival") dr[k] = dTau;
        else if (op.until === "input") dr[k] = 0;
      }
    }
  });
  return out;
}
