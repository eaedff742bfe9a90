/**
 * Gradients of expected signatures of several neurons against differences: derivatives of paths with the horizon term do not see spikes of two
 * neurons change places, the score does.
 */
import { readFileSync } from "node:fs";
import type { Engine, EngineNetwork } from "../src/engine.js";
import { truthOf, truthSolve } from "../src/experiments/recovery.js";
import { networkOf, solveOptionsOf } from "../src/job/build.js";
import { checkJob } from "../src/job/check-job.js";
import { trainSchema } from "../src/job/job.js";
import type { Estimator } from "../src/loss/estimator.js";
import { expectedSignatureLoss } from "../src/loss/expected-signature.js";
import type { Loss } from "../src/loss/loss.js";
import { estimateOf } from "../src/reduce/statistics.js";
import { pathsOf } from "../src/spikes/table.js";

export const seeds = Array.from({ length: 16 }, (_, s) => 1000 + s);

/** Central differences with common random numbers, of the first so many seeds: what each gives. */
export async function differences(
  of: (by: 1 | -1, seed: number) => Promise<number>,
  count = seeds.length,
): Promise<Float64Array> {
  const all: number[] = [];
  for (const seed of seeds.slice(0, count)) all.push(((await of(1, seed)) - (await of(-1, seed))) / 2);
  return Float64Array.from(all);
}

interface SignatureRow {
  readonly name: string;
  readonly estimator: Estimator;
  readonly unbiased: boolean;
  readonly gradient: number;
  readonly error: number;
  readonly difference: number;
  readonly differenceError: number;
  /** Gradient less difference, of the same seeds. */
  readonly off: number;
  readonly offError: number;
}

interface Case {
  readonly name: string;
  readonly loss: Loss;
  /** The network moved by h. */
  readonly at: (h: number) => EngineNetwork;
  readonly h: number;
  readonly with: string;
  /** The derivative by h, of the gradient as a vector. */
  readonly along: (flat: Float64Array) => number;
  readonly solve: { readonly paths: number; readonly t1: number; readonly dt: number };
  readonly count: number;
}

/** A derivative by both estimators against differences with the same random numbers. */
async function byBoth({ name, loss, at, h, with: by, along, solve: given, count }: Case): Promise<SignatureRow[]> {
  const solve = { ...given, standardErrors: false };
  const valueAt = async (to: number, seed: number): Promise<number> =>
    (await at(to).valueAndGradient(loss, { ...solve, seed, with: [] })).value;
  const all = await differences(async (side, seed) => (await valueAt(side * h, seed)) / h, count);
  const { mean: difference, standardError: differenceError } = estimateOf(all);
  const rows: SignatureRow[] = [];
  for (const estimator of ["horizon", "score"] as const) {
    const gradients: number[] = [];
    let unbiased = true;
    for (const seed of seeds.slice(0, count)) {
      const found = await at(0).valueAndGradient(loss, { ...solve, seed, with: [by], estimator });
      unbiased = found.unbiased;
      gradients.push(along(found.flat));
    }
    const { mean: gradient, standardError: error } = estimateOf(gradients);
    const { mean: off, standardError: offError } = estimateOf(gradients.map((g, i) => g - all[i]!));
    const found = `${gradient.toPrecision(5)} ± ${error.toPrecision(2)}`;
    const wanted = `${difference.toPrecision(5)} ± ${differenceError.toPrecision(2)}`;
    const beside = `off by ${off.toPrecision(2)} ± ${offError.toPrecision(2)}${unbiased ? "" : ", told"}`;
    console.log(`${name}, ${estimator}: ${found} for ${wanted}, ${beside}`);
    rows.push({ name, estimator, unbiased, gradient, error, difference, differenceError, off, offError });
  }
  return rows;
}

/** Two neurons that know nothing of each other, by the current of one: their spikes change places. */
function twoNeurons(engine: Engine, depth: number, paths: number): Promise<SignatureRow[]> {
  const observed = [{ times: [0.3, 0.6, 0.9], neurons: [0, 0, 1] }];
  const parameters = { sigma1: 0.25, alpha: 0, mu1: 15 };
  return byBoth({
    name: `two neurons, depth ${depth}`,
    loss: expectedSignatureLoss(observed, { depth }),
    at: (h) => engine.network({ cell: "slif", neurons: 2, parameters, current: [1.4 + h, 1.2] }),
    h: 0.02,
    with: "current",
    along: (flat) => flat[0]!,
    solve: { paths, t1: 1, dt: 0.02 },
    count: seeds.length,
  });
}

/**
 * The loss of figure 2 (Holberg & Salvi 2024) at its first weights, by all spikes: along the direction in which all weights grow alike. Half
 * its interval, and α = 0, which the score needs.
 */
async function figure2(engine: Engine, paths: number): Promise<SignatureRow[]> {
  const job = checkJob(trainSchema, JSON.parse(readFileSync("examples/figure2.json", "utf8")));
  const none = (): never => {
    throw new Error("this job names no file");
  };
  const model = networkOf(job, { open: none });
  const solve = { paths, t1: 0.5, dt: 0.01 };
  const still = { ...model, parameters: { ...model.parameters, alpha: 0 } };
  const { simulate } = job.observed as { simulate: Parameters<typeof truthOf>[1] };
  const how = truthSolve({ ...solveOptionsOf(job), ...solve }, simulate);
  const seen = await (await engine.network(truthOf(still, simulate)).simulate({ ...how, method: "levy" })).read();
  const { rowStart, targets, weights } = engine.network(still).network.connections;
  const edges = Array.from(rowStart.slice(0, -1), (from, k) =>
    Array.from(targets.slice(from, rowStart[k + 1]), (target, i) => [k, target, weights[from + i]!] as const),
  ).flat();
  const { layers, ...flat } = still;
  const neurons = layers!.reduce((sum, n) => sum + n, 0);
  return byBoth({
    name: "figure 2",
    loss: expectedSignatureLoss(
      pathsOf(seen).map(({ times, neurons }) => ({ times, neurons })),
      { depth: 3 },
    ),
    at: (h) =>
      engine.network({
        ...flat,
        neurons,
        weights: { edges: edges.map(([k, j, w]): [number, number, number] => [k, j, w + h]) },
      }),
    h: 0.005,
    with: "weights",
    along: (all) => all.reduce((sum, d) => sum + d, 0),
    solve,
    count: 8,
  });
}

/** @param paths of each of sixteen seeds, or eight. */
export async function signatureRows(engine: Engine, paths: number): Promise<SignatureRow[]> {
  const rows: SignatureRow[] = [];
  for (const depth of [1, 2, 3]) rows.push(...(await twoNeurons(engine, depth, paths)));
  return [...rows, ...(await figure2(engine, paths))];
}
