/** The worker of the page: owns the engine and the run, and answers the page's calls in order. */

import type { ConfidenceOptions } from "../../../src/confidence/confidence.js";
import { writeNpz } from "../../../src/files/npz.js";
import { checksumOf } from "../../../src/files/seal.js";
import { Engine, SaltationError } from "../../../src/index.js";
import { loadNamedCell } from "../../../src/job/named-cell.js";
import type { TrainPlan } from "../../../src/job/train-plan.js";
import { defineNetwork, readCell } from "../../../src/network/network.js";
import { ownCell, type StudioDocument } from "../model/document.js";
import { withUnits } from "../model/job-units.js";
import { cellFacts } from "./cell-facts.js";
import { EngineKeeper, isLoss } from "./engine-keeper.js";
import { Files } from "./files.js";
import { observedHints } from "./observed-hints.js";
import { buildProblem, checkCheckpoint, fieldOfDocument, planOf, simulateJob, withValues } from "./problem.js";
import type { Answer, Call, EngineFacts, FieldError, LoadResult, Message, Studio, StudioEvent } from "./protocol.js";
import { readDocument, readKept, readLink } from "./read-document.js";
import { type Origin, Run, type RunHost } from "./run.js";
import { isStale } from "./stale.js";
import { turn } from "./turn.js";
import { failureText } from "./zero-divisors.js";

const scope = self as unknown as {
  postMessage(message: Message, transfer?: Transferable[]): void;
  onmessage: (event: MessageEvent<Call>) => void;
};

const files = new Files();
const emit = (event: StudioEvent, load?: number): void =>
  scope.postMessage({ event, ...(load === undefined ? {} : { load }) });

const factsOf = (engine: Engine): EngineFacts => {
  const { adapter, backend, adapterName } = engine;
  return { backend, adapter: adapterName, software: "fallback" in adapter && adapter.fallback };
};

const keeper = new EngineKeeper<Engine>({
  // The page says itself what is waited for, from `doing`.
  create: (backend) => Engine.create({ backend, log: () => {} }),
  wait: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
  now: () => performance.now(),
  tell(news) {
    if (news.kind === "recovered") emit({ kind: "engine", facts: factsOf(keeper.standing!) });
    emit(news);
  },
  lost: (error) => void run?.deviceLost(error),
});

let run: Run | undefined;
/** The last load: one that is overtaken by the next gives up. */
let latest = 0;
/** Where the run of the last load goes on from: one that is overtaken, or cannot run, leaves it to the next. */
let origin: Promise<Origin | undefined> = Promise.resolve(undefined);
/** The neuron that is shown, also by the run that is being loaded. */
let shown = 0;

const hostOf = (load: number): RunHost => ({
  use: (act) => keeper.use(act),
  live: () => keeper.live(),
  bytes: () => keeper.standing?.gpu?.bytesHeld,
  emit: (event) => emit(event, load),
});

const unread = (): LoadResult => ({
  error: undefined,
  cell: undefined,
  neurons: 1,
  hints: [],
  because: [],
  ready: false,
});

/** What is done before a run can be shown, in words. */
const preparing = ({ observed }: StudioDocument): string => {
  if (observed.kind !== "simulated") return "The observed trials are being read";
  const compiles = keeper.standing?.gpu !== undefined;
  return `The observed trials are being drawn${compiles ? ", for which programs are compiled" : ""}`;
};

function standing(): Run {
  if (!run) throw new SaltationError("invalid-input", "there is no run yet");
  return run;
}

/** An error as the field of the document that it names and what is wrong with it. */
function fieldError(error: Error, message = error.message): FieldError {
  const field = error instanceof SaltationError ? error.field : undefined;
  return field ? { field: fieldOfDocument(field), message: message.slice(field.length + 2) } : { field: "", message };
}

/** Checks a document as links and job files are checked, without an engine. */
function check(document: StudioDocument): { result: LoadResult; plan: TrainPlan | undefined } {
  const result = unread();
  try {
    const cell = readCell(ownCell(document) ?? (document.job.network.cell as string | undefined));
    result.cell = cellFacts(cell);
    if (!cell.exactness.exact && document.job.requireExact !== false) {
      const message = "pathwise gradients of this cell are not exact; change it, or allow inexact gradients below";
      result.error = { field: "exactness", message };
      return { result, plan: undefined };
    }
    const plan = planOf(readDocument(document), files);
    result.neurons = plan.network.neurons;
    result.because = plan.mean.because;
    return { result, plan };
  } catch (error) {
    result.error = fieldError(error as Error);
  }
  return { result, plan: undefined };
}

const studio: {
  [K in keyof Studio]: (...args: Parameters<Studio[K]>) => ReturnType<Studio[K]> | Promise<ReturnType<Studio[K]>>;
} = {
  async open(backend) {
    emit({ kind: "doing", text: backend === "simd" ? "" : "The GPU device is being opened" });
    return factsOf(await keeper.open(backend));
  },
  async load(document, resume, neuron, load) {
    latest = load;
    shown = neuron;
    const stood = run?.stop() ?? origin;
    run = undefined;
    origin = stood.then((before) => (resume === "keep" ? before : (resume ?? undefined)));
    const from = await origin;
    emit({ kind: "doing", text: "The equations and numbers are being checked" }, load);
    // Of several loads that wait, the last alone is worth the time.
    await turn();
    // What there is no cell for, the check says.
    await loadNamedCell(document.job).catch(() => {});
    if (load !== latest) return unread();
    const { result, plan } = check(document);
    if (!plan || !keeper.opened || load !== latest) return result;
    for (let again = true; again; ) {
      again = false;
      try {
        if (from?.checkpoint) checkCheckpoint(plan, from.checkpoint);
        emit({ kind: "doing", text: preparing(document) }, load);
        const problem = await keeper.use((engine) => buildProblem(engine, document, plan, files));
        if (load !== latest) return result;
        run = new Run(problem, hostOf(load), shown, from);
        result.hints = observedHints(document, problem.trials, plan.plan, files);
        result.ready = true;
        await run.show();
      } catch (error) {
        if (isStale(error)) throw error;
        again = isLoss(error) && load === latest;
        const networks = [plan.network, ...(plan.truth ? [defineNetwork(plan.truth.network)] : [])];
        // Without an engine a document is checked, and no more.
        const idle = error instanceof SaltationError && error.code === "no-adapter";
        result.error = again || idle ? undefined : fieldError(error as Error, failureText(error, networks));
        result.ready = false;
      }
    }
    return result;
  },
  read: (name, bytes) => files.given(name, bytes),
  readLink,
  readKept,
  retry: () => keeper.retry(),
  run: () => standing().run(),
  pause: () => standing().pause(),
  step: () => standing().step(),
  setPaths(paths) {
    const { document } = standing().problem;
    const { result, plan } = check({ ...document, job: { ...document.job, paths } });
    if (plan) standing().setPaths(paths);
    return result.error;
  },
  setNeuron(neuron) {
    shown = neuron;
    run?.setNeuron(neuron);
  },
  async confidence(profiled) {
    const { problem, standing: now } = standing();
    const { job, solve, update, loss } = problem;
    const { confidence } = await import("../../../src/confidence/confidence.js");
    const given = typeof job.confidence === "object" ? job.confidence : {};
    const asked = { ...given, ...(profiled ? { profile: "all" } : {}) };
    const network = withValues(problem.trainedNetwork, now.parameters);
    const engine = await keeper.use(async (open) => open);
    const { trainable } = update;
    return confidence(engine.network(network), { ...solve, ...asked, loss, trainable } as ConfidenceOptions);
  },
  exportParameters() {
    const { problem, standing: now } = standing();
    const document = { ...problem.document, job: { ...problem.document.job, paths: now.paths } };
    const { parameters, checkpoint = null, step } = now;
    const checksum = checksumOf({ parameters, checkpoint });
    return JSON.stringify({ saltation: "studio", step, parameters, document, checkpoint, checksum }, null, 2);
  },
  exportJob() {
    const { problem, standing: now } = standing();
    // Trains that were drawn are drawn again, so that measures against their true network can be taken.
    const observed = simulateJob(problem.document) ?? problem.job.observed;
    const job = { ...problem.job, observed, paths: now.paths };
    return JSON.stringify(withUnits(job, problem.document.units), null, 2);
  },
  async exportSpikes() {
    const { problem, standing: now } = standing();
    const definition = withValues(problem.definition, now.parameters);
    const table = await keeper.use(async (engine) => {
      const spikes = await engine.network(definition).simulate({ ...problem.solve, paths: now.paths });
      const read = await spikes.read();
      spikes.dispose();
      return read;
    });
    const shape = [table.paths, table.slots];
    const { time } = problem.document.units;
    const arrays = {
      spike_times: { data: table.times, shape },
      spike_neurons: { data: table.neurons, shape },
      spike_counts: { data: table.counts, shape: [table.paths] },
    };
    return writeNpz(arrays, time ? { time_unit: time } : {});
  },
  loseDevice: () => keeper.standing?.gpu?.device.destroy(),
};

scope.onmessage = async ({ data: { id, method, args } }) => {
  const answer: Answer = { id };
  try {
    answer.value = await (studio[method] as (...a: unknown[]) => unknown)(...args);
  } catch (error) {
    answer.error = {
      code: error instanceof SaltationError ? error.code : isStale(error) ? "stale" : "error",
      message: (error as Error).message,
    };
  }
  scope.postMessage(answer);
};

emit({ kind: "awake" });
