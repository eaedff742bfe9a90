/**
 * `npm run bench -- mini-batch [--steps n] [--rounds n] [--threads n]`: what it costs that paths are samples. Training steps of a
 * network 4-120-3 on 256 points of Yin-Yang, another batch each, and on 256 paths of one point, in turns; 60 grid steps, nothing
 * is read back within a training step. Processor time, which other work on the machine hardly moves.
 */
import type { CellDefinition } from "../src/cell/cell.js";
import { DataSet } from "../src/data/data-set.js";
import { sampleSpikes } from "../src/data/spike-data.js";
import { yinYang } from "../src/data/yin-yang.js";
import { Engine } from "../src/engine.js";
import { crossEntropy } from "../src/loss/cross-entropy.js";
import type { NetworkDefinition } from "../src/network/network.js";
import { adam } from "../src/train/optimisers.js";
import { type TrainOptions, train } from "../src/train/train.js";
import { median, option, writeResult } from "./support.js";

const leaky = (sigma: number): CellDefinition => ({
  name: "leaky",
  state: { v: "(I + i - v) / tauM", i: "-i / tauS" },
  ...(sigma > 0 ? { noise: { i: "sigma" } } : {}),
  event: "v - 1",
  reset: { v: "0" },
  receive: { i: "i + w" },
  parameters: { tauM: 20, tauS: 5, ...(sigma > 0 ? { sigma } : {}) },
  positive: ["tauM", "tauS"],
});

const networkOf = (cell: CellDefinition): NetworkDefinition => ({
  populations: {
    in: { sources: 4 },
    hidden: { cell, neurons: 120 },
    out: { cell, neurons: 3, current: 1.2 },
  },
  projections: [
    { from: "in", to: "hidden", weights: { allToAll: { normal: [1.8, 1.2], seed: 1 } } },
    { from: "hidden", to: "out", weights: { allToAll: { normal: [0.2, 0.3], seed: 2 } } },
  ],
});

const paths = 256;
const solve = { t1: 60, dt: 1 };

/** Processor time of a call, in milliseconds. */
async function processorTime(work: () => Promise<void>): Promise<number> {
  const used = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(used);
  return (user + system) / 1000;
}

export async function run(args: string[]): Promise<void> {
  const steps = Number(option(args, "--steps", "12"));
  const rounds = Number(option(args, "--rounds", "7"));
  const engine = await Engine.create({ backend: "simd", threads: Number(option(args, "--threads", "1")) });
  const rows = [];
  for (const [name, sigma] of [
    ["without noise", 0],
    ["with noise", 0.02],
  ] as const) {
    const own = engine.network(networkOf(leaky(sigma)));
    const spikes = yinYang({ samples: steps * paths, seed: 1, from: 2, to: 22, bias: false });
    const simulated = await own.simulate({ ...solve, samples: { spikes }, seed: 1 });
    const { counts } = await simulated.read();
    simulated.dispose();
    const mean = counts.reduce((sum, n) => sum + n, 0) / counts.length;
    // The point at which the network fires most nearly as often as it does on the mean: the two then do the same work.
    let one = 0;
    counts.forEach((n, s) => {
      if (Math.abs(n - mean) < Math.abs(counts[one]! - mean)) one = s;
    });
    const common = {
      ...solve,
      trainable: ["in->hidden.weights", "hidden->out.weights"],
      loss: crossEntropy({ neurons: [120, 121, 122], temperature: 0.5 }),
      // So that the network stays what it is.
      optimiser: adam({ learningRate: 1e-9 }),
    };
    const labels = [spikes.labels![one]!];
    const batches: TrainOptions = { ...common, data: new DataSet({ spikes }), batch: paths, epochs: 1 };
    const single: TrainOptions = {
      ...common,
      samples: { spikes: [sampleSpikes(spikes, one)], labels, trials: paths },
      steps,
    };
    const ways = { samples: batches, onePoint: single };
    const times: Record<keyof typeof ways, number[]> = { samples: [], onePoint: [] };
    // The first rounds compile.
    for (let round = -2; round < rounds; round++) {
      for (const way of ["samples", "onePoint"] as const) {
        const spent = await processorTime(async () => {
          for await (const _ of train(own, ways[way]));
        });
        if (round >= 0) times[way].push(spent / steps);
      }
    }
    const ratios = times.samples.map((t, r) => t / times.onePoint[r]!);
    const row = {
      name,
      spikes: { mean, onePoint: counts[one]! },
      samples: median(times.samples),
      onePoint: median(times.onePoint),
      ratio: median(ratios),
      ratios,
    };
    rows.push(row);
    console.log(
      `${name}: ${row.samples.toFixed(1)} ms of processor time a step on ${paths} samples, ${row.onePoint.toFixed(1)} on ` +
        `one point; ratio ${row.ratio.toFixed(2)} (${ratios.map((r) => r.toFixed(2)).join(", ")})`,
    );
  }
  writeResult("mini-batch", { adapter: engine.adapterName, paths, gridSteps: 60, steps, rounds, rows });
  engine.dispose();
}
