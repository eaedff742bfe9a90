/**
 * `npm run bench -- horizon [--backend simd] [--paths n] [--twin n] [--differences n] [--steps n]`: gradients of losses that jump, by
 * every estimator, on one thread of backend `simd`. Derivatives of the mean count of one neuron against what a solution of the Fokker-Planck equation gives; those by all
 * parameters of `slif`, of one neuron and of five, against finite differences; a probability in closed form; an interval below a
 * bound; signatures of several neurons, whose spikes change places, and those of figure 2; what each costs; and a network that is silent at first and learns to fire.
 */
import { readFileSync } from "node:fs";
import { type Backend, Engine } from "../src/engine.js";
import type { Estimator } from "../src/loss/estimator.js";
import { expectedSignatureLoss } from "../src/loss/expected-signature.js";
import type { Loss } from "../src/loss/loss.js";
import { mixed } from "../src/loss/mix.js";
import { scored } from "../src/loss/score.js";
import { firstPassage, spikeCount } from "../src/loss/spike-count.js";
import type { NetworkDefinition } from "../src/network/network.js";
import { estimateOf } from "../src/reduce/statistics.js";
import { adam } from "../src/train/optimisers.js";
import { train } from "../src/train/train.js";
import { differences, seeds, signatureRows } from "./signature-gradients.js";
import { median, option, writeResult } from "./support.js";

const neuron = (alpha: number, more: Record<string, number> = {}): NetworkDefinition => ({
  cell: "slif",
  parameters: { mu1: 15, beta: 5, sigma1: 0.25, vReset: 1.4, alpha, ...more },
  current: 1.5,
});

/**
 * Truth by a solution of the Fokker-Planck equation; with α = 0.03 by finite differences of 10⁶ paths. The standard deviations are
 * what a path gave in a program of its own: with the horizon term, by the score, and by their best mix.
 */
const truths: readonly {
  alpha: number;
  by: "current" | "vReset";
  t1: number;
  truth: number;
  error: number;
  spread: Partial<Record<Estimator, number>>;
}[] = [
  { alpha: 0, by: "current", t1: 1, truth: 8.909, error: 0, spread: { horizon: 9.1, score: 13.0, mix: 7.3 } },
  { alpha: 0, by: "vReset", t1: 1, truth: -0.70703, error: 0, spread: { horizon: 0.65, score: 1.48, mix: 0.58 } },
  { alpha: 0, by: "current", t1: 4, truth: 36.97, error: 0, spread: { horizon: 41, score: 53 } },
  { alpha: 0, by: "vReset", t1: 4, truth: -3.321, error: 0, spread: { horizon: 3.6, score: 5.8 } },
  { alpha: 0.03, by: "current", t1: 1, truth: 8.744, error: 0.025, spread: {} },
];

interface Row {
  readonly name: string;
  readonly gradient: number;
  readonly error: number;
  readonly truth: number;
  readonly truthError: number;
  /** Standard deviation of what a path gives, and what is known of that. */
  readonly spread?: number | undefined;
  readonly knownSpread?: number | undefined;
  readonly within: boolean;
}

/** Whether a derivative is within three standard errors, which is said. */
function judged(row: Omit<Row, "within">): Row {
  const { name, gradient, error, truth, truthError, spread, knownSpread } = row;
  const off = Math.abs(gradient - truth) / Math.hypot(error, truthError);
  const spreads = spread ? `, ${spread.toPrecision(3)} a path${knownSpread ? ` for ${knownSpread}` : ""}` : "";
  const numbers = `${gradient.toPrecision(5)} ± ${error.toPrecision(2)} for ${truth.toPrecision(5)}`;
  console.log(`${name}: ${numbers}, ${off.toFixed(1)} standard errors${off < 3 ? "" : "  BEYOND 3"}${spreads}`);
  return { ...row, within: off < 3 };
}

/** By every estimator that serves, or by derivatives of paths with the horizon term alone. */
async function counts(engine: Engine, paths: number, alone = false): Promise<Row[]> {
  const rows: Row[] = [];
  for (const { alpha, by, t1, truth, error, spread } of truths) {
    for (const estimator of alpha > 0 || alone ? (["horizon"] as const) : (["horizon", "score", "mix"] as const)) {
      const options = { paths, t1, dt: 0.01, seed: 7, with: [by], estimator };
      const found = await engine.network(neuron(alpha)).valueAndGradient(spikeCount(), options);
      rows.push(
        judged({
          name: `${engine.backend}, α = ${alpha}, dE[N]/d${by}, T = ${t1}, ${estimator}`,
          gradient: found.gradient[by] as number,
          error: found.gradientStandardError[by] as number,
          truth,
          truthError: error,
          spread: found.spread![estimator]![by] as number,
          knownSpread: spread[estimator],
        }),
      );
    }
  }
  return rows;
}

/** The first of the table by forward sensitivities: of a count the horizon term is all. */
async function forward(engine: Engine, paths: number): Promise<Row> {
  const { alpha, by, t1, truth } = truths[0]!;
  const options = { paths, t1, dt: 0.01, seed: 7, with: [by] };
  const { horizon } = await engine.network(neuron(alpha)).spikeTimeSensitivities(options);
  const { mean: gradient, standardError: error } = estimateOf(horizon!);
  return judged({ name: `forward, dE[N]/d${by}, T = ${t1}`, gradient, error, truth, truthError: 0 });
}

/** 1[τ₂ - τ₁ < 0.2]: it jumps inside, wherever the spikes are. */
const shortInterval: Loss = {
  kind: "short-interval",
  pathwise: true,
  jumpsInside: () => 'jumps where an interval passes 0.2; take estimator "score"',
  evaluate(spikes) {
    const pathValues = spikes.map(({ times }) => Number(times.length > 1 && times[1]! - times[0]! < 0.2));
    const value = pathValues.reduce((a, b) => a + b, 0) / spikes.length;
    return { value, pathValues, cotangents: spikes.map(({ times }) => new Float64Array(times.length)) };
  },
};

async function interval(engine: Engine, paths: number): Promise<Row[]> {
  const options = { paths, t1: 1, dt: 0.01, with: ["current"], estimator: "score" as const };
  const found = await engine.network(neuron(0)).valueAndGradient(shortInterval, { ...options, seed: 7 });
  const name = "P(τ₂ - τ₁ < 0.2), d/dcurrent by the score";
  const gradient = found.gradient.current as number;
  const error = found.gradientStandardError.current as number;
  const all = await differences((by, seed) =>
    engine
      .network({ ...neuron(0), current: 1.5 + 0.05 * by })
      .valueAndGradient(shortInterval, { ...options, estimator: "pathwise", paths: paths / 16, seed, with: [] })
      .then(({ value }) => value / 0.05),
  );
  const { mean, standardError } = estimateOf(all);
  return [
    judged({ name: `${name}, against a value known before`, gradient, error, truth: 1.567, truthError: 0.016 }),
    judged({ name: `${name}, against differences`, gradient, error, truth: mean, truthError: standardError }),
  ];
}

/** Steps of differences: so small that what is theirs of order h² lies below their error, which is looked at by twice the step. */
const steps: Record<string, number> = {
  mu1: 0.2,
  mu2: 0.2,
  sigma1: 0.04,
  sigma2: 0.06,
  beta: 0.1,
  vTh: 0.005,
  tauS: 0.01,
  vReset: 0.02,
  alpha: 0.004,
  v0: 0.015,
  i0: 0.015,
};

/** Of one neuron, and of a recurrent network of five, in which all excite and inhibit each other. */
const cells: Record<string, { readonly more: Partial<NetworkDefinition>; readonly t1: number; readonly part: number }> =
  {
    "one neuron": { more: {}, t1: 1, part: 1 },
    "five neurons": {
      more: {
        neurons: 5,
        weights: {
          dense: [
            [0, 0.4, -0.3, 0.2, 0],
            [0.3, 0, 0.5, -0.2, 0.3],
            [-0.4, 0.2, 0, 0.4, 0.3],
            [0.2, 0.3, 0.4, 0, -0.5],
            [0.5, 0, 0.2, 0.3, 0],
          ],
        },
      },
      t1: 0.5,
      part: 0.5,
    },
  };

interface ParameterRow extends Row {
  /** What of the difference is the step's: a third of what twice the step adds, over the first four seeds. */
  readonly ofStep: number;
  readonly ofStepError: number;
}

/**
 * By every parameter, against differences of runs with other random numbers.
 * @param paths of one neuron, on either side of a difference; half as many of five.
 */
async function parameters(engine: Engine, paths: number): Promise<ParameterRow[]> {
  const given = { mu2: 10, sigma2: 0.1, tauS: 1, vTh: 1, v0: 0, i0: 0.2 };
  const names = Object.keys(steps);
  const loss = spikeCount();
  const rows: ParameterRow[] = [];
  for (const [cell, { more, t1, part }] of Object.entries(cells)) {
    const options = { paths: (part * paths) / seeds.length, t1, dt: 0.02 };
    const base = { ...neuron(0.03, given), ...more };
    const found = await engine
      .network(base)
      .valueAndGradient(loss, { ...options, paths: part * paths, seed: 7, with: names });
    for (const name of names) {
      const at =
        (h: number) =>
        (by: number, seed: number): Promise<number> => {
          const moved = { ...base.parameters, [name]: (base.parameters![name] as number) + h * by };
          const network = engine.network({ ...base, parameters: moved });
          return network.valueAndGradient(loss, { ...options, seed, with: [] }).then(({ value }) => value / h);
        };
      const all = await differences(at(steps[name]!));
      const twice = await differences(at(2 * steps[name]!), 4);
      const { mean: truth, standardError: truthError } = estimateOf(all);
      const { mean: ofStep, standardError: ofStepError } = estimateOf(twice.map((d, i) => (d - all[i]!) / 3));
      const row = judged({
        name: `${cell}, dE[N]/d${name}`,
        gradient: found.gradient[name] as number,
        error: found.gradientStandardError[name] as number,
        truth,
        truthError,
      });
      console.log(`  of the step: ${ofStep.toPrecision(2)} ± ${ofStepError.toPrecision(2)}`);
      rows.push({ ...row, ofStep, ofStepError });
    }
  }
  return rows;
}

/** P(τ < T) = 1 - exp(α - Λ) without noise. */
async function probability(engine: Engine, paths: number): Promise<Row[]> {
  const [t1, alpha] = [0.25, 0.03];
  const exact = (current: number): number => {
    const n = 2000;
    const rate = (t: number): number => Math.exp(5 * (current * (1 - Math.exp(-15 * t)) - 1));
    let sum = rate(0) + rate(t1);
    for (let i = 1; i < n; i++) sum += (i % 2 ? 4 : 2) * rate((t1 * i) / n);
    return 1 - Math.exp(Math.min(0, alpha - (sum * t1) / n / 3));
  };
  const { value, standardError, gradient, gradientStandardError } = await engine
    .network(neuron(alpha, { sigma1: 0 }))
    .valueAndGradient(firstPassage(), { paths, t1, dt: 0.005, seed: 7, with: ["current"] });
  const slope = (exact(1.5 + 1e-5) - exact(1.5 - 1e-5)) / 2e-5;
  const rows = [
    judged({ name: "P(τ < T)", gradient: value, error: standardError, truth: exact(1.5), truthError: 0 }),
    judged({
      name: "dP(τ < T)/dcurrent",
      gradient: gradient.current as number,
      error: gradientStandardError.current as number,
      truth: slope,
      truthError: 0,
    }),
  ];
  return rows;
}

/** Processor time of value and gradient with the term over that without, and of estimators over derivatives of paths: in turns. */
async function cost(engine: Engine, paths: number): Promise<Record<string, number>> {
  const observed = [
    { times: [0.3, 0.7], neurons: [0, 0] },
    { times: [0.2, 0.5, 0.9], neurons: [0, 0, 0] },
  ];
  const count = spikeCount();
  const signatures = expectedSignatureLoss(observed, { depth: 3 });
  const pairs: Record<string, readonly [Loss, Loss]> = {
    "counts, horizon term": [count, { ...count, horizon: false }],
    "signatures, horizon term": [signatures, { ...signatures, horizon: false }],
    "counts, score over derivatives of paths": [scored(count), count],
    "counts, mix over derivatives of paths": [mixed(count), count],
  };
  const ratios: Record<string, number> = {};
  for (const [name, pair] of Object.entries(pairs)) {
    const network = engine.network(neuron(0));
    const evaluators = await Promise.all(
      pair.map(async (of) => {
        const plan = network.gradientPlan({ paths, t1: 1, dt: 0.01, seed: 1 }, of);
        return { plan, evaluator: await network.evaluator(plan, of, ["current"]), used: [] as number[] };
      }),
    );
    // The first round compiles and grows buffers.
    for (let round = 0; round < 12; round++) {
      for (const { plan, evaluator, used } of evaluators) {
        const before = process.cpuUsage();
        await evaluator.evaluate(plan);
        const { user, system } = process.cpuUsage(before);
        if (round > 0) used.push(user + system);
      }
    }
    for (const { evaluator } of evaluators) evaluator.dispose();
    ratios[name] = median(evaluators[0]!.used) / median(evaluators[1]!.used);
    console.log(`processor time, ${name}: ${ratios[name]!.toFixed(3)} times`);
  }
  return ratios;
}

/**
 * Without a refractory α: where less hazard comes than α no path fires, and the mean count is flat for all to see.
 * A network 4-16-2 whose outputs are silent in nearly all paths, and is to fire five times each. */
async function fromSilence(
  engine: Engine,
  steps: number,
): Promise<Record<string, { step: number; loss: number; counts: number[] }[]>> {
  const definition: NetworkDefinition = {
    cell: "slif",
    layers: [4, 16, 2],
    parameters: { mu1: 15, mu2: 10, sigma1: 0.25, vReset: 1.4, alpha: 0, vTh: 1 },
    weights: { uniform: [-0.1, 0.1], seed: 3 },
    current: Array.from({ length: 22 }, (_, k) => (k < 4 ? 1.5 : k < 20 ? 0.8 : -0.2)),
  };
  const loss = spikeCount({ neuron: [20, 21], target: [5, 5] });
  const curves: Record<string, { step: number; loss: number; counts: number[] }[]> = {};
  for (const [name, of] of [
    ["pathwise and horizon", loss],
    ["pathwise alone", { ...loss, horizon: false }],
  ] as const) {
    curves[name] = [];
    const options = { loss: of, paths: 256, t1: 1, dt: 0.02, seed: 1, steps, trainable: ["weights"] };
    for await (const { step, value, means } of train(engine.network(definition), {
      ...options,
      optimiser: adam({ learningRate: 0.05 }),
    })) {
      curves[name]!.push({ step, loss: value, counts: means.map((m) => m.mean) });
      if (step % 20 === 0 || step === steps - 1)
        console.log(
          `${name}, step ${step}: ${value.toPrecision(4)}, counts ${means.map((m) => m.mean.toFixed(3)).join(" ")}`,
        );
    }
  }
  return curves;
}

/** The table on an adapter of WebGPU, a software one if there is no other; nothing without any. */
async function onGpu(paths: number): Promise<Row[]> {
  const gpu = await Engine.create({ backend: "webgpu" }).catch(() => undefined);
  const rows = gpu ? await counts(gpu, paths, true) : [];
  gpu?.dispose();
  return rows;
}

export async function run(args: string[]): Promise<void> {
  const paths = Number(option(args, "--paths", "65536"));
  const many = Number(option(args, "--differences", "1048576"));
  const steps = Number(option(args, "--steps", "200"));
  const backend = option(args, "--backend", "simd") as Backend;
  const engine = await Engine.create(backend === "simd" ? { backend, threads: 1 } : { backend });
  const twin = await Engine.create({ backend: "cpu" });
  const timed = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    const before = process.cpuUsage();
    const result = await work();
    const { user, system } = process.cpuUsage(before);
    console.log(`${name}: ${((user + system) / 1e6).toFixed(0)} s of processor time`);
    return result;
  };
  try {
    const result = {
      adapter: engine.adapterName,
      paths,
      counts: await timed("counts", async () => [
        ...(await counts(engine, paths)),
        await forward(engine, paths / 4),
        ...(await counts(twin, Number(option(args, "--twin", "1500")))),
        ...(await onGpu(paths / 4)),
      ]),
      interval: await timed("interval", () => interval(engine, many / 4)),
      probability: await probability(engine, paths),
      cost: await timed("cost", () => cost(engine, Math.min(paths, 16384))),
      signatures: await timed("signatures", () => signatureRows(engine, paths / 16)),
      differences: many,
      parameters: await timed("parameters", () => parameters(engine, many)),
      // `--steps 0`: as last measured.
      silence:
        steps > 0
          ? await timed("silence", () => fromSilence(engine, steps))
          : JSON.parse(readFileSync("bench/results/horizon.json", "utf8")).silence,
    };
    writeResult("horizon", result);
  } finally {
    engine.dispose();
  }
}
