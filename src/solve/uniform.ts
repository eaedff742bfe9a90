/** What the uniforms of the solvers' kernels share (shaders/shared/run.ts), from the plan. */
import type { Values } from "../../shaders/shared/declare.js";
import type { networkRunFields, runFields } from "../../shaders/shared/run.js";
import { firstArrivalFrom } from "../plan/arrivals.js";
import type { Chunk } from "../plan/chunks.js";
import type { SolvePlan } from "../plan/plan.js";
import { firstDrawn } from "../plan/samples.js";

export function runOf(plan: SolvePlan, { paths, firstPath }: Chunk): Values<typeof runFields> {
  const { steps, seed, dt, current } = plan;
  return {
    paths,
    firstPath: firstDrawn(plan) + firstPath,
    firstOfAll: firstPath,
    steps,
    seed,
    stepsPerSample: Math.min(current.stepsPerSample, 0xffffffff),
    dt,
    invDt: 1 / dt,
    invSqrtDt: 1 / Math.sqrt(dt),
  };
}

/** For a window of grid steps of a network. */
export function networkRunOf(
  plan: SolvePlan,
  chunk: Chunk,
  stepBegin: number,
  stepEnd: number,
): Values<typeof networkRunFields> {
  const firstArrival = firstArrivalFrom(plan, stepBegin);
  return { ...runOf(plan, chunk), stepBegin, stepEnd, firstArrival, maxSpikes: plan.maxSpikes };
}

/** A burst of four lanes on the processor, which skips what none of them has: there is nothing to be gained by waiting. */
export const processorBurst = 1;
