/**
 * `npm run bench -- figure1-signature [--seeds 8] [--sigmas 0.25,0.5] [--sizes 16,32,64,128] [--authors figure1-authors.json]`:
 * examples/figure1-signature.json over several data seeds, against what sampling theory allows: RMS and mean of c − 1.5 and
 * the test error, each times √n. Runs of an earlier call are kept, so that the settings can be shared among calls.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { progressBar } from "../src/cli/output.js";
import { Recovery } from "../src/cli/recovery.js";
import { Engine } from "../src/engine.js";
import { simulatedTrials } from "../src/experiments/recovery.js";
import { type CurveGroup, recoveryCurvesSvg } from "../src/figures/recovery-curves.js";
import { lossOf, networkOf, solveOptionsOf } from "../src/job/build.js";
import { checkJob } from "../src/job/check-job.js";
import { type TrainJob, trainSchema } from "../src/job/job.js";
import { asTrials } from "../src/job/recording.js";
import { truthOfJob } from "../src/job/truth-job.js";
import { updateOptionsOf } from "../src/job/update-job.js";
import { train } from "../src/train/train.js";
import { option, writeResult } from "./support.js";

/** What is asked for: bounds on RMS and mean error of the current and on the mean test error, times √n. */
const bounds = { rms: 0.25, mean: 0.12, testMae: 0.3 };
const every = 100;

interface Run {
  readonly sigma: number;
  readonly n: number;
  readonly seed: number;
  /** Means over the last 200 steps. */
  readonly current: number;
  readonly testMae: number;
  /** The current at step 1, 101, … */
  readonly curve: number[];
  readonly seconds: number;
}

function jobOf(sigma: number, n: number, seed: number): TrainJob {
  const job = JSON.parse(readFileSync("examples/figure1-signature.json", "utf8"));
  job.network.parameters.sigma1 = sigma;
  job.paths = n;
  job.seed = seed;
  job.observed.simulate.paths = n;
  job.observed.simulate.seed = 100000 + 2 * seed;
  job.test = { ...job.test, paths: n, seed: 100001 + 2 * seed, from: 1300 };
  return checkJob(trainSchema, job);
}

async function runOnce(engine: Engine, sigma: number, n: number, seed: number): Promise<Run> {
  const began = performance.now();
  const job = jobOf(sigma, n, seed);
  const files = {
    open: () => {
      throw new Error("the job names no file");
    },
  };
  const definition = networkOf(job, files);
  const solve = solveOptionsOf(job);
  const truth = truthOfJob(job, definition, solve, files)!;
  const trials = asTrials(await simulatedTrials(engine, truth.network, truth.how));
  const recovery = await Recovery.create(engine, definition, solve, truth, job.test);
  const curve: number[] = [];
  const steps = train(engine.network(definition), {
    ...solve,
    ...updateOptionsOf(job.optimiser, job.trainable),
    loss: lossOf(job.loss, trials, files, 1, { t0: 0, t1: solve.t1 }),
    steps: job.steps,
    ...(job.estimator ? { estimator: job.estimator } : {}),
  });
  for await (const step of steps) {
    const { parameters, updated } = await step.values();
    if (step.step % every === 0) curve.push(parameters.current as number);
    await recovery.after(step.step, updated, step.step === job.steps - 1);
  }
  const { parameters, testMae } = await recovery.metrics(job.steps);
  const seconds = (performance.now() - began) / 1000;
  return { sigma, n, seed, current: parameters.current as number, testMae: testMae!, curve, seconds };
}

const average = (x: readonly number[]): number => x.reduce((a, b) => a + b, 0) / x.length;
const numbers = (text: string): number[] => text.split(",").map(Number);

export async function run(args: string[]): Promise<void> {
  const seeds = Number(option(args, "--seeds", "8"));
  const sigmas = numbers(option(args, "--sigmas", "0.25,0.5"));
  const sizes = numbers(option(args, "--sizes", "16,32,64,128"));
  const authors = option(args, "--authors", "");
  const file = "bench/results/figure1-signature.json";
  const engine = await Engine.create();
  const kept = (): Run[] => (existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")).runs as Run[]) : []);
  const write = (done: readonly Run[]): Record<string, number | string>[] => {
    const same = (a: Run, b: Run): boolean => a.sigma === b.sigma && a.n === b.n && a.seed === b.seed;
    const runs = [...kept().filter((r) => !done.some((d) => same(r, d))), ...done];
    runs.sort((a, b) => a.sigma - b.sigma || a.n - b.n || a.seed - b.seed);
    const rows = tableOf(runs);
    writeResult("figure1-signature", { adapter: engine.adapterName, trueCurrent: 1.5, every, rows, runs });
    return rows;
  };
  const bar = progressBar("figure 1 by signatures", sigmas.length * sizes.length * seeds, "runs");
  let ran = 0;
  for (const sigma of sigmas) {
    for (const n of sizes) {
      for (let seed = 1; seed <= seeds; seed++) {
        bar.update(ran++, `sigma ${sigma}, n ${n}, seed ${seed} of ${seeds}`);
        write([await runOnce(engine, sigma, n, seed)]);
      }
    }
  }
  bar.stop();
  console.log(`${engine.adapterName}`);
  const runs = kept();
  console.table(tableOf(runs));
  engine.dispose();
  const groups: CurveGroup[] = [...new Set(runs.map((r) => r.sigma))].map((sigma) => ({
    title: `sigma = ${sigma}`,
    curves: runs
      .filter((r) => r.sigma === sigma)
      .map((r) => ({ n: r.n, by: "here" as const, line: `${r.seed}`, values: r.curve })),
  }));
  if (authors) {
    interface AuthorsRun {
      loss: string;
      sigma: number;
      sampleSize: number;
      c_every_100: number[];
    }
    const all = JSON.parse(readFileSync(authors, "utf8")).runs as AuthorsRun[];
    for (const r of all.filter((a) => a.loss.startsWith("expected-signature"))) {
      const group = groups.find((g) => g.title === `sigma = ${r.sigma}`);
      group?.curves.push({ n: r.sampleSize, by: "authors", line: "authors", values: r.c_every_100 });
    }
  }
  const figure = option(args, "--figure", "out/figure1-signature-seeds.svg");
  mkdirSync(dirname(figure), { recursive: true });
  writeFileSync(figure, await recoveryCurvesSvg(groups, { every, trueValue: 1.5, title: "input current c" }));
  console.log(`figure in ${figure}`);
}

function tableOf(runs: readonly Run[]): Record<string, number | string>[] {
  const groups = new Map<string, Run[]>();
  for (const r of runs) {
    const key = `${r.sigma} ${r.n}`;
    groups.set(key, [...(groups.get(key) ?? []), r]);
  }
  return [...groups.values()].map((list) => {
    const { sigma, n } = list[0]!;
    const errors = list.map((r) => r.current - 1.5);
    const root = Math.sqrt(n);
    const [rms, mean, testMae] = [
      Math.sqrt(average(errors.map((e) => e * e))) * root,
      average(errors) * root,
      average(list.map((r) => r.testMae)) * root,
    ];
    const held = rms <= bounds.rms && Math.abs(mean) <= bounds.mean && testMae <= bounds.testMae;
    return {
      sigma,
      n,
      seeds: list.length,
      "RMS √n (≤ 0.25)": Number(rms.toFixed(3)),
      "mean √n (≤ 0.12)": Number(mean.toFixed(3)),
      "test MAE √n (≤ 0.3)": Number(testMae.toFixed(3)),
      "seconds a run": Number(average(list.map((r) => r.seconds)).toFixed(1)),
      bounds: held ? "held" : "exceeded",
    };
  });
}
