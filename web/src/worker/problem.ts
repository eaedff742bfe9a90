/** From a document to what the library trains. */
import { simulatedTrials } from "../../../src/experiments/recovery.js";
import type { Checkpoint, Engine, Loss, NetworkDefinition, SolveOptions, TrainOptions } from "../../../src/index.js";
import { trainedAs } from "../../../src/job/build.js";
import { checkJob } from "../../../src/job/check-job.js";
import { type TrainJob, type TrialsJob, trainSchema } from "../../../src/job/job.js";
import { always, asTrials, type FileContext, readTrials, recordingName } from "../../../src/job/recording.js";
import { planTrainJob, type TrainPlan } from "../../../src/job/train-plan.js";
import { type DrawnWeights, drawWeights } from "../../../src/network/drawn-weights.js";
import type { Trial } from "../../../src/spikes/trials.js";
import { checkResume } from "../../../src/train/train.js";
import { trainableNames } from "../../../src/train/trainable.js";
import { checkState } from "../../../src/train/update.js";
import { type StudioDocument, type Truth, trainedNames } from "../model/document.js";
import type { Files } from "./files.js";

export interface Problem {
  readonly document: StudioDocument;
  readonly job: TrainJob;
  /** The network as it is simulated, and as it is trained. */
  readonly definition: NetworkDefinition;
  readonly trainedNetwork: NetworkDefinition;
  readonly solve: SolveOptions & { readonly paths: number };
  readonly loss: Loss;
  /** What is trained, and how. */
  readonly update: Pick<TrainOptions, "trainable" | "optimiser" | "groups" | "clip">;
  /** Names of what is trained. */
  readonly trained: readonly string[];
  readonly trials: readonly Trial[];
  readonly truth: Truth;
}

/** The document's job, checked, with what was observed as a job says it. */
export function checkedJob(document: StudioDocument, observed: TrainJob["observed"] | undefined): TrainJob {
  return checkJob(trainSchema, { ...document.job, observed });
}

/** A network with values replaced by name: the cell's parameters, `current`, `weights`. */
export function withValues(definition: NetworkDefinition, values: Record<string, unknown>): NetworkDefinition {
  const { current, weights, ...named } = values;
  const sampled = definition.current;
  const given = definition.inputs ?? {};
  const parameters = Object.fromEntries(Object.entries(named).filter(([name]) => !(name in given)));
  const inputs = Object.fromEntries(Object.entries(named).filter(([name]) => name in given));
  return {
    ...definition,
    parameters: { ...definition.parameters, ...(parameters as Record<string, number | number[]>) },
    ...(definition.inputs === undefined
      ? {}
      : { inputs: { ...given, ...(inputs as NonNullable<NetworkDefinition["inputs"]>) } }),
    ...(weights === undefined ? {} : { weights: weights as NonNullable<NetworkDefinition["weights"]> }),
    ...(current === undefined
      ? {}
      : {
          current: (sampled && typeof sampled === "object" && "samples" in sampled
            ? { ...sampled, samples: current }
            : current) as NonNullable<NetworkDefinition["current"]>,
        }),
  };
}

/** Trained values in the form in which a definition takes them: weights with the name of their form. */
export function asGiven(definition: NetworkDefinition, values: Record<string, unknown>): Record<string, unknown> {
  if (values.weights === undefined || !definition.weights) return values;
  return { ...values, weights: { [Object.keys(definition.weights)[0]!]: values.weights } };
}

/** What was observed, as a job names it; undefined where it has to be simulated. */
export function observedJob(document: StudioDocument, files: FileContext): TrialsJob | undefined {
  const { observed } = document;
  switch (observed.kind) {
    case "simulated":
      return undefined;
    case "trials":
      return { times: observed.times, ...(observed.neurons ? { neurons: observed.neurons } : {}) };
    case "recording": {
      const { key, scale = 1 } = observed;
      if (key !== undefined) return { file: recordingName, key, ...(scale === 1 ? {} : { scale }) };
      const recording = { file: recordingName };
      if (scale === 1) return recording;
      // A job has no scale for trains: they are written out.
      const trials = readTrials(recording, files, always);
      return asTrials(trials.map((t) => ({ ...t, times: t.times.map((time) => time * scale) })));
    }
  }
}

/** Trains that are drawn, as a job says it. */
export function simulateJob({ observed, job }: StudioDocument): TrainJob["observed"] | undefined {
  if (observed.kind !== "simulated") return undefined;
  const { kind: _, truth, ...options } = observed;
  const { current, weights, ...named } = truth;
  const given = job.input?.inputs ?? {};
  const parameters = Object.fromEntries(Object.entries(named).filter(([name]) => !(name in given)));
  const inputs = Object.fromEntries(Object.entries(named).filter(([name]) => name in given));
  const values = {
    ...(current === undefined ? {} : { current }),
    ...(Object.keys(inputs).length > 0 ? { inputs } : {}),
    ...(weights === undefined ? {} : { weights }),
    ...(Object.keys(parameters).length > 0 ? { parameters } : {}),
  };
  return { simulate: { ...options, ...values } } as TrainJob["observed"];
}

/** A field of a job, as the document has it. */
export const fieldOfDocument = (field: string): string =>
  field
    .replace(/^job\./, "")
    .replace(/^network\.cell\./, "cell.")
    .replace(/^observed\.simulate\.(current|weights)/, "observed.truth.$1")
    .replace(/^observed\.simulate\.(?:parameters|inputs)\./, "observed.truth.")
    .replace(/^observed\.simulate\b/, "observed");

/** Weights that are given by their law, drawn: what is trained and shown is numbers. */
function drawn<T>(weights: T, layers: readonly number[] | undefined): T | { layers: number[][][] } {
  if (typeof weights !== "object" || weights === null || !("uniform" in weights) || !layers) return weights;
  const { port, ...law } = weights as unknown as DrawnWeights & { port?: string };
  return { layers: drawWeights("network.weights", law, layers), ...(port === undefined ? {} : { port }) };
}

/** What a document trains, checked without an engine. @throws SaltationError naming the field that is wrong. */
export function planOf(document: StudioDocument, files: Files): TrainPlan {
  if (document.observed.kind === "recording") files.check(document.observed.name);
  return planTrainJob(checkedJob(document, simulateJob(document) ?? observedJob(document, files)), files);
}

/** @throws SaltationError where a checkpoint is another run's than that of a plan. */
export function checkCheckpoint({ solve, update, updatePlan }: TrainPlan, checkpoint: Checkpoint): void {
  checkResume(checkpoint, solve.seed ?? 0, trainableNames(update.trainable));
  checkState(updatePlan, checkpoint.update);
}

/** Draws what was observed, where it is simulated. */
export async function buildProblem(
  engine: Engine,
  document: StudioDocument,
  { simulated, solve, plan, truth: drawnFrom, update, loss }: TrainPlan,
  files: FileContext,
): Promise<Problem> {
  const withWeights = (network: NetworkDefinition): NetworkDefinition =>
    network.weights ? { ...network, weights: drawn(network.weights, network.layers) } : network;
  const definition = withWeights(simulated);
  let observed = observedJob(document, files);
  const truth: Truth = document.observed.kind === "simulated" ? { ...document.observed.truth } : {};
  if (drawnFrom) {
    const network = withWeights(drawnFrom.network);
    if (truth.weights !== undefined) truth.weights = network.weights;
    observed = asTrials(await simulatedTrials(engine, network, drawnFrom.how));
  }
  const job = checkedJob(document, observed);
  return {
    document,
    job,
    definition,
    trainedNetwork: trainedAs(definition, job.loss),
    solve: { ...solve, paths: plan.paths },
    loss: loss(observed!),
    update,
    trained: trainedNames(document),
    trials: readTrials(observed!, files, plan),
    truth,
  };
}
