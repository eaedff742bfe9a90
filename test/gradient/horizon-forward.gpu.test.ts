/** The horizon term forward: in the twin that of the backward recursion, path by path, and on the GPU that of the twin. */
import { expect, it } from "vitest";
import { sensitivitiesGpu } from "../../src/gradient/sensitivity.js";
import { expectedSignatureLoss } from "../../src/loss/expected-signature.js";
import { evaluateOnHost } from "../../src/loss/host-loss.js";
import type { Loss } from "../../src/loss/loss.js";
import { spikeCount } from "../../src/loss/spike-count.js";
import { defineNetwork, libraryCell, type NetworkDefinition } from "../../src/network/network.js";
import { parameterLayout, requestedViews } from "../../src/plan/layout.js";
import { planSolve, type SolveOptions } from "../../src/plan/plan.js";
import type { Sensitivities } from "../../src/spikes/sensitivities.js";
import { pathsOf } from "../../src/spikes/table.js";
import { sensitivitiesCpu } from "../../src/twin/sensitivities.js";
import { sharedGpu } from "../support/gpu.js";
import { network, neuron, rowsOf } from "./horizon.js";

const gpu = sharedGpu();
const observed = [{ times: [0.2, 0.4], neurons: [0, 0] }];

interface Case {
  readonly definition: NetworkDefinition;
  readonly names: string[];
  readonly loss: Loss;
  readonly options?: Partial<SolveOptions>;
}

const queue = async (): Promise<NetworkDefinition> => ({
  cell: await libraryCell("mm1-queue"),
  neurons: 2,
  parameters: { n0: 1, mu: [1, 1.5] },
});

/** Σ ∂F/∂τ ∂τ + Σ ΔF ∂E of each path. */
async function contracted(
  { table, derivatives, horizon, directions }: Sensitivities,
  loss: Loss,
  plan: ReturnType<typeof planSolve>,
): Promise<number[][]> {
  const { cotangents, horizon: adds } = await evaluateOnHost(loss, pathsOf(table), plan, undefined);
  const { neurons } = plan.network;
  return Array.from({ length: plan.paths }, (_, i) =>
    Array.from({ length: directions }, (__, d) => {
      let sum = 0;
      for (let n = 0; n < table.counts[i]!; n++)
        sum += cotangents[i]![n]! * derivatives[(i * table.slots + n) * directions + d]!;
      for (let j = 0; j < neurons; j++) sum += adds![i]![j]! * horizon![(i * neurons + j) * directions + d]!;
      return plan.paths * sum;
    }),
  );
}

it.each<[string, () => Promise<Case>]>([
  [
    "one neuron, where paths stop",
    async () => ({
      definition: neuron,
      names: ["current", "vReset", "alpha", "v0"],
      loss: spikeCount(),
      options: { maxSpikes: 3 },
    }),
  ],
  [
    "a network with delays",
    async () => ({
      definition: { ...network, weights: { ...network.weights, delays: 0.031 } } as NetworkDefinition,
      names: ["current", "alpha", "weights", "delays", "mu1"],
      loss: expectedSignatureLoss(observed, { depth: 2 }),
    }),
  ],
  [
    "two neurons whose hazards compete",
    async () => ({
      definition: await queue(),
      names: ["lambda", "mu"],
      loss: spikeCount({ neuron: [0, 1] }),
      options: { t1: 3, dt: 0.1 },
    }),
  ],
])("%s", async (_, made) => {
  const { definition, names, loss, options } = await made();
  const plan = planSolve(defineNetwork(definition), { paths: 64, t1: 0.5, dt: 0.02, seed: 3, ...options });
  const views = requestedViews(plan.network, parameterLayout(plan), names);
  const host = await sensitivitiesCpu(plan, views);
  expect(host.horizonLacks).toBeUndefined();
  const backward = await rowsOf(undefined, plan, names, loss);
  const forward = await contracted(host, loss, plan);
  const scale = Math.max(...backward.flatMap((row) => row.slice(1).map(Math.abs)));
  let most = 0;
  forward.forEach((row, i) => {
    row.forEach((v, d) => {
      most = Math.max(most, Math.abs(v - backward[i]![1 + d]!));
    });
  });
  // The same sums in another order.
  expect(most).toBeLessThan(1e-9 * scale);
  const device = await sensitivitiesGpu(gpu(), plan, views);
  const largest = Math.max(...host.horizon!.map(Math.abs));
  const perPath = host.horizon!.length / plan.paths;
  // Of most paths: the others have a spike more or less, by rounding.
  const off = Array.from({ length: plan.paths }, (__, i) => i).filter((i) =>
    host.horizon!.slice(i * perPath, (i + 1) * perPath).some((v, e) => {
      const other = device.horizon![i * perPath + e]!;
      return Math.abs(v - other) > 2e-3 * Math.max(Math.abs(v), 0.02 * largest);
    }),
  );
  expect(off.length).toBeLessThanOrEqual(1);
  expect(host.horizon!.filter((v) => v !== 0).length).toBeGreaterThan(plan.paths);
});

it("is absent where no hazard sets spikes off, and says what it lacks", async () => {
  const definition: NetworkDefinition = { cell: await libraryCell("lif"), current: 1.5 };
  const plan = planSolve(defineNetwork(definition), { paths: 1, t1: 1, dt: 0.02 });
  const views = requestedViews(plan.network, parameterLayout(plan), ["current"]);
  const { horizon, horizonLacks } = await sensitivitiesCpu(plan, views);
  expect(horizon).toBeUndefined();
  expect(horizonLacks).toMatch(/come by no hazard/);
});
