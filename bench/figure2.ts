/**
 * `npm run bench -- figure2 [--folder out/figure2] [--steps 1500] [--paths 64]`: the 4 → 16 → 2 network of Holberg & Salvi
 * (2024) trained by examples/figure2.json and examples/figure2-best.json for three data sizes; seconds of a training step by
 * stages; and the accuracy of the methods on one Brownian path. Trainings found finished in the folder are not run again.
 * `--unmatched`: instead of all that, signatures of matched counts against those of all spikes, for the smallest data.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { progressBar } from "../src/cli/output.js";
import { Engine } from "../src/engine.js";
import { simulatedTrials, truthOf, truthSolve } from "../src/experiments/recovery.js";
import { lossOf, networkOf, solveOptionsOf, trainedAs } from "../src/job/build.js";
import { checkJob } from "../src/job/check-job.js";
import { type TrainJob, trainSchema } from "../src/job/job.js";
import { asTrials, type FileContext } from "../src/job/recording.js";

import { updateOptionsOf } from "../src/job/update-job.js";
import { defineNetwork } from "../src/network/network.js";
import { type Method, methods, planSolve } from "../src/plan/plan.js";
import { train } from "../src/train/train.js";
import { compileFor } from "../src/twin/compile.js";
import { PathSolver } from "../src/twin/forward.js";
import { pathOnGrids } from "./convergence.js";
import { median, option, writeResult } from "./support.js";

const names = ["figure2", "figure2-best"] as const;
const unmatched = "figure2-unmatched";
const sizes = [256, 512, 1024];
const files: FileContext = {
  open: () => {
    throw new Error("these jobs name no file");
  },
};

const read = (name: string): Record<string, unknown> => JSON.parse(readFileSync(`examples/${name}.json`, "utf8"));

/** `figure2-unmatched` is figure 2 by signatures of all spikes, whose gradient has the horizon term. */
const jobText = (name: string): Record<string, unknown> => {
  if (name !== unmatched) return read(name);
  const job = read("figure2");
  const { matching: _, ...loss } = job.loss as Record<string, unknown>;
  return { ...job, loss, estimator: "horizon" };
};

interface Outcome {
  readonly job: string;
  readonly adapter: string;
  readonly unbiased: boolean;
  /** Of each step. */
  readonly losses: readonly number[];
  readonly trains: number;
  readonly testLossBefore: number;
  readonly testLoss: number;
  readonly weightErrorBefore: number;
  readonly weightError: number;
  readonly seconds: number;
}

/** One training by the command line. */
function training(folder: string, name: string, trains: number, steps: number | undefined): Outcome {
  const out = join(folder, `${name}-${trains}.out`);
  if (!existsSync(out) || readFileSync(out, "utf8") === "") {
    const job = jobText(name) as unknown as TrainJob & { observed: { simulate: { paths: number } } };
    job.observed.simulate.paths = trains;
    if (steps) job.steps = steps;
    const file = join(folder, `${name}-${trains}.json`);
    writeFileSync(file, JSON.stringify(job));
    const args = ["bin/saltation.js", "train", file, "--json", "--history", "loss"];
    const figure = ["--figure", join(folder, `${name}-${trains}.svg`)];
    const { stdout, stderr, status } = spawnSync("node", [...args, ...figure], { encoding: "utf8", maxBuffer: 1e9 });
    if (status !== 0) throw new Error(stderr);
    writeFileSync(out, stdout);
  }
  const { metrics, seconds, adapter, unbiased, history } = JSON.parse(readFileSync(out, "utf8"));
  return {
    job: name,
    adapter,
    unbiased,
    losses: history.map(({ loss }: { loss: number }) => loss),
    trains,
    testLossBefore: metrics.before.testLoss,
    testLoss: metrics.testLoss,
    weightErrorBefore: metrics.before.weightError,
    weightError: metrics.weightError,
    seconds,
  };
}

/** Milliseconds of a training step: by the clock, and of its stages by timestamps where the adapter has them. */
async function stepTimes(engine: Engine, name: string, method: Method, dt: number): Promise<Record<string, unknown>> {
  const job = checkJob(trainSchema, { ...jobText(name), method, time: { t1: 1, dt } });
  const model = networkOf(job, files);
  const solve = solveOptionsOf(job);
  const { simulate } = job.observed as { simulate: Parameters<typeof truthOf>[1] };
  const trials = await simulatedTrials(engine, truthOf(model, simulate), truthSolve(solve, simulate));
  const loss = lossOf(job.loss, asTrials(trials), files, 22, { t0: 0, t1: 1 });
  const [warm, timed] = [4, 12];
  const run = async (profile: boolean): Promise<{ milliseconds: number; stages: Record<string, number> }> => {
    const update = updateOptionsOf(job.optimiser, job.trainable);
    const by = job.estimator ? { estimator: job.estimator } : {};
    const steps = train(engine.network(trainedAs(model, job.loss)), {
      ...solve,
      ...update,
      ...by,
      loss,
      steps: warm + timed,
    });
    const seconds: number[] = [];
    for await (const step of steps) {
      if (step.step === warm - 1 && profile) engine.gpu?.profile(true);
      if (step.step >= warm) seconds.push(step.seconds);
    }
    const stages = profile ? ((await engine.gpu?.timings()) ?? {}) : {};
    if (profile) engine.gpu?.profile(false);
    // The first timed steps were submitted before profiling began.
    const share = Object.fromEntries(Object.entries(stages).map(([k, v]) => [k, Number((v / (timed - 3)).toFixed(2))]));
    return { milliseconds: Number((1000 * median(seconds)).toFixed(1)), stages: share };
  };
  const { milliseconds } = await run(false);
  const { stages } = await run(true);
  return { job: name, method, dt, milliseconds, stages };
}

const fineStep = 1e-4;
const grids = [0.05, 0.02, 0.01];

/** RMS error of the n-th spike times (n ≤ 2) of all neurons of the true network, against `levy` on a fine grid. */
function accuracy(paths: number): { method: Method; dt: number; timeError: number; spikesOff: number }[] {
  const job = checkJob(trainSchema, jobText("figure2"));
  const { simulate } = job.observed as { simulate: Parameters<typeof truthOf>[1] };
  const network = defineNetwork(truthOf(networkOf(job, files), simulate));
  const options = { paths: 1, t1: 1, seed: 5 };
  const finePlan = planSolve(network, { ...options, dt: fineStep });
  const rows = methods.flatMap((method) =>
    grids.map((dt) => ({ method, dt, squares: 0, times: 0, off: 0, spikes: 0 })),
  );
  const bar = progressBar("accuracy", paths, "paths");
  for (let path = 0; path < paths; path++) {
    const noise = pathOnGrids(finePlan, path);
    const solved = (method: Method, dt: number): number[][] => {
      const plan = planSolve(network, { ...options, dt, method });
      const { spikes } = new PathSolver(plan, compileFor(plan), noise(dt)).solve(path, false);
      const times = Array.from({ length: network.neurons }, (): number[] => []);
      for (const s of spikes) times[s.neuron]!.push((s.step + s.fraction) * dt);
      return times;
    };
    const reference = solved("levy", fineStep);
    for (const row of rows) {
      solved(row.method, row.dt).forEach((times, k) => {
        const right = reference[k]!;
        row.off += Math.abs(times.length - right.length);
        row.spikes += right.length;
        for (let n = 0; n < Math.min(2, times.length, right.length); n++) {
          row.squares += (times[n]! - right[n]!) ** 2;
          row.times++;
        }
      });
    }
    bar.update(path + 1);
  }
  bar.stop();
  return rows.map(({ method, dt, squares, times, off, spikes }) => ({
    method,
    dt,
    timeError: Number(Math.sqrt(squares / times).toPrecision(3)),
    spikesOff: Number((off / spikes).toPrecision(3)),
  }));
}

/** Signatures of matched counts and of all spikes: where they end, and the loss along the way, a mean over 25 steps each. */
function bothSignatures(folder: string, steps: number | undefined): void {
  const every = 25;
  const runs = ["figure2", unmatched].map((name) => {
    const { losses, ...outcome } = training(folder, name, sizes[0]!, steps);
    const curve = Array.from({ length: Math.floor(losses.length / every) }, (_, i) => {
      const part = losses.slice(i * every, (i + 1) * every);
      return Number((part.reduce((a, b) => a + b, 0) / every).toPrecision(4));
    });
    return { ...outcome, curve };
  });
  console.table(runs.map(({ curve, ...rest }) => ({ ...rest, last: curve.at(-1) })));
  writeResult("figure2-unmatched", { every, runs });
}

export async function run(args: string[]): Promise<void> {
  const folder = option(args, "--folder", "out/figure2");
  const steps = Number(option(args, "--steps", "0")) || undefined;
  const paths = Number(option(args, "--paths", "64"));
  mkdirSync(folder, { recursive: true });
  if (args.includes("--unmatched")) return bothSignatures(folder, steps);
  const measured =
    paths > 0
      ? { paths, reference: { method: "levy", dt: fineStep }, errors: accuracy(paths) }
      : JSON.parse(readFileSync("bench/results/figure2.json", "utf8")).accuracy; // `--paths 0`: as last measured
  console.log("\nRMS error of first and second spike times, and share of spikes too many or too few");
  console.table(measured.errors);
  const engine = await Engine.create();
  const times = [
    await stepTimes(engine, "figure2", "euler", 0.01),
    await stepTimes(engine, "figure2", "levy", 0.05),
    await stepTimes(engine, "figure2-best", "euler", 0.01),
  ];
  console.table(times.map(({ stages, ...rest }) => ({ ...rest, ...(stages as object) })));
  const adapter = engine.adapterName;
  engine.dispose();
  const runs = names.flatMap((name) =>
    sizes.map((n) => {
      const { losses: _, adapter: __, unbiased: ___, ...outcome } = training(folder, name, n, steps);
      return outcome;
    }),
  );
  console.table(runs);
  writeResult("figure2", {
    adapter,
    accuracy: measured,
    times,
    runs,
  });
}
