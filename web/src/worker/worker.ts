/** The worker of the page: owns the engine and the run, and answers the page's calls in order. */

import { type Cell, Engine, SaltationError } from "../../../src/index.js";
import { writeNpz } from "../../../src/io/npz.js";
import { checksumOf } from "../../../src/io/seal.js";
import type { TrainPlan } from "../../../src/io/train-plan.js";
import { defineNetwork, readCell } from "../../../src/network/network.js";
import { ownCell, type StudioDocument } from "../model/document.js";
import { Files } from "./files.js";
import { observedHints } from "./observed-hints.js";
import { buildProblem, checkCheckpoint, fieldOfDocument, planOf, simulateJob, withValues } from "./problem.js";
import type { Answer, Call, CellFacts, EngineFacts, FieldError, LoadResult, Message, Studio } from "./protocol.js";
import { readDocument, readLink } from "./read-document.js";
import { type Origin, Run, type RunHost } from "./run.js";
import { failureText } from "./zero-divisors.js";

const scope = self as unknown as {
  postMessage(message: Message, transfer?: Transferable[]): void;
  onmessage: (event: MessageEvent<Call>) => void;
};

const files = new Files();
let engine: Engine | undefined;
let run: Run | undefined;
/** The last load: one that is overtaken by the next gives up. */
let latest = 0;
/** Where the run of the last load goes on from: one that is overtaken, or cannot run, leaves it to the next. */
let origin: Promise<Origin | undefined> = Promise.resolve(undefined);
/** The neuron that is shown, also by the run that is being loaded. */
let shown = 0;

async function openEngine(backend: "webgpu" | "cpu"): Promise<EngineFacts> {
  engine?.dispose();
  const opened = await Engine.create({ backend });
  engine = opened;
  void opened.gpu?.lost.then((error) => {
    if (engine === opened) void run?.deviceLost(error);
  });
  const { adapter } = opened;
  return { backend, adapter: opened.adapterName, software: "fallback" in adapter && adapter.fallback };
}

const hostOf = (load: number): RunHost => ({
  engine: () => engine!,
  reopen: async () => scope.postMessage({ event: { kind: "engine", facts: await openEngine("webgpu") } }),
  emit: (event) => scope.postMessage({ event, load }),
});

function standing(): Run {
  if (!run) throw new SaltationError("invalid-input", "there is no run yet");
  return run;
}

/** An error's message as the field of the document that it names and what is wrong with it. */
function fieldError(message: string): FieldError {
  const found = /^([A-Za-z][\w.[\]]*): (.*)$/s.exec(message);
  return found ? { field: fieldOfDocument(found[1]!), message: found[2]! } : { field: "", message };
}

function cellFacts(cell: Cell): CellFacts {
  const { definition } = cell;
  const equations: CellFacts["equations"] = (["state", "noise", "reset", "receive", "start"] as const).flatMap(
    (section) => Object.entries(definition[section] ?? {}).map(([name, text]) => ({ section, name, text })),
  );
  equations.splice(cell.states.length + cell.channels.length, 0, {
    section: "event",
    name: "",
    text: definition.event,
  });
  return {
    name: cell.name,
    states: cell.states,
    defaults: cell.defaults,
    exactness: cell.exactness,
    units: definition.units ?? {},
    equations,
  };
}

/** Checks a document as links and job files are checked, without an engine. */
function check(document: StudioDocument): { result: LoadResult; plan: TrainPlan | undefined } {
  const result: LoadResult = { error: undefined, cell: undefined, neurons: 1, hints: [], ready: false };
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
    return { result, plan };
  } catch (error) {
    result.error = fieldError((error as Error).message);
  }
  return { result, plan: undefined };
}

const studio: {
  [K in keyof Studio]: (...args: Parameters<Studio[K]>) => ReturnType<Studio[K]> | Promise<ReturnType<Studio[K]>>;
} = {
  open: openEngine,
  async load(document, resume, neuron, load) {
    latest = load;
    shown = neuron;
    const stood = run?.stop() ?? origin;
    run = undefined;
    origin = stood.then((before) => (resume === "keep" ? before : (resume ?? undefined)));
    const from = await origin;
    const { result, plan } = check(document);
    if (!plan || !engine || load !== latest) return result;
    try {
      if (from?.checkpoint) checkCheckpoint(plan, from.checkpoint);
      const problem = await buildProblem(engine, document, plan, files);
      if (load !== latest) return result;
      run = new Run(problem, hostOf(load), shown, from);
      result.hints = observedHints(document, problem.trials, plan.plan, files);
      result.ready = true;
      await run.show();
    } catch (error) {
      const networks = [plan.network, ...(plan.truth ? [defineNetwork(plan.truth.network)] : [])];
      result.error = fieldError(failureText(error, networks));
      result.ready = false;
    }
    return result;
  },
  read: (name, bytes) => files.read(name, bytes),
  readLink,
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
    return JSON.stringify({ ...problem.job, observed, paths: now.paths }, null, 2);
  },
  async exportTrains() {
    const { problem, standing: now } = standing();
    const definition = withValues(problem.definition, now.parameters);
    const trains = await engine!.network(definition).simulate({ ...problem.solve, paths: now.paths });
    const table = await trains.read();
    trains.dispose();
    const shape = [table.paths, table.slots];
    return writeNpz({
      spike_times: { data: table.times, shape },
      spike_neurons: { data: table.neurons, shape },
      spike_counts: { data: table.counts, shape: [table.paths] },
    });
  },
  loseDevice: () => engine?.gpu?.device.destroy(),
};

scope.onmessage = async ({ data: { id, method, args } }) => {
  const answer: Answer = { id };
  try {
    answer.value = await (studio[method] as (...a: unknown[]) => unknown)(...args);
  } catch (error) {
    answer.error = {
      code: error instanceof SaltationError ? error.code : "error",
      message: (error as Error).message,
    };
  }
  scope.postMessage(answer);
};
