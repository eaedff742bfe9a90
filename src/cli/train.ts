import { basename, dirname, resolve } from "node:path";
import { fail, finiteNumber } from "../checks.js";
import { Engine } from "../engine.js";
import { SaltationError } from "../errors.js";
import { simulatedTrials } from "../experiments/recovery.js";
import { checkJob } from "../io/check-job.js";
import { type TrainJob, type TrialsJob, trainSchema } from "../io/job.js";
import { writeNpz } from "../io/npz.js";
import { asTrials } from "../io/recording.js";
import { planTrainJob } from "../io/train-plan.js";
import { trainedJobText } from "../io/trained-job.js";
import { readCell } from "../network/network.js";
import { type TrainOptions, type TrainStep, train } from "../train/train.js";
import { canDraw } from "./can-draw.js";
import {
  type CheckpointFile,
  checkCheckpoint,
  type Fingerprint,
  fingerprinted,
  fingerprintJob,
  readCheckpoint,
  writeCheckpoint,
} from "./checkpoint.js";
import { filesBeside, readJobFile } from "./job-file.js";
import { type CommonOptions, print, printJson, progressBar, readable, readableParameter } from "./output.js";
import { checkOutputs, checkWritable, writeOutput } from "./output-files.js";
import { drawRecovery, type Metrics, metricsTable, Recovery } from "./recovery.js";
import { exitOnSignals, signalExitCode, stopOnSignals } from "./signals.js";
import { type MadeReport, SpikeTrainReport, unitsOf } from "./spike-train-report.js";

export interface TrainCommandOptions extends CommonOptions {
  resume?: boolean;
  history: "full" | "loss" | "none";
  /** File for a simulate job with the fitted parameters. */
  save?: string;
  /** File for the figure of a job with a test. */
  figure?: string;
}

/** What a step leaves in the output. */
interface HistoryEntry {
  readonly loss: number;
  readonly standardError: number;
  readonly parameters?: Record<string, unknown>;
}

/** Checkpoints of a run in their file. */
class Checkpoints {
  /** Steps that the file has; undefined where this run has not written it. */
  step: number | undefined;
  private written = performance.now();

  constructor(
    readonly file: string,
    private readonly everySeconds: number,
    private readonly job: Fingerprint,
  ) {}

  get due(): boolean {
    return performance.now() - this.written >= 1000 * this.everySeconds;
  }

  async write(step: TrainStep, adapter: string): Promise<void> {
    const checkpoint = await step.checkpoint();
    const { value: loss } = step;
    writeCheckpoint(this.file, { format: "saltation-checkpoint", job: this.job, adapter, loss, ...checkpoint });
    this.step = checkpoint.step;
    this.written = performance.now();
  }

  read(): CheckpointFile {
    const found = readCheckpoint(this.file, this.job);
    this.step = found.step;
    return found;
  }
}

function checkpointsOf(
  job: TrainJob,
  file: string,
  recording: string | undefined,
  fingerprint: Fingerprint,
): Checkpoints | undefined {
  if (job.checkpoint === undefined) return undefined;
  const { file: name, every = 2 } = typeof job.checkpoint === "string" ? { file: job.checkpoint } : job.checkpoint;
  if (finiteNumber("checkpoint.every", every) < 0) {
    fail("checkpoint.every", `expected seconds between writes, 0 for every step, got ${every}`);
  }
  const path = resolve(dirname(file), name);
  checkCheckpoint(path, [file, recording]);
  return new Checkpoints(path, every, fingerprint);
}

/** The command that goes on with this one. */
function resumeCommand(): string {
  const words = process.argv.slice(2).map((w) => (/^[\w@%+=:,./-]+$/.test(w) ? w : `'${w.replaceAll("'", "'\\''")}'`));
  return `saltation ${words.filter((w) => w !== "--resume").join(" ")} --resume`;
}

const say = (line: string): void => void process.stderr.write(`saltation: ${line}\n`);

/** `saltation train job.json`. */
export async function trainCommand(file: string, options: TrainCommandOptions): Promise<void> {
  // Everything is checked before a device is opened.
  const job = checkJob(trainSchema, readJobFile(file, options.recording));
  const fingerprint: Fingerprint = {};
  const context = fingerprinted(filesBeside(file, options.recording), fingerprint);
  const planned = planTrainJob(job, context);
  const { simulated, solve, truth, update, steps } = planned;
  const spikeTrains = SpikeTrainReport.of(job, simulated, solve, context);
  fingerprintJob(job, fingerprint);
  if (options.resume && !job.checkpoint) fail("checkpoint", "is missing; --resume goes on from the file that it names");
  const checkpoints = checkpointsOf(job, file, options.recording, fingerprint);
  const named = `out/${basename(file, ".json")}`;
  const figures = options.figure || job.test || spikeTrains ? canDraw(options.figure && "--figure") : false;
  const figure = options.figure ?? (job.test && figures ? `${named}.svg` : undefined);
  const stem = options.figure?.replace(/\.svg$/, "") ?? named;
  const reports = spikeTrains ? SpikeTrainReport.files(stem, figures) : {};
  checkOutputs({ "--out": options.out, "--save": options.save, "--figure": figure }, [
    file,
    options.recording,
    checkpoints?.file,
  ]);
  for (const report of Object.values<string>(reports)) checkWritable("--figure", report);
  const resume = options.resume ? checkpoints!.read() : undefined;
  if (resume && resume.step > steps) {
    fail("steps", `is ${steps}, but the checkpoint has ${resume.step} steps already; ask for as many or more`);
  }
  const finished = resume?.step === steps ? { loss: resume.loss, values: planned.valuesOf(resume.update) } : undefined;

  const engine = await Engine.create({ backend: options.backend as "auto" });
  try {
    if (resume && resume.adapter !== engine.adapterName) {
      say(`the checkpoint was computed on ${resume.adapter}; on ${engine.adapterName} the last bits may differ`);
    }
    let recovery: Recovery;
    let observed = job.observed as TrialsJob;
    const drawn = finished ? 0 : (truth?.options.paths ?? 0);
    const bar = truth && progressBar("data", drawn + (job.test?.paths ?? 0), "trains");
    try {
      if (truth && !finished) {
        const { network: from, how } = truth;
        const drawing = { ...how, progress: (done: number) => bar!.update(done) };
        observed = asTrials(await simulatedTrials(engine, from, drawing));
      }
      const progress = (done: number): void => bar?.update(drawn + done);
      recovery = await Recovery.create(engine, simulated, solve, truth, job.test, { progress });
    } finally {
      bar?.stop();
    }
    const began = performance.now();
    let result: TrainingResult | undefined;
    if (finished) {
      await recovery.after(steps - 1, finished.values, true);
      result = { history: [], losses: [], firstStep: steps, loss: finished.loss, parameters: finished.values };
    } else {
      const run: TrainOptions = {
        ...solve,
        ...update,
        loss: planned.loss(observed),
        steps,
        ...(resume ? { resume } : {}),
        ...(job.commonNoise === undefined ? {} : { commonNoise: job.commonNoise }),
        ...(job.requireExact === undefined ? {} : { requireExact: job.requireExact }),
      };
      const training = train(engine.network(planned.trained), run);
      result = await runTraining(training, engine, steps, checkpoints, recovery, options);
    }
    if (!result) return;
    const seconds = (performance.now() - began) / 1000;
    const release = exitOnSignals(() => sayStopped(steps, steps, checkpoints));
    try {
      const metrics = await recovery.metrics(steps);
      if (options.save)
        writeOutput("--save", options.save, trainedJobText(options.save, job, file, simulated, metrics.parameters));
      // A checkpoint tells no curves.
      const curves = finished ? undefined : figure;
      if (curves) await drawRecovery(curves, recovery, result.losses, result.firstStep);
      const compared = await spikeTrains?.make(engine, simulated, metrics.parameters, stem, figures);
      report(result, seconds, job, engine.adapterName, metrics, curves, options, compared);
    } finally {
      release();
    }
  } finally {
    engine.dispose();
  }
}

interface TrainingResult {
  readonly history: HistoryEntry[];
  readonly losses: number[];
  /** The first step done here: as many as there are where a checkpoint had them all. */
  readonly firstStep: number;
  /** Parameters before that step. */
  readonly before?: Readonly<Record<string, unknown>>;
  /** Loss of the last step. */
  readonly loss: number | undefined;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly firstStepSeconds?: number;
}

/** Runs a training to its end, or to a signal: then there is no result, and the exit code is set. */
async function runTraining(
  run: AsyncGenerator<TrainStep, void, void>,
  engine: Engine,
  steps: number,
  checkpoints: Checkpoints | undefined,
  recovery: Recovery,
  options: TrainCommandOptions,
): Promise<TrainingResult | undefined> {
  const history: HistoryEntry[] = [];
  const losses: number[] = [];
  let first: TrainStep | undefined;
  let last: TrainStep | undefined;
  let firstStepSeconds = 0;
  const stop = stopOnSignals(() => say("stopping after this step; a second signal stops at once"));
  const done = checkpoints?.step ?? 0;
  const bar = progressBar("train", steps, "steps", done);
  bar.update(done, "| preparing the first step");
  try {
    for await (const step of run) {
      if (!first) firstStepSeconds = performance.now() / 1000;
      if (!first) await recovery.before(step.parameters);
      first ??= step;
      last = step;
      losses.push(step.value);
      await recovery.after(step.step, step.updated, step.step === steps - 1);
      const entry = { loss: step.value, standardError: step.standardError };
      if (options.history !== "none") {
        history.push(options.history === "full" ? { ...entry, parameters: step.parameters } : entry);
      }
      // Signals come between turns of the event loop, which a step on the CPU does not end by itself.
      await new Promise((resolve) => setImmediate(resolve));
      if (checkpoints && (checkpoints.due || stop.signal || step.step === steps - 1)) {
        await checkpoints.write(step, engine.adapterName);
      }
      bar.update(step.step + 1, `| loss ${readable(step.value)}`);
      if (stop.signal) {
        bar.stop();
        sayStopped(step.step + 1, steps, checkpoints);
        process.exitCode = signalExitCode(stop.signal);
        return undefined;
      }
    }
  } catch (error) {
    bar.stop();
    const lost = error instanceof SaltationError && (error.code === "device-lost" || error.code === "out-of-memory");
    if (!lost || !checkpoints) throw error;
    // Where the host has the state, nothing is lost but the step under way.
    if (last) await checkpoints.write(last, engine.adapterName).catch(() => {});
    if (checkpoints.step === undefined) throw error;
    const rest = `the checkpoint of step ${checkpoints.step} is in ${checkpoints.file}; go on with: ${resumeCommand()}`;
    throw new SaltationError(error.code, `${error.message}; ${rest}`, { cause: error });
  } finally {
    bar.stop();
    stop.release();
  }
  const { value: loss, updated: parameters } = last!;
  return { history, losses, firstStep: first!.step, before: first!.parameters, loss, parameters, firstStepSeconds };
}

function sayStopped(done: number, steps: number, checkpoints: Checkpoints | undefined): void {
  const where =
    done < steps ? `stopped after step ${done} of ${steps}` : "stopped after the last step, before its results";
  if (checkpoints) say(`${where}; the checkpoint is in ${checkpoints.file}; go on with: ${resumeCommand()}`);
  else say(`${where}; nothing was kept, as the job names no "checkpoint" file`);
}

function report(
  { history, losses, firstStep, before, loss, parameters, firstStepSeconds }: TrainingResult,
  seconds: number,
  job: TrainJob,
  adapter: string,
  metrics: Metrics,
  figure: string | undefined,
  options: TrainCommandOptions,
  compared: MadeReport | undefined,
): void {
  if (options.out) {
    const array = Float64Array.from(losses);
    writeOutput("--out", options.out, writeNpz({ loss: { data: array, shape: [array.length] } }));
  }
  const { steps } = job;
  if (options.json) {
    const kept = options.history === "none" ? {} : { history };
    printJson({
      adapter,
      steps,
      firstStep,
      seconds,
      firstStepSeconds,
      loss,
      ...kept,
      parameters,
      metrics: { ...metrics, ...compared?.metrics },
      ...(figure ? { figure } : {}),
      ...(compared ? { files: compared.files } : {}),
    });
    return;
  }
  if (before) {
    const from = firstStep > 0 ? `, from step ${firstStep} on,` : "";
    print(`${steps} steps${from} of ${job.paths} paths on ${adapter} in ${readable(seconds)} s`);
    print(`loss ${readable(losses[0]!)} at first, ${readable(loss!)} at last`);
  } else print(`the checkpoint has all ${steps} steps${loss === undefined ? "" : `; loss ${readable(loss)} at last`}`);
  const units = unitsOf(readCell(job.network.cell as string));
  for (const [name, value] of Object.entries(parameters)) {
    const unit = units[name] ? ` ${units[name]}` : "";
    const was = before ? `${readableParameter(job, name, before[name])} → ` : "";
    print(`${name} ${was}${readableParameter(job, name, value)}${unit}`);
  }
  compared?.print();
  if (job.test) print(metricsTable(metrics));
  if (options.save) print(`fitted network in ${options.save}`);
  if (figure) print(`figure in ${figure}`);
}
