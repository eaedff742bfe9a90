/** A plan at half its step, on the same Brownian paths and with the same uniforms. */
import { halve } from "../driver/brownian.js";
import { normalPair } from "../driver/normal.js";
import { threefryInto } from "../driver/threefry.js";
import { allArrivals, halvedArrivals } from "../plan/arrivals.js";
import { planInputs } from "../plan/inputs.js";
import type { SolvePlan } from "../plan/plan.js";
import { halvedSamples } from "../plan/samples.js";
import type { NoiseSource } from "./forward.js";
import { drawnPath } from "./noise.js";

/** Streams of random numbers that split steps, counted down from the middle: others lie near either end. */
const topStream = 2 ** 31;

const twice = <C extends { readonly stepsPerSample: number }>(current: C): C => ({
  ...current,
  stepsPerSample: 2 * current.stepsPerSample,
});

/** The plan with every step in two. */
export function halvedPlan(plan: SolvePlan): SolvePlan {
  const { network, t0, dt, steps, current } = plan;
  return {
    ...plan,
    dt: dt / 2,
    steps: 2 * steps,
    current: {
      ...twice(current),
      ...(current.parts ? { parts: current.parts.map(twice) } : {}),
    },
    // Of samples off the grid anew, so that what is between grid points shows.
    inputs: planInputs(network, t0, dt / 2, 2 * steps).map((input, i) => {
      const given = plan.inputs[i]!;
      const bySample = plan.samples?.values?.inputs.some((part) => part.index === i);
      return bySample ? { ...given, stepsPerSample: 2 * given.stepsPerSample } : input;
    }),
    arrivals: halvedArrivals(allArrivals(plan)),
    ...(plan.samples ? { samples: halvedSamples(plan.samples) } : {}),
  };
}

/**
 * The driver of the halved plan: each of the plan's own steps in two halves, which need one more pair of normals a step.
 * @param whole the driver of `plan`, which is itself halved `level` - 1 times.
 */
export function halvedNoise(plan: SolvePlan, whole: NoiseSource, level: number): NoiseSource {
  const words = new Uint32Array(2);
  const pair = new Float64Array(2);
  const halves = new Float64Array(4);
  const channels = plan.network.neurons * plan.network.cell.channels.length;
  /** The second half of each channel's last step, which is asked for next. */
  const second = new Float64Array(2 * channels);
  const known = new Float64Array(channels).fill(-1);
  const own = plan.network.cell.channels.length;
  const driven = new Set(plan.samples?.values?.drivers.map((d) => d.channel));
  let last = -1;
  return (path, step, channel, out) => {
    if (path !== last) known.fill(-1);
    last = path;
    const [coarse, half] = [Math.floor(step / 2), step % 2];
    if (half === 1 && known[channel] === coarse) {
      out[0] = second[2 * channel]!;
      out[1] = second[2 * channel + 1]!;
      return;
    }
    whole(path, coarse, channel, out);
    if (driven.has(channel % own)) {
      out[0]! /= 2; // straight
      return;
    }
    const sign = plan.antithetic && path % 2 === 1 ? -1 : 1;
    threefryInto(words, plan.seed, topStream - level, drawnPath(plan, path), coarse * channels + channel);
    normalPair(words[0]!, words[1]!, pair);
    halve(halves, out[0]!, out[1]!, plan.dt, sign * pair[0]!, sign * pair[1]!);
    second.set(halves.subarray(2), 2 * channel);
    known[channel] = coarse;
    out[0] = halves[2 * half]!;
    out[1] = halves[2 * half + 1]!;
  };
}
