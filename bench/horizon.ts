/**
 * `npm run bench -- horizon [--paths n] [--twin n] [--steps n]`: gradients of losses that jump at t1, with their horizon term.
 * Derivatives of the mean count of one neuron against what a solution of the Fokker-Planck equation gives; those by all
 * parameters of `slif` against finite differences; a probability in closed form; what the term costs; and a network that is
 * silent at first and learns to fire.
 */
import { Engine } from "../src/engine.js";
import { expectedSignatureLoss } from "../src/loss/expected-signature.js";
import type { Loss } from "../src/loss/loss.js";
import { firstPassage, spikeCount } from "../src/loss/spike-count.js";
import type { NetworkDefinition } from "../src/network/network.js";
import { adam } from "../src/train/optimisers.js";
import { train } from "../src/train/train.js";
import { median, option, writeResult } from "./support.js";

const neuron = (alpha: number, more: Record<string, number> = {}): NetworkDefinition => ({
  cell: "slif",
  parameters: { mu1: 15, beta: 5, sigma1: 0.25, vReset: 1.4, alpha, ...more },
  current: 1.5,
});

/** Truth by a solution of the Fokker-Planck equation; with α = 0.03 by finite differences of 10⁶ paths. */
const truths = [
  { alpha: 0, by: "current", t1: 1, truth: 8.909, error: 0 },
  { alpha: 0, by: "vReset", t1: 1, truth: -0.70703, error: 0 },
  { alpha: 0, by: "current", t1: 4, truth: 36.97, error: 0 },
  { alpha: 0, by: "vReset", t1: 4, truth: -3.321, error: 0 },
  { alpha: 0.03, by: "current", t1: 1, truth: 8.744, error: 0.025 },
] as const;

interface Row {
  readonly name: string;
  readonly gradient: number;
  readonly error: number;
  readonly truth: number;
  readonly truthError: number;
}

const say = ({ name, gradient, error, truth, truthError }: Row): void => {
  const off = Math.abs(gradient - truth) / Math.hypot(error, truthError);
  const within = off < 3 ? "" : "  BEYOND 3";
  console.log(
    `${name}: ${gradient.toPrecision(5)} ± ${error.toPrecision(2)} for ${truth.toPrecision(5)}, ${off.toFixed(1)} standard errors${within}`,
  );
};

async function counts(engine: Engine, paths: number): Promise<Row[]> {
  const rows: Row[] = [];
  for (const { alpha, by, t1, truth, error } of truths) {
    const options = { paths, t1, dt: 0.01, seed: 7, with: [by] };
    const { gradient, gradientStandardError } = await engine
      .network(neuron(alpha))
      .valueAndGradient(spikeCount(), options);
    const name = `${engine.backend}, α = ${alpha}, dE[N]/d${by}, T = ${t1}`;
    const own = { gradient: gradient[by] as number, error: gradientStandardError[by] as number };
    rows.push({ name, ...own, truth, truthError: error });
    say(rows.at(-1)!);
  }
  return rows;
}

const ofSlif: Record<string, number> = {
  mu1: 1,
  mu2: 2,
  sigma1: 0.05,
  sigma2: 0.05,
  beta: 0.3,
  vTh: 0.05,
  tauS: 0.06,
  vReset: 0.1,
  alpha: 0.01,
  v0: 0.1,
  i0: 0.1,
};

/** By every parameter, against differences of runs with other random numbers. */
async function parameters(engine: Engine, paths: number): Promise<Row[]> {
  const given = { mu2: 10, sigma2: 0.1, tauS: 1, vTh: 1, v0: 0, i0: 0.2 };
  const base = neuron(0.03, given);
  const names = Object.keys(ofSlif);
  const options = { paths, t1: 1, dt: 0.02 };
  const loss = spikeCount();
  const { gradient, gradientStandardError } = await engine
    .network(base)
    .valueAndGradient(loss, { ...options, seed: 7, with: names });
  const rows: Row[] = [];
  for (const name of names) {
    const h = ofSlif[name]!;
    const at = (by: number) => {
      const moved = { ...base.parameters, [name]: (base.parameters![name] as number) + by };
      return engine.network({ ...base, parameters: moved }).valueAndGradient(loss, { ...options, seed: 11, with: [] });
    };
    const [up, down] = [await at(h), await at(-h)];
    rows.push({
      name: `dE[N]/d${name}`,
      gradient: gradient[name] as number,
      error: gradientStandardError[name] as number,
      truth: (up.value - down.value) / (2 * h),
      truthError: Math.hypot(up.standardError, down.standardError) / (2 * h),
    });
    say(rows.at(-1)!);
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
    { name: "P(τ < T)", gradient: value, error: standardError, truth: exact(1.5), truthError: 0 },
    {
      name: "dP(τ < T)/dcurrent",
      gradient: gradient.current as number,
      error: gradientStandardError.current as number,
      truth: slope,
      truthError: 0,
    },
  ];
  for (const row of rows) say(row);
  return rows;
}

/** Seconds of value and gradient with the term over those without. */
async function cost(engine: Engine, paths: number): Promise<Record<string, number>> {
  const observed = [
    { times: [0.3, 0.7], neurons: [0, 0] },
    { times: [0.2, 0.5, 0.9], neurons: [0, 0, 0] },
  ];
  const losses: Record<string, Loss> = {
    counts: spikeCount(),
    signatures: expectedSignatureLoss(observed, { depth: 3 }),
  };
  const ratios: Record<string, number> = {};
  for (const [name, loss] of Object.entries(losses)) {
    const seconds = { with: [] as number[], without: [] as number[] };
    for (let round = 0; round < 7; round++) {
      for (const [kind, of] of [
        ["with", loss],
        ["without", { ...loss, horizon: false }],
      ] as const) {
        const network = engine.network(neuron(0.03));
        const plan = network.gradientPlan({ paths, t1: 1, dt: 0.01, seed: round }, of);
        const evaluator = await network.evaluator(plan, of, ["current"]);
        await evaluator.evaluate(plan);
        const began = performance.now();
        await evaluator.evaluate(plan);
        seconds[kind].push(performance.now() - began);
        evaluator.dispose();
      }
    }
    ratios[name] = median(seconds.with) / median(seconds.without);
    console.log(`cost of the term, ${name}: ${ratios[name]!.toFixed(3)} times without`);
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

export async function run(args: string[]): Promise<void> {
  const paths = Number(option(args, "--paths", "65536"));
  const engine = await Engine.create();
  const twin = await Engine.create({ backend: "cpu" });
  try {
    const table = [...(await counts(engine, paths)), ...(await counts(twin, Number(option(args, "--twin", "4000"))))];
    const result = {
      adapter: engine.adapterName,
      paths,
      counts: table,
      probability: await probability(engine, paths),
      parameters: await parameters(engine, paths),
      cost: await cost(engine, Math.min(paths, 16384)),
      silence: await fromSilence(engine, Number(option(args, "--steps", "200"))),
    };
    writeResult("horizon", result);
  } finally {
    engine.dispose();
  }
}
