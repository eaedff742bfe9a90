/** The driver path of a plan from its counters, in float64: what the kernels draw, to the bit of the random words. */
import { normalPair } from "../driver/normal.js";
import { threefryInto } from "../driver/threefry.js";
import type { SolvePlan } from "../solve/plan.js";
import type { NoiseSource } from "./forward.js";

export function counterNoise(plan: SolvePlan): NoiseSource {
  const words = new Uint32Array(2);
  const perStep = plan.network.neurons * plan.network.cell.channels.length;
  const scaleW = Math.sqrt(plan.dt);
  const scaleH = Math.sqrt(plan.dt / 12);
  return (path, step, channel, out) => {
    threefryInto(words, plan.seed, 0, path, step * perStep + channel);
    normalPair(words[0]!, words[1]!, out);
    out[0]! *= scaleW;
    out[1]! *= scaleH;
  };
}
