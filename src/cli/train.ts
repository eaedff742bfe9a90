import { basename } from "node:path";
import { fail } from "../checks.js";
import { Engine } from "../engine.js";
import { simulatedTrials } from "../experiments/recovery.js";
import { writeNpz } from "../files/npz.js";
import { requirementsOf } from "../job/build.js";
import { checkJob } from "../job/check-job.js";
import { type TrainJob, type TrialsJob, trainSchema } from "../job/job.js";
import { loadNamedCell } from "../job/named-cell.js";
import { readFiles } from "../job/read-files.js";
import { asTrials } from "../job/recording.js";
import { planTrainJob, type TrainPlan } from "../job/train-plan.js";
import { trainedJobText } from "../job/trained-job.js";
import type { MeanVerdict } from "../loss/result.js";
import { readCell } from "../network/network.js";
import type { Discretisation } from "../plan/discretisation.js";
import { checkStepsLeft, type StepValues, type TrainOptions, type TrainStep, train } from "../train/train.js";
import { checkAsked } from "../twin/measured.js";
import { canDraw } from "./can-draw.js";
import { type Fingerprint, fingerprinted, fingerprintJob } from "./checkpoint.js";
import { ConfidenceReport, type MadeConfidence } from "./confidence-report.js";
import { askedOf, discretisationLine } from "./discretisation.js";
import { filesBeside, readJobFile } from "./job-file.js";
import { engineOptions } from "./options.js";
import {
  type CommonOptions,
  estimatorLine,
  exitBadInput,
  notUnbiased,
  print,
  printJson,
  printSpread,
  progressBar,
  readable,
  readableParameter,
  say,
  sayError,
  sayWarnings,
} from "./output.js";
import { checkOutputs, checkWritable, writeOutput } from "./output-files.js";
import type { TrainWorkers } from "./queue/train-workers.js";
import { drawRecovery, type Metrics, metricsTable, Recovery } from "./recovery.js";
import { type Checkpoints, checkpointsOf, sayOther, sayStopped } from "./run-checkpoints.js";
import { keeping } from "./shard-files.js";
import { exitOnSignals } from "./signals.js";
import { type MadeReport, SpikeTrainReport, unitsOf } from "./spike-train-report.js";
import { runSteps } from "./train-steps.js";
import { type WorkersOptions, workersOf } from "./workers-of.js";

export interface TrainCommandOptions extends CommonOptions, WorkersOptions {
  resume?: boolean;
  history: "full" | "loss" | "none";
  /** File for a simulate job with the fitted parameters. */
  save?: string;
  /** File for the figure of a job with a test. */
  figure?: string;
  /** Whether to say how well the data determine what was fitted. */
  confidence?: boolean;
}

/** What a step leaves in the output. */
interface HistoryEntry {
  readonly loss: number;
  readonly standardError: number;
  readonly parameters?: Record<string, unknown>;
}

/** `saltation train job.json`. */
export async function trainCommand(file: string, options: TrainCommandOptions): Promise<void> {
  // Everything is checked before a device is opened.
  const written = readJobFile(file, options);
  if (typeof written === "object" && written !== null && Object.hasOwn(written, "data")) {
    return (await import("./train-data.js")).trainOnData(file, written, options);
  }
  const job = checkJob(trainSchema, written);
  await loadNamedCell(job);
  const fingerprint: Fingerprint = {};
  const files = filesBeside(file, options);
  const { context, files: kept } = keeping(fingerprinted(files, fingerprint));
  // The job with what its files hold; what is kept and written of a job is the job as it was given.
  const filled = await readFiles(job, context);
  const planned = planTrainJob(filled, context);
  const { simulated, solve } = planned;
  checkAsked(askedOf(options, job));
  const spikeTrains = SpikeTrainReport.of(filled, simulated, solve, context);
  const confidence = ConfidenceReport.of(job, planned, options.confidence);
  fingerprintJob(job, fingerprint);
  if (options.resume && !job.checkpoint) fail("checkpoint", "is missing; --resume goes on from the file that it names");
  const read = [file, options.recording, ...files.opened];
  const checkpoints = checkpointsOf(job, file, read, options.root, fingerprint);
  const named = `out/${basename(file, ".json")}`;
  const figures =
    options.figure || job.test || spikeTrains || confidence ? canDraw(options.figure && "--figure") : false;
  const figure = options.figure ?? (job.test && figures ? `${named}.svg` : undefined);
  const stem = options.figure?.replace(/\.svg$/, "") ?? named;
  const reports = {
    ...(spikeTrains ? SpikeTrainReport.files(stem, figures) : {}),
    ...confidence?.files(stem, figures),
  };
  checkOutputs({ "--out": options.out, "--save": options.save, "--figure": figure }, [...read, checkpoints?.file]);
  for (const report of Object.values<string>(reports)) checkWritable("--figure", report);
  const workers = await workersOf(options);
  checkpoints?.lock();
  // Without a listener a signal would end the process before it gives the lock back.
  const unheard = checkpoints ? exitOnSignals(() => say("stopped before a step was done")) : () => {};
  try {
    const observed = filled.observed;
    const trained = { workers, files: kept };
    await trainPlanned(
      { file, job, observed, planned, spikeTrains, confidence, checkpoints, figure, stem, figures, unheard, trained },
      options,
    );
  } finally {
    unheard();
    checkpoints?.unlock();
    await workers?.close();
  }
}

/** A training run whose inputs are checked, and whose checkpoint file is its own. */
interface PlannedRun {
  readonly file: string;
  readonly job: TrainJob;
  /** The observed trains, as read. */
  readonly observed: TrainJob["observed"];
  readonly planned: TrainPlan;
  readonly spikeTrains: SpikeTrainReport | undefined;
  readonly confidence: ConfidenceReport | undefined;
  readonly checkpoints: Checkpoints | undefined;
  /** Where the curves are drawn, and how the names of reports begin. */
  readonly figure: string | undefined;
  readonly stem: string;
  /** Whether reports have figures. */
  readonly figures: boolean;
  /** To be called once something else listens for signals. */
  unheard(): void;
  /** What evaluates the steps, where that is not this process; and the files that the job names. */
  readonly trained: { readonly workers: TrainWorkers | undefined; readonly files: ReturnType<typeof keeping>["files"] };
}

async function trainPlanned(run: PlannedRun, options: TrainCommandOptions): Promise<void> {
  const { file, job, planned, spikeTrains, confidence, checkpoints, figure, stem, figures } = run;
  const { simulated, solve, truth, update, steps } = planned;
  const resume = options.resume ? checkpoints!.read() : undefined;
  if (resume) checkStepsLeft(resume, steps);
  const finished = resume?.step === steps ? { loss: resume.loss, values: planned.valuesOf(resume.update) } : undefined;
  const engine = await Engine.create(engineOptions(options));
  try {
    const { workers, files } = run.trained;
    if (resume && !workers) sayOther(resume.adapter, engine.adapterName);
    let recovery: Recovery;
    let observed = run.observed as TrialsJob | undefined;
    // Of a run that is finished, observed trains are wanted where they are to be judged by.
    const drawing = truth && (!finished || confidence) ? truth : undefined;
    const drawn = drawing?.options.paths ?? 0;
    const bar = truth && progressBar("data", drawn + (job.test?.paths ?? 0), "trains");
    try {
      if (drawing) {
        const { network: from, how } = drawing;
        const told = { ...how, progress: (done: number) => bar!.update(done) };
        observed = asTrials(await simulatedTrials(engine, from, told));
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
      result = {
        history: [],
        losses: [],
        firstStep: steps,
        loss: finished.loss,
        parameters: finished.values,
        mean: planned.mean,
      };
    } else {
      const interrupt = new AbortController();
      const how: TrainOptions = {
        ...solve,
        ...update,
        loss: planned.loss(observed),
        steps,
        discretisation: askedOf(options, job),
        signal: interrupt.signal,
        ...(resume ? { resume } : {}),
        ...(job.commonNoise === undefined ? {} : { commonNoise: job.commonNoise }),
        ...requirementsOf(job),
      };
      const network = workers
        ? await workers.network(
            engine,
            planned.trained,
            { ...job, ...(observed === undefined ? {} : { observed }) } as TrainJob,
            files,
          )
        : engine.network(planned.trained);
      const training = train(network, how);
      const adapter = (): string => workers?.adapter ?? engine.adapterName;
      result = await runTraining({ training, interrupt, adapter }, run, recovery, options.history);
      if (resume && workers) sayOther(resume.adapter, adapter());
    }
    if (!result) return;
    const seconds = (performance.now() - began) / 1000;
    const release = exitOnSignals(() => sayStopped(steps, steps, checkpoints));
    try {
      const metrics = await recovery.metrics(steps);
      const saved =
        options.save !== undefined &&
        writeOutput("--save", options.save, trainedJobText(options.save, job, file, simulated, metrics.parameters));
      // A checkpoint tells no curves.
      const drawn =
        !finished && figure !== undefined && (await drawRecovery(figure, recovery, result.losses, result.firstStep));
      const compared = await spikeTrains?.make(engine, simulated, metrics.parameters, stem, figures);
      const sure =
        confidence && (await confidence.make(engine, metrics.parameters, planned.loss(observed), stem, figures));
      const files = { ...(saved ? { saved: options.save } : {}), ...(drawn ? { figure } : {}) };
      report(
        result,
        { seconds, adapter: workers?.adapter ?? engine.adapterName, metrics, compared, sure, ...files },
        job,
        options,
      );
      if (checkpoints?.failure !== undefined) {
        const what = `the checkpoint of the last step could not be written to ${checkpoints.file}`;
        sayError(`checkpoint: ${what}: ${checkpoints.failure}; ${checkpoints.standing()}`);
        process.exitCode = exitBadInput;
      }
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
  /** Of the last step's gradient. */
  readonly mean: MeanVerdict & Pick<TrainStep, "estimator"> & Pick<StepValues, "spread">;
  readonly firstStepSeconds?: number;
  /** Of the last step that was measured. */
  readonly discretisation?: { readonly step: number } & Discretisation;
}

interface RunningTraining {
  readonly training: AsyncGenerator<TrainStep, void, void>;
  readonly interrupt: AbortController;
  /** What steps are computed on. */
  adapter(): string;
}

/** Runs a training to its end, or to a signal: then there is no result, and the exit code is set. */
async function runTraining(
  { training, interrupt, adapter }: RunningTraining,
  { planned, checkpoints, unheard }: PlannedRun,
  recovery: Recovery,
  kept: TrainCommandOptions["history"],
): Promise<TrainingResult | undefined> {
  const { steps } = planned;
  const history: HistoryEntry[] = [];
  const losses: number[] = [];
  let firstStepSeconds = 0;
  let before: Readonly<Record<string, unknown>> = {};
  let measured: TrainingResult["discretisation"];
  const found = await runSteps({
    ...{ training, interrupt, adapter, steps, checkpoints },
    heard: unheard,
    async take(step, isFirst) {
      if (isFirst) {
        firstStepSeconds = performance.now() / 1000;
        before = (await step.values()).parameters;
        await recovery.before(before);
      }
      if (step.discretisation) measured = { step: step.step, ...step.discretisation };
      losses.push(step.value);
      const isLast = step.step === steps - 1;
      if (recovery.wants(isLast)) await recovery.after(step.step, (await step.values()).updated, isLast);
      const entry = { loss: step.value, standardError: step.standardError };
      if (kept !== "none") {
        history.push(kept === "full" ? { ...entry, parameters: (await step.values()).parameters } : entry);
      }
      return `loss ${readable(step.value)}`;
    },
  });
  if (!found) return undefined;
  const { first, last } = found;
  const { updated: parameters, spread } = await last.values();
  const { value: loss, unbiased, because, terms, estimator } = last;
  if (measured?.warning && !first.discretisation?.warning) sayWarnings([measured.warning]);
  const { step: firstStep } = first;
  const discretisation = measured ? { discretisation: measured } : {};
  const mean = { unbiased, because, terms, ...(estimator ? { estimator } : {}), ...(spread ? { spread } : {}) };
  return { history, losses, firstStep, before, loss, parameters, mean, firstStepSeconds, ...discretisation };
}

/** What there is to tell of a run besides its result. */
interface Run {
  readonly seconds: number;
  readonly adapter: string;
  readonly metrics: Metrics;
  readonly compared: MadeReport | undefined;
  readonly sure: MadeConfidence | undefined;
  /** Files that were written. */
  readonly saved?: string;
  readonly figure?: string;
}

function report(
  { history, losses, firstStep, before, loss, parameters, mean, firstStepSeconds, discretisation }: TrainingResult,
  { seconds, adapter, metrics, compared, sure, saved, figure }: Run,
  job: TrainJob,
  options: TrainCommandOptions,
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
      ...(discretisation ? { discretisation } : {}),
      ...mean,
      metrics: { ...metrics, ...compared?.metrics },
      ...(sure ? { confidence: sure.json } : {}),
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
  if (discretisation) print(discretisationLine(discretisation, job.time.t1));
  if (job.estimator && mean.estimator) {
    print(estimatorLine(mean.estimator, mean.terms));
    if (mean.spread) printSpread(job, mean.spread);
    else if (job.loss.kind !== "log-likelihood")
      print(
        "how what paths give spreads: not told of steps of such a loss, in which paths depend on each other; saltation gradient tells it",
      );
  }
  for (const line of mean.because) print(notUnbiased(line));
  sure?.print();
  compared?.print();
  if (job.test) print(metricsTable(metrics));
  if (saved) print(`fitted network in ${saved}`);
  if (figure) print(`figure in ${figure}`);
}
