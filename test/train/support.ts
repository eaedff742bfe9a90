/** What the tests of losses share. */
import type { Engine } from "../../src/engine.js";
import { expectedSignatureLoss } from "../../src/loss/expected-signature.js";
import type { Loss } from "../../src/loss/loss.js";
import { pathLoss } from "../../src/loss/path-loss.js";
import { signatureMmdLoss, signatureScoreLoss } from "../../src/loss/signature-kernel.js";
import { firstSpikes, meanSpikeTime } from "../../src/loss/spike-times.js";
import { vanRossum } from "../../src/loss/van-rossum.js";
import type { NetworkDefinition } from "../../src/network/network.js";
import type { SolveOptions } from "../../src/plan/plan.js";
import type { TypedSpikes } from "../../src/spikes/spikes.js";
import { pathsOf } from "../../src/spikes/table.js";

/** Simulated spike trains, path by path. */
export async function spikesOfRun(
  engine: Engine,
  network: NetworkDefinition,
  options: SolveOptions,
): Promise<TypedSpikes[]> {
  const spikes = await engine.network(network).simulate(options);
  const table = await spikes.read();
  spikes.dispose();
  return pathsOf(table);
}

export const one: NetworkDefinition = { cell: "slif", current: 1.5 };

export const recurrent: NetworkDefinition = {
  cell: "slif",
  neurons: 3,
  current: [1.6, 1.2, 0.9],
  weights: {
    edges: [
      [0, 1, 0.9],
      [1, 2, 1.1],
      [2, 0, -0.4],
    ],
  },
  parameters: { sigma2: 0.2 },
};

export type Observed = Record<"one" | "recurrent", TypedSpikes[]>;

/** Trains that losses compare with: of currents other than those of `one` and `recurrent`. */
export async function observedSpikes(engine: Engine, paths: number): Promise<Observed> {
  const solve = { paths, t1: 1, dt: 0.02, seed: 5 };
  return {
    one: await spikesOfRun(engine, { ...one, current: 1.3 }, solve),
    recurrent: await spikesOfRun(engine, { ...recurrent, current: [1.4, 1.3, 1] }, solve),
  };
}

/** Losses by name, for each of the two networks. */
export const lossCases = (observed: Observed): [string, (network: "one" | "recurrent") => Loss][] => [
  ["mean spike time", () => meanSpikeTime(0, 1)],
  ["first spikes, mse", () => firstSpikes([[0.2, 0.5, 0.7]])],
  ["first spikes, mae", () => firstSpikes([[0.21, 0.52, 0.74]], "mae")],
  ["expected signature", (n) => expectedSignatureLoss(observed[n], { depth: 3 })],
  ["signature, levels weighted", (n) => expectedSignatureLoss(observed[n], { depth: 4, levelWeights: [1, 2, 6, 0] })],
  ["expected signature, matched", (n) => expectedSignatureLoss(observed[n], { depth: 3, matching: true })],
  ["van Rossum", (n) => vanRossum(observed[n], { tau: 0.1 })],
  ["van Rossum, biased", (n) => vanRossum(observed[n], { tau: 0.3, unbiased: false })],
  ["MMD, truncated", (n) => signatureMmdLoss(observed[n], { solver: { kind: "truncated", depth: 3 } })],
  ["MMD, RBF", (n) => signatureMmdLoss(observed[n], { static: { kind: "rbf", sigma: 2 }, unbiased: false })],
  ["score", (n) => signatureScoreLoss(observed[n], { static: { kind: "linear", scale: 0.2 } })],
  ["a caller's, in WGSL", () => inWgsl],
  ["a caller's, in TypeScript", () => inTypeScript],
];

/** Mean over paths of Σ_n c / (1 + n) · sin(3 τ_n + neuron): the same three times over. */
const factor = 0.7;
const onePath = (one: TypedSpikes) => ({
  value: one.times.reduce((sum, t, n) => sum + (factor / (1 + n)) * Math.sin(3 * t + one.neurons[n]!), 0),
  cotangents: one.times.map((t, n) => ((3 * factor) / (1 + n)) * Math.cos(3 * t + one.neurons[n]!)),
});

const inTypeScript: Loss = {
  kind: "mine",
  evaluate(spikes) {
    const each = spikes.map(onePath);
    return {
      value: each.reduce((sum, e) => sum + e.value, 0) / spikes.length,
      cotangents: each.map((e) => e.cotangents.map((c) => c / spikes.length)),
      pathValues: each.map((e) => e.value),
    };
  },
};

const inWgsl = pathLoss({
  kind: "mine",
  data: [factor],
  evaluate: onePath,
  code: /* wgsl */ `
fn path_loss(path: u32, count: u32) -> f32 {
  var sum = 0.0f;
  for (var n = 0u; n < count; n += 1u) {
    let phase = 3.0f * spike_time(n) + f32(spike_neuron(n));
    sum += data[0] / f32(1u + n) * sin(phase);
    add_cotangent(n, 3.0f * data[0] / f32(1u + n) * cos(phase));
  }
  return sum;
}`,
});
