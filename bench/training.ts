/**
 * Time of a training step by its stages, on the GPU by timestamp queries, beside the same step driven by the host (which
 * reads the status of every chunk, the loss and the gradient back, and updates in float64).
 */
import { Engine } from "../src/engine.js";
import { expectedSignatureLoss } from "../src/loss/expected-signature.js";
import type { Loss } from "../src/loss/loss.js";
import { firstSpikes } from "../src/loss/spike-times.js";
import type { NetworkDefinition } from "../src/network/network.js";
import type { TypedSpikes } from "../src/spikes/spikes.js";
import { pathsOf } from "../src/spikes/table.js";
import { rmsprop } from "../src/train/optimisers.js";
import { type TrainOptions, train } from "../src/train/train.js";
import { option, writeResult } from "./support.js";

/** Figure 1 of Holberg & Salvi (2024), and their network of figure 2 with all weights at 1/2. */
const neuron: NetworkDefinition = {
  cell: "slif",
  parameters: { mu1: 15, mu2: 0, sigma1: 0.25, sigma2: 0, vReset: 1.4, beta: 5, alpha: 0.03 },
  current: 0.5653,
};
const inputs = 4;
const network: NetworkDefinition = {
  cell: "slif",
  layers: [inputs, 16, 2],
  parameters: {
    mu1: 6,
    mu2: 5,
    sigma1: 0.25,
    sigma2: 0.25,
    vReset: 1.2,
    vTh: 1,
    beta: 5,
    alpha: 0.03,
    v0: 1.1,
    i0: 0.6,
  },
  weights: {
    layers: [
      Array.from({ length: inputs }, () => new Array<number>(16).fill(0.5)),
      Array.from({ length: 16 }, () => [0.5, 0.5]),
    ],
  },
  current: Array.from({ length: 22 }, (_, k) => (k < inputs ? 1.5 : 0)),
};

async function observe(engine: Engine, definition: NetworkDefinition, paths: number): Promise<TypedSpikes[]> {
  const spikes = await engine.network(definition).simulate({ paths, t1: 1, dt: 0.01, seed: 77 });
  const table = await spikes.read();
  spikes.dispose();
  return pathsOf(table);
}

export async function run(args: string[]): Promise<void> {
  const steps = Number(option(args, "--steps", "40"));
  const engine = await Engine.create({ backend: "webgpu" });
  const observed = await observe(engine, network, 256);
  const optimiser = rmsprop({ learningRate: 1e-3, decay: 0.7, momentum: 0.3 });
  const signature = (matching: boolean): Loss => expectedSignatureLoss(observed, { depth: 3, matching });
  const one = { t1: 5, paths: 128, optimiser, trainable: ["current"], loss: firstSpikes([[0.23, 0.46, 0.69]]) };
  const many = { t1: 1, paths: 128, optimiser, trainable: ["weights"] };
  const cases: [string, NetworkDefinition, Omit<TrainOptions, "steps">][] = [
    ["figure 1, first spikes, euler, dt 0.01", neuron, { ...one, dt: 0.01, method: "euler" }],
    [
      "figure 2, depth 3, matched, euler, dt 0.01",
      network,
      { ...many, dt: 0.01, method: "euler", loss: signature(true) },
    ],
    [
      "figure 2, depth 3, matched, levy, dt 0.05",
      network,
      { ...many, dt: 0.05, method: "levy", loss: signature(true) },
    ],
    ["figure 2, depth 3, levy, dt 0.05", network, { ...many, dt: 0.05, method: "levy", loss: signature(false) }],
  ];
  const rows = [];
  for (const [name, definition, options] of cases) {
    const own = engine.network(definition);
    // The first steps compile, and measure what room is needed.
    for await (const _ of train(own, { ...options, steps: 3 }));
    const began = performance.now();
    for await (const _ of train(own, { ...options, steps }));
    const resident = (performance.now() - began) / steps;

    const plan = own.gradientPlan(options, options.loss);
    const evaluator = await own.evaluator(plan, options.loss, options.trainable as string[]);
    await evaluator.evaluate(plan);
    const from = performance.now();
    for (let s = 0; s < steps; s++) await evaluator.evaluate({ ...plan, seed: s });
    const host = (performance.now() - from) / steps;
    evaluator.dispose();

    let stages: Record<string, number> | undefined;
    if (engine.gpu!.profile(true)) {
      for await (const _ of train(own, { ...options, steps }));
      const times = await engine.gpu!.timings();
      const of = (label: string): number => Math.round(((times[label] ?? 0) / steps) * 100) / 100;
      stages = Object.fromEntries(["forward", "loss", "backward", "reduce", "update"].map((s) => [s, of(s)]));
      engine.gpu!.profile(false);
    }
    rows.push({ name, milliseconds: resident, drivenByHost: host, stages });
    console.log(`${name}: ${resident.toFixed(1)} ms a step (${host.toFixed(1)} driven by the host)`, stages ?? "");
  }
  writeResult("training", { adapter: engine.adapterName, paths: 128, steps, rows });
  engine.dispose();
}
