/** The driver path of a plan from its counters, in float64: what the kernels draw, to the bit of the random words. */
import type { CompiledCell } from "../cell/emit-js.js";
import { normalPair, uniformOpen } from "../driver/normal.js";
import { threefry2x32, threefryInto } from "../driver/threefry.js";
import type { SolvePlan } from "../plan/plan.js";
import { givenSlope } from "../plan/sampled-values.js";
import { firstDrawn } from "../plan/samples.js";
import type { NoiseSource } from "./forward.js";

export function counterNoise(plan: SolvePlan): NoiseSource {
  const words = new Uint32Array(2);
  const perStep = plan.network.neurons * plan.network.cell.channels.length;
  const scaleW = Math.sqrt(plan.dt);
  const scaleH = Math.sqrt(plan.dt / 12);
  const { channels } = plan.network.cell;
  const given = channels.map((_, c) => givenSlope(plan, c));
  return (path, step, channel, out) => {
    const slope = given[channel % channels.length];
    if (slope) {
      out[0] = plan.dt * slope(path, step, Math.floor(channel / channels.length));
      out[1] = 0;
      return;
    }
    const sign = plan.antithetic && path % 2 === 1 ? -1 : 1;
    threefryInto(words, plan.seed, 0, drawnPath(plan, path), step * perStep + channel);
    normalPair(words[0]!, words[1]!, out);
    out[0]! *= sign * scaleW;
    out[1]! *= sign * scaleH;
  };
}

/** The path whose counters a path draws by: for antithetic paths, the first of the pair. */
export const drawnPath = (plan: SolvePlan, path: number): number =>
  firstDrawn(plan) + (plan.antithetic ? path - (path % 2) : path);

/** Writes the random numbers beside that uniform to where the jumps of a compiled cell read them. */
export function drawFurther(cell: CompiledCell, plan: SolvePlan, path: number, neuron: number, count: number): void {
  const { furtherRandom } = cell.cell;
  if (furtherRandom.length === 0) return;
  const turned = plan.antithetic && path % 2 === 1;
  const pair = new Float64Array(2);
  furtherRandom.forEach(({ kind }, i) => {
    const key = 0xfffffffe - (neuron * furtherRandom.length + i);
    const [first, second] = threefry2x32(plan.seed, key, drawnPath(plan, path), count);
    if (kind === "uniform") cell.further[i] = uniformOpen(turned ? ~first >>> 0 : first);
    else {
      normalPair(first, second, pair);
      cell.further[i] = turned ? -pair[0]! : pair[0]!;
    }
  });
}

/** The uniform of a neuron's `count`-th spike (0: its start) on a path, which a float32 holds exactly. */
export function eventUniform(plan: SolvePlan, path: number, neuron: number, count: number): number {
  const [bits] = threefry2x32(plan.seed, 1 + neuron, drawnPath(plan, path), count);
  return uniformOpen(plan.antithetic && path % 2 === 1 ? ~bits >>> 0 : bits);
}
