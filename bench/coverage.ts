/**
 * `npm run bench -- coverage [--sets n] [--trials n]`: how often intervals of 95 % hold the truth. Synthetic recordings of a `gif` neuron,
 * five of whose parameters are fitted by likelihood to each, and judged by `confidence`: intervals of the observed information in the
 * coordinates of constraints and in the parameters themselves, robust ones, the likelihood ratio of the truth, and the p values of
 * time rescaling.
 */
import { type Confidence, confidence } from "../src/confidence/confidence.js";
import { normalQuantile } from "../src/confidence/quantiles.js";
import { Engine } from "../src/engine.js";
import { logLikelihood } from "../src/loss/log-likelihood.js";
import type { NetworkDefinition } from "../src/network/network.js";
import { estimateOf } from "../src/reduce/statistics.js";
import { pathsOf } from "../src/spikes/table.js";
import type { Trainable } from "../src/train/trainable.js";
import { option, writeResult } from "./support.js";

const truth: Record<string, number> = { tau: 15, gain: 80, vTh: 15, jEta: 1, jGamma: 2 };
const trainable: Trainable[] = [
  { name: "tau", transform: "exp" },
  { name: "gain", transform: "exp" },
  ...["vTh", "jEta", "jGamma"].map((name) => ({ name })),
];
const t1 = 2000;

/** A current (nA) that fluctuates with 10 ms around 0.28, the same in all trials: x′ = −x/10 + noise, from a congruence. */
function current(): number[] {
  let [state, x] = [12345, 0];
  const uniform = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  return Array.from({ length: t1 }, () => {
    const normal = Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
    x += -x / 10 + 0.06 * normal;
    return 0.28 + x;
  });
}

const network: NetworkDefinition = { cell: "gif", parameters: truth, current: { dt: 1, samples: current() } };

interface Row {
  readonly parameter: string;
  readonly truth: number;
  readonly mean: number;
  /** Standard deviation of the estimates over data sets, and the root of the mean of squared standard errors. */
  readonly deviation: number;
  readonly standardError: number;
  /** Parts of the data sets whose interval holds the truth. */
  readonly covered: number;
  readonly coveredNatural: number;
  readonly coveredRobust: number;
}

const part = (flags: readonly boolean[]): number => flags.filter(Boolean).length / flags.length;

function rowOf(parameter: string, fits: readonly Confidence[]): Row {
  const z = normalQuantile(0.95);
  const value = truth[parameter]!;
  const found = fits.map((f) => f.parameters.find((p) => p.parameter === parameter)!);
  const { mean, standardError } = estimateOf(Float64Array.from(found, (p) => p.value));
  return {
    parameter,
    truth: value,
    mean,
    deviation: standardError * Math.sqrt(found.length),
    standardError: Math.sqrt(found.reduce((sum, p) => sum + p.standardError ** 2, 0) / found.length),
    covered: part(found.map(({ interval: [low, high] }) => low < value && value < high)),
    coveredNatural: part(found.map((p) => Math.abs(p.value - value) < z * p.standardError)),
    coveredRobust: part(found.map((p) => Math.abs(p.value - value) < z * p.robustStandardError)),
  };
}

export async function run(args: string[]): Promise<void> {
  const sets = Number(option(args, "--sets", "200"));
  const trials = Number(option(args, "--trials", "10"));
  const engine = await Engine.create({ backend: "simd" });
  const twin = await Engine.create({ backend: "cpu" });
  try {
    const solve = { t1, dt: 1 };
    const spikes = await engine.network(network).simulate({ ...solve, paths: sets * trials, seed: 2026 });
    const paths = pathsOf(await spikes.read());
    const judged = twin.network(network);
    const fits: Confidence[] = [];
    const ratios: number[] = [];
    let refused = 0;
    const began = performance.now();
    for (let s = 0; s < sets; s++) {
      const loss = logLikelihood(paths.slice(s * trials, (s + 1) * trials));
      try {
        const fit = await confidence(judged, { ...solve, loss, trainable, refine: true });
        const { value } = await judged.valueAndGradient(loss, { ...solve, paths: 1, with: [] });
        fits.push(fit);
        ratios.push(2 * (fit.logLikelihood + value * trials));
      } catch (error) {
        refused++;
        console.log(`set ${s}: ${(error as Error).message}`);
      }
      if (s % 20 === 19) console.log(`${s + 1} sets in ${((performance.now() - began) / 1000).toFixed(0)} s`);
    }
    const rows = Object.keys(truth).map((name) => rowOf(name, fits));
    for (const r of rows)
      console.log(
        `${r.parameter}: ${r.mean.toPrecision(4)} for ${r.truth}, deviation ${r.deviation.toPrecision(3)}, standard error ` +
          `${r.standardError.toPrecision(3)}; covered ${r.covered}, natural ${r.coveredNatural}, robust ${r.coveredRobust}`,
      );
    const spikesASet = fits.reduce((sum, f) => sum + f.spikes, 0) / fits.length;
    const result = {
      sets,
      refused,
      trials,
      spikes: spikesASet,
      /** Of a part of so many: √(0.95 · 0.05 / sets). */
      standardError: Math.sqrt((0.95 * 0.05) / fits.length),
      rows,
      /** 2 (max log L − log L of the truth) has the law of χ² with five degrees of freedom: 11.07 is its 95 % point. */
      likelihoodRatio: {
        mean: ratios.reduce((a, b) => a + b, 0) / ratios.length,
        below: part(ratios.map((r) => r < 11.0705)),
      },
      timeRescaling: { below05: part(fits.map((f) => f.goodness.pValue < 0.05)) },
      informationError: Math.max(...fits.map((f) => f.informationError)),
    };
    console.log(JSON.stringify({ ...result, rows: undefined }));
    writeResult("coverage", result);
  } finally {
    engine.dispose();
    twin.dispose();
  }
}
