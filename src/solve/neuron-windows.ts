/** Which plans may be solved with a neuron of a path per invocation, and in which windows. */
import { counted, fail } from "../checks.js";
import type { Gpu } from "../gpu/index.js";
import type { Network } from "../network/network.js";
import type { View } from "../plan/layout.js";
import type { SolvePlan } from "../plan/plan.js";
import { carryWhereKept } from "./carried.js";
import type { ChunkSolver } from "./chunk-solver.js";

/** Neurons from which on `auto` gives each an invocation, where connections have delays (docs/decisions.md). */
const manyNeurons = 256;

/** Windows of a solve: each is two dispatches, encoded before the first one runs. */
export const mostWindows = 2 ** 17;

/** What rounding may take off a delay of a whole number of steps. */
const rounding = 1e-7;

/** Which delays connections of neurons have, by number, and how many of them have none: found once for each network. */
const known = new WeakMap<Int32Array, { numbers: readonly number[]; atOnce: number }>();

function delaysOfNeurons({ neurons, connections }: Network): { numbers: readonly number[]; atOnce: number } {
  const { rowStart, delays, delayOf } = connections;
  let found = known.get(delayOf);
  if (!found) {
    const used = new Uint8Array(delays.length);
    let atOnce = 0;
    for (let e = 0; e < rowStart[neurons]!; e++) {
      const d = delayOf[e]!;
      if (d < 0) atOnce += 1;
      else used[d] = 1;
    }
    found = { numbers: [...delays.keys()].filter((d) => used[d] === 1), atOnce };
    known.set(delayOf, found);
  }
  return found;
}

/** The least delay of what neurons send; infinite where they send nothing. */
function leastDelay(network: Network): number {
  const { delays } = network.connections;
  return delaysOfNeurons(network).numbers.reduce((least, d) => Math.min(least, delays[d]!), Number.POSITIVE_INFINITY);
}

/** How many whole steps the least delay of neurons is, all steps where there is none; and more than an arrival is ever after its spike. */
export function delaySteps({ network, dt, steps }: Pick<SolvePlan, "network" | "dt" | "steps">): {
  soonest: number;
  latest: number;
} {
  let most = 0;
  for (const d of network.connections.delays) most = Math.max(most, d);
  const whole = (delay: number): number => Math.floor(Math.min(steps, (delay / dt) * (1 + rounding)));
  return { soonest: whole(leastDelay(network)), latest: whole(most) + 1 };
}

/** Why a plan cannot be solved so, in one line; nothing where it can. */
export function neuronObstacle(plan: SolvePlan): string | undefined {
  const { atOnce } = delaysOfNeurons(plan.network);
  if (atOnce > 0) return `${counted(atOnce, "connection")} without a delay`;
  const { soonest } = delaySteps(plan);
  if (soonest < 1) return `a delay of ${leastDelay(plan.network)}, below dt = ${plan.dt}`;
  const windows = Math.ceil(plan.steps / soonest);
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
  if (why) return undefined;
  // Carrying costs next to nothing here, and networks of thousands multiply what rounding moves (docs/decisions.md).
  return (await import("./neuron-solver.js")).NeuronSolver.create(gpu, await carryWhereKept(gpu, plan));
}
