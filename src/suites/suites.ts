/** What is timed: figures are opened when their turn comes and closed after it, so that only one holds memory at a time. */
import { normalPair } from "../driver/normal.js";
import { threefry2x32 } from "../driver/threefry.js";
import type { Engine } from "../engine.js";
import { firstSpikes } from "../loss/spike-times.js";
import type { NetworkDefinition } from "../network/network.js";
import type { Method } from "../plan/plan.js";
import {
  signatureBackend,
  signatureGram,
  signatureMMD,
  type TypedPaths,
  truncatedSignatures,
} from "../signature/index.js";
import type { SimulatedSpikes } from "../spikes/simulated.js";
import { rmsprop } from "../train/optimisers.js";
import { train } from "../train/train.js";
import type { FloorKind } from "./floors.js";
import { layered, type Sizes, single, sparse } from "./sizes.js";
import type { StartTask } from "./start.js";
import type { SuiteName } from "./suite-names.js";

export interface Figure {
  readonly name: string;
  /** The floor under it. */
  readonly floor: FloorKind | "start";
  /** In place of the work's `run`: timed by the host in a fresh process or page. */
  readonly fresh?: StartTask;
  open(): Promise<Work>;
}

export interface Work {
  /** How much of the floor (normal pairs, bytes, multiply-adds) it cannot do without. */
  readonly amount: number;
  /** What one run gets done. */
  readonly does: { readonly amount: number; readonly unit: string };
  /** Before each run, and not timed. */
  prepare?(): Promise<void>;
  run(): Promise<unknown>;
  dispose?(): unknown;
}

const whole = (n: number): string => n.toLocaleString("en");
const size = (paths: number, steps: number): string => `${whole(paths)} paths × ${whole(steps)} steps`;

interface Solve {
  what: string;
  network: NetworkDefinition;
  neurons: number;
  /** Noise channels that are on. */
  channels: number;
  paths: number;
  steps: number;
  method: Method;
}

function solves(sizes: Sizes, single_: readonly (readonly [number, number])[]): Solve[] {
  const one = { what: "1 neuron", network: single, neurons: 1, channels: 1 };
  const [paths, steps] = single_[Math.min(1, single_.length - 1)]!;
  const [layerPaths, layerSteps] = sizes.layers;
  const many = { channels: 2, method: "levy" as const };
  return [
    ...single_.map(([p, s]): Solve => ({ ...one, paths: p, steps: s, method: "levy" })),
    { ...one, paths, steps, method: "euler" },
    { what: "22 neurons in layers", network: layered, neurons: 22, ...many, paths: layerPaths, steps: layerSteps },
    ...sizes.sparse.map(([p, s]): Solve => {
      return { what: "200 neurons, sparse", network: sparse, neurons: 200, ...many, paths: p, steps: s };
    }),
  ];
}

const label = (s: Solve): string => `${s.what}, ${size(s.paths, s.steps)}, ${s.method}`;
const pairs = (s: Solve): number => s.paths * s.steps * s.neurons * s.channels;
const solved = (s: Solve): Work["does"] => ({
  amount: s.paths * s.steps * s.neurons,
  unit: s.neurons === 1 ? "path·steps" : "path·neuron·steps",
});
/** Unit time: the same spikes whatever the number of steps. */
const options = (s: Solve) => ({ paths: s.paths, t1: 1, dt: 1 / s.steps, seed: 1, method: s.method });

function forward(engine: Engine, sizes: Sizes): Figure[] {
  const [paths, steps] = sizes.forward[0]!;
  const reading: Figure = {
    name: `reading the trains of ${whole(paths)} paths`,
    floor: "copy",
    open: async () => {
      const network = engine.network(single);
      const simulate = (): Promise<SimulatedSpikes> => network.simulate({ paths, t1: 1, dt: 1 / steps, seed: 1 });
      let spikes = await simulate();
      // A spike is a time (f64) and a neuron (i32); a path has its count (i32).
      const bytes = paths * (12 * spikes.largestCount + 4);
      return {
        amount: bytes,
        does: { amount: bytes, unit: "bytes" },
        // Trains that were read are kept.
        prepare: async () => {
          spikes.dispose();
          spikes = await simulate();
        },
        run: () => spikes.read(),
        dispose: () => spikes.dispose(),
      };
    },
  };
  const solving = solves(sizes, sizes.forward).map((s): Figure => {
    return {
      name: label(s),
      floor: "noise",
      open: async () => {
        const network = engine.network(s.network);
        const run = async (): Promise<void> => (await network.simulate(options(s))).dispose();
        return { amount: pairs(s), does: solved(s), run };
      },
    };
  });
  return [...solving, reading];
}

/** Of all spikes that a path has in unit time: nothing stops early. */
const spikeLoss = firstSpikes([[0.23, 0.46, 0.69, 0.92, 1, 1]]);

function gradient(engine: Engine, sizes: Sizes): Figure[] {
  return solves(sizes, sizes.gradient).map((s) => {
    const names = s.neurons === 1 ? ["current", "mu1", "beta"] : ["current", "weights"];
    return {
      name: `${label(s)}, by ${names.join(", ")}`,
      floor: "noise",
      open: async () => {
        const network = engine.network(s.network);
        const plan = network.gradientPlan(options(s), spikeLoss);
        const evaluator = await network.evaluator(plan, spikeLoss, names);
        return {
          amount: pairs(s),
          does: solved(s),
          run: () => evaluator.evaluate(plan),
          dispose: () => evaluator.dispose(),
        };
      },
    };
  });
}

/** Brownian paths of unit variance in unit time. */
export function brownianPaths(seed: number, count: number, length: number, channels: number): TypedPaths {
  const points = new Float64Array(count * length * channels);
  const pair = new Float64Array(2);
  const scale = 1 / Math.sqrt(length - 1);
  for (let at = 0; at < points.length; at++) {
    if (at % 2 === 0) normalPair(...threefry2x32(seed, 0xb7, at, 0), pair);
    const starts = at % (length * channels) < channels;
    points[at] = starts ? 0 : points[at - channels]! + scale * pair[at % 2]!;
  }
  return { points, shape: [count, length, channels] };
}

const channels = 4;
/** Multiply-adds of a cell of a signature kernel: its increment over the channels, its two coefficients, the stencil. */
const perCell = channels + 5;
/** Multiply-adds of one segment by Horner's scheme: (h + S_j) ⊗ Δ for every level k and every j below it. */
function perSegment(depth: number): number {
  let sum = 0;
  for (let k = 2; k <= depth; k++) for (let j = 1; j < k; j++) sum += channels ** (j + 1);
  return sum;
}

function signature(engine: Engine, sizes: Sizes): Figure[] {
  const backend = signatureBackend(engine.gpu ?? null);
  const floor = "arithmetic";
  const kernel = (count: number, length: number): Pick<Work, "amount" | "does"> => {
    const cells = count * (length - 1) ** 2;
    return { amount: perCell * cells, does: { amount: cells, unit: "cells" } };
  };
  const [count, length] = sizes.mmd;
  const [paths, points] = sizes.signatures;
  return [
    ...sizes.gram.map(([count, length]): Figure => {
      return {
        name: `Gram matrix ${count} × ${count}, length ${whole(length)}`,
        floor,
        open: async () => {
          const [x, y] = [brownianPaths(1, count, length, channels), brownianPaths(2, count, length, channels)];
          return { ...kernel(count ** 2, length), run: () => signatureGram(backend, x, y) };
        },
      };
    }),
    {
      name: `MMD² of ${count} and ${count} paths with gradient, length ${whole(length)}`,
      floor,
      open: async () => {
        const [x, y] = [brownianPaths(3, count, length, channels), brownianPaths(4, count, length, channels)];
        const run = () => signatureMMD(backend, x, y, { gradient: { x: true } });
        return { ...kernel(count ** 2 + count * (count - 1), length), run };
      },
    },
    {
      name: `truncated signatures of ${whole(paths)} paths, length ${whole(points)}, depth 4`,
      floor,
      open: async () => {
        const many = brownianPaths(5, paths, points, channels);
        return {
          amount: paths * (points - 1) * perSegment(4),
          does: { amount: paths * (points - 1), unit: "segments" },
          run: () => truncatedSignatures(backend, many, { depth: 4 }),
        };
      },
    },
  ];
}

/** Steps are submitted ahead of what is read, so that one alone says nothing: several in a row are timed. */
const stepsAtOnce = 6;

function training(engine: Engine, sizes: Sizes): Figure[] {
  const steps = sizes.name === "quick" ? 50 : 500;
  const figure1 = sizes.train.map((paths): Solve => {
    return { what: "figure 1", network: single, neurons: 1, channels: 1, paths, steps, method: "levy" };
  });
  const [paths, layerSteps] = sizes.layers;
  const network: Solve = {
    what: "22 neurons in layers",
    network: layered,
    neurons: 22,
    channels: 2,
    paths: Math.max(8, paths / 4),
    steps: layerSteps,
    method: "levy",
  };
  return [...figure1, network].map((s) => {
    return {
      name: `${stepsAtOnce} steps of ${label(s)}`,
      floor: "noise",
      open: async () => {
        const loss = s.neurons === 1 ? firstSpikes([[0.23, 0.46, 0.69]]) : firstSpikes([[0.2, 0.4, 0.6]]);
        const run = train(engine.network(s.network), {
          paths: s.paths,
          t1: s.neurons === 1 ? 5 : 1,
          dt: (s.neurons === 1 ? 5 : 1) / s.steps,
          seed: 1,
          method: s.method,
          loss,
          optimiser: rmsprop({ learningRate: 1e-3 }),
          trainable: s.neurons === 1 ? ["current"] : ["weights"],
          steps: 2 ** 20,
        });
        return {
          // One neuron stops at the last spike that the loss looks at, at 0.69 of 5 on average.
          amount: stepsAtOnce * (s.neurons === 1 ? (0.69 / 5) * pairs(s) : pairs(s)),
          does: { amount: stepsAtOnce, unit: "steps" },
          run: async () => {
            for (let n = 0; n < stepsAtOnce; n++) await run.next();
            // Those submitted ahead would else run under the floor.
            const { gpu } = engine;
            if (gpu) await gpu.waitFor(gpu.device.queue.onSubmittedWorkDone());
          },
          dispose: () => run.return(),
        };
      },
    };
  });
}

function start(): Figure[] {
  const open = async (): Promise<Work> => {
    return { amount: 1, does: { amount: 1, unit: "starts" }, run: async () => {} };
  };
  return [
    { name: "first trains (256 paths × 100 steps)", floor: "start", fresh: "trains", open },
    { name: "first gradient of the same", floor: "start", fresh: "gradient", open },
  ];
}

export const suites: Record<SuiteName, (engine: Engine, sizes: Sizes) => Figure[]> = {
  forward,
  gradient,
  signature,
  train: training,
  start,
};
