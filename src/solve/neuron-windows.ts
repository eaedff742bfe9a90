/** Which plans may be solved with a neuron of a path per invocation, and in which windows. */
import { counted, fail } from "../checks.js";
import type { Gpu } from "../gpu/index.js";
import type { View } from "../plan/layout.js";
import type { SolvePlan } from "../plan/plan.js";
import type { ChunkSolver } from "./chunk-solver.js";

/** Neurons from which on `auto` gives each an invocation, where connections have delays (docs/decisions.md). */
const manyNeurons = 256;

/** Windows of a solve: each is two dispatches, encoded before the first one runs. */
export const mostWindows = 2 ** 17;

/** What rounding may take off a delay of a whole number of steps. */
const rounding = 1e-7;

/** How many whole steps the least delay of a plan is, all steps where there is none, and after how many a spike arrives at the latest. */
export function delaySteps({ network, dt, steps }: Pick<SolvePlan, "network" | "dt" | "steps">): {
  soonest: number;
  latest: number;
} {
  const { delays, targets } = network.connections;
  if (targets.length === 0) return { soonest: steps, latest: 1 };
  let [least, most] = [Number.POSITIVE_INFINITY, 0];
  for (const d of delays) {
    least = Math.min(least, d);
    most = Math.max(most, d);
  }
  return {
    soonest: Math.floor((least / dt) * (1 + rounding)),
    latest: Math.floor(Math.min(steps, (most / dt) * (1 + rounding))) + 1,
  };
}

/** Why a plan cannot be solved so, in one line; nothing where it can. */
export function neuronObstacle(plan: SolvePlan): string | undefined {
  const { connections } = plan.network;
  const { delayOf, targets } = connections;
  let atOnce = 0;
  if (targets.length > 0) for (const d of delayOf) atOnce += d < 0 ? 1 : 0;
  if (atOnce > 0) return `${counted(atOnce, "connection")} without a delay`;
  const { soonest } = delaySteps(plan);
  if (soonest < 1) {
    let least = Number.POSITIVE_INFINITY;
    for (const d of connections.delays) least = Math.min(least, d);
    return `a delay of ${least}, below dt = ${plan.dt}`;
  }
  const windows = Math.ceil(plan.steps / Math.min(soonest, plan.steps));
  if (windows > mostWindows) return `${windows} windows between spikes and arrivals (at most ${mostWindows})`;
  return undefined;
}

/**
 * The solver, where it is asked for or the faster one; nothing where another is to be taken.
 * @throws SaltationError `invalid-input` where it is asked for and cannot be.
 */
export async function solverByNeurons(
  gpu: Gpu,
  plan: SolvePlan,
  views: readonly View[],
): Promise<ChunkSolver | undefined> {
  const asked = plan.distribution === "neuron";
  if (asked && views.length > 0) fail("distribution", '"neuron" has no gradients; take "invocation"');
  const faster = plan.network.neurons >= manyNeurons && views.length === 0;
  if (!asked && !(plan.distribution === "auto" && faster)) return undefined;
  const why = neuronObstacle(plan);
  if (asked && why) fail("distribution", `"neuron" does not take ${why}; take "invocation"`);
  return why ? undefined : (await import("./neuron-solver.js")).NeuronSolver.create(gpu, plan);
}
