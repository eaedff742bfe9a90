/** `saltation train` of a job that has data: epochs, measured on samples that no step sees. */
import { fail } from "../checks.js";
import { Engine } from "../engine.js";
import { writeNpz } from "../files/npz.js";
import { checkJob } from "../job/check-job.js";
import { type DataTrainPlan, planTrainDataJob } from "../job/data-job.js";
import { type TrainDataJob, trainDataSchema } from "../job/job.js";
import { loadNamedCell } from "../job/named-cell.js";
import { trainedJobText } from "../job/trained-job.js";
import type { MeanVerdict } from "../loss/result.js";
import type { EpochResult } from "../train/data.js";
import { type TrainStep, train } from "../train/train.js";
import { type Fingerprint, fingerprinted, fingerprintJob } from "./checkpoint.js";
import { filesBeside } from "./job-file.js";
import { engineOptions } from "./options.js";
import { notUnbiased, print, printJson, readable } from "./output.js";
import { checkOutputs, writeOutput } from "./output-files.js";
import type { TrainWorkers } from "./queue/train-workers.js";
import { Checkpoints, checkpointsOf, sayOther } from "./run-checkpoints.js";
import { keeping } from "./shard-files.js";
import type { TrainCommandOptions } from "./train.js";
import { runSteps } from "./train-steps.js";
import { workersOf } from "./workers-of.js";

/** An accuracy in words. */
const percent = (part: number): string => `${(100 * part).toFixed(2)} %`;

const measured = ({ loss, accuracy }: { loss: number; accuracy?: number | undefined }): string =>
  `test loss ${readable(loss)}${accuracy === undefined ? "" : `, accuracy ${percent(accuracy)}`}`;

interface DataRun {
  /** The job's. */
  readonly file: string;
  readonly job: TrainDataJob;
  readonly planned: DataTrainPlan;
  readonly checkpoints: Checkpoints | undefined;
  /** Of the step that was best on the test. */
  readonly best: Checkpoints | undefined;
  /** What evaluates the steps, where that is not this process; and the files that the job names. */
  readonly workers: TrainWorkers | undefined;
  readonly kept: ReturnType<typeof keeping>["files"];
}

export async function trainOnData(file: string, written: unknown, options: TrainCommandOptions): Promise<void> {
  const { figure, confidence } = options;
  const others = { "--figure": figure, "--confidence": confidence };
  for (const [name, value] of Object.entries(others)) {
    if (value !== undefined) fail(name, "is not for jobs with data; leave it out");
  }
  const job = checkJob(trainDataSchema, written);
  if (job.discretisation !== undefined)
    fail("discretisation", "is not measured in jobs with data; leave it out, and run gradient or simulate for it");
  await loadNamedCell(job);
  const fingerprint: Fingerprint = {};
  const files = filesBeside(file, options);
  const { context, files: kept } = keeping(fingerprinted(files, fingerprint));
  const planned = await planTrainDataJob(job, context);
  fingerprintJob(job, fingerprint);
  if (options.resume && !job.checkpoint) fail("checkpoint", "is missing; --resume goes on from the file that it names");
  const read = [file, options.recording, ...files.opened];
  const checkpoints = checkpointsOf(job, file, read, options.root, fingerprint);
  const best =
    checkpoints && job.test ? new Checkpoints(`${checkpoints.file}.best`, 0, fingerprint, options.root) : undefined;
  checkOutputs({ "--out": options.out, "--save": options.save, "the best checkpoint": best?.file }, [
    ...read,
    checkpoints?.file,
  ]);
  const workers = await workersOf(options);
  checkpoints?.lock();
  try {
    await runOnData({ file, job, planned, checkpoints, best, workers, kept }, options);
  } finally {
    checkpoints?.unlock();
    await workers?.close();
  }
}

/** What a run leaves. */
interface Done {
  readonly losses: number[];
  readonly history: EpochResult[];
  readonly last: TrainStep;
  readonly adapter: string;
  readonly seconds: number;
}

async function runOnData(run: DataRun, options: TrainCommandOptions): Promise<void> {
  const { planned, checkpoints, best, job, workers } = run;
  const steps = planned.perEpoch * job.epochs;
  const resume = options.resume ? checkpoints!.read() : undefined;
  if (resume && resume.step >= steps) {
    const has = `the checkpoint has ${resume.step / planned.perEpoch} epochs already`;
    fail("epochs", `is ${job.epochs}, but ${has}; ask for more`);
  }
  const engine = await Engine.create(engineOptions(options));
  const adapter = (): string => workers?.adapter ?? engine.adapterName;
  if (resume && !workers) sayOther(resume.adapter, adapter());
  const began = performance.now();
  const losses: number[] = [];
  const history: EpochResult[] = [];
  const interrupt = new AbortController();
  const how = { ...planned.options, discretisation: false, signal: interrupt.signal, ...(resume ? { resume } : {}) };
  let note = "";
  const network = workers
    ? await workers.network(engine, planned.network, job, run.kept)
    : engine.network(planned.network);
  const training = train(network, how);
  const ended = await runSteps({
    ...{ training, interrupt, steps, checkpoints },
    adapter,
    async take(step) {
      const { step: n, epoch, value } = step;
      losses.push(value);
      if (epoch) {
        history.push(epoch);
        if (epoch.test) note = `, ${measured(epoch.test)}`;
        if (epoch.best) await best?.write(step, adapter());
      }
      return `epoch ${Math.ceil((n + 1) / planned.perEpoch)} of ${job.epochs}, loss ${readable(value)}${note}`;
    },
  }).finally(() => engine.dispose());
  if (!ended) return;
  if (resume && workers) sayOther(resume.adapter, adapter());
  const found = { losses, history, last: ended.last, adapter: adapter(), seconds: (performance.now() - began) / 1000 };
  await report(found, run, options);
}

async function report(
  { losses, history, last, adapter, seconds }: Done,
  run: DataRun,
  options: TrainCommandOptions,
): Promise<void> {
  const { job, planned, best } = run;
  const { data } = await last.checkpoint();
  const { updated } = await last.values();
  const { loss, test } = history.at(-1)!;
  if (options.out) {
    writeOutput("--out", options.out, writeNpz({ loss: { data: Float64Array.from(losses), shape: [losses.length] } }));
  }
  const {
    file,
    planned: { network },
  } = run;
  const saved =
    options.save !== undefined &&
    writeOutput("--save", options.save, trainedJobText(options.save, job, file, network, updated));
  const { unbiased, because }: MeanVerdict = last;
  if (options.json) {
    const tests = test && {
      testAccuracy: test.accuracy,
      testLoss: test.loss,
      testStandardError: test.standardError,
      confusion: test.confusion,
    };
    const kept = options.history === "none" ? {} : { history };
    printJson({
      adapter,
      epochs: job.epochs,
      stepsPerEpoch: planned.perEpoch,
      seconds,
      loss,
      ...kept,
      parameters: updated,
      unbiased,
      because,
      metrics: { ...tests, ...(data?.best ? { best: data.best } : {}) },
    });
    return;
  }
  print(`${job.epochs} epochs of ${planned.perEpoch} steps on ${adapter} in ${readable(seconds)} s`);
  print(`loss ${readable(loss)} in the last`);
  if (test) print(measured(test));
  if (data?.best) print(`best after epoch ${data.best.epoch}: ${measured(data.best)}`);
  for (const row of test?.confusion ?? []) print(`  ${row.map((n) => String(n).padStart(5)).join(" ")}`);
  for (const line of because) print(notUnbiased(line));
  if (saved) print(`fitted network in ${options.save}`);
  if (best?.step !== undefined) print(`the best checkpoint is in ${best.file}`);
}
