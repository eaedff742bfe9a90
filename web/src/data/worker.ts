/** The worker of the page of data: reads digits, checks settings, owns the engine and the run. */
import { digits8x8 } from "../../../src/data/images.js";
import { latency } from "../../../src/data/latency.js";
import { partOf, type SampleValues } from "../../../src/data/sample-values.js";
import { writeSpikeFile } from "../../../src/data/spike-file.js";
import { Engine, type NetworkDefinition, SaltationError } from "../../../src/index.js";
import { checkJob } from "../../../src/job/check-job.js";
import { checkpointSchema } from "../../../src/job/checkpoint-schema.js";
import { planTrainDataJob } from "../../../src/job/data-job.js";
import { trainDataSchema } from "../../../src/job/job.js";
import { fittedPopulations } from "../../../src/network/fitted-populations.js";
import type { BestEpoch, Device, FromWorker, ToWorker } from "./protocol.js";
import { DataRun } from "./run.js";
import { checkSettings, digitFiles, jobOf, pixelThreshold, type Settings, times } from "./settings.js";

const scope = self as unknown as {
  postMessage(message: FromWorker): void;
  onmessage: (event: MessageEvent<ToWorker>) => void;
};

let digits: SampleValues | undefined;
/** The last run that was asked for: what earlier ones still say counts no more. */
let latest = 0;
let run: DataRun | undefined;
/** Resolves when the last run that was asked for stands, or was refused. */
let prepared: Promise<void> = Promise.resolve();
let asked: { readonly settings: Settings; readonly device: Device } | undefined;
let engine: Promise<Engine> | undefined;
let openedFor: Device | undefined;

const emitOf =
  (of: number) =>
  (message: FromWorker): void => {
    if (of === latest) scope.postMessage({ ...message, run: of });
  };

/** The engine there is, or another one where a device of another kind is asked for, or it was lost. */
async function engineFor(device: Device): Promise<Engine> {
  const standing = await engine?.catch(() => undefined);
  if (standing && openedFor === device) return standing;
  standing?.dispose();
  openedFor = device;
  engine = Engine.create({ backend: device, log: () => {} });
  return engine;
}

/** Spikes of a part of the digits, as the npz that a job names. */
function digitsNpz(from: number, count: number): Uint8Array {
  const spikes = latency(partOf(digits!, from, count), { from: times.from, to: times.to, threshold: pixelThreshold });
  return writeSpikeFile(spikes);
}

/** The files that the job of some settings names. */
const filesOf = ({ set, samples, heldOut }: Settings): Record<string, Uint8Array> =>
  set === "digits"
    ? { [digitFiles.training]: digitsNpz(0, samples), [digitFiles.heldOut]: digitsNpz(samples, heldOut) }
    : {};

async function plannedOf(settings: Settings) {
  const files = filesOf(settings);
  const job = checkJob(trainDataSchema, jobOf(settings));
  return planTrainDataJob(job, {
    open(_, file) {
      return { path: file, bytes: files[file]! };
    },
  });
}

const isLoss = (error: unknown): boolean => error instanceof SaltationError && error.code === "device-lost";

/** What was kept of a run, read as what a stranger may have written. @throws SaltationError. */
function readStanding(given: unknown, values: number): DataRun["standing"] {
  const { checkpoint, best } = given as { checkpoint?: unknown; best?: Partial<BestEpoch> };
  const read = checkJob(checkpointSchema, checkpoint);
  if (best === undefined) return { checkpoint: read, best };
  const { epoch, accuracy, vector } = best;
  const whole = vector instanceof Float64Array && vector.length === values && vector.every(Number.isFinite);
  if (!whole || !Number.isInteger(epoch) || !Number.isFinite(accuracy))
    throw new Error("the weights of its best epoch are not those of this network");
  return { checkpoint: read, best: { epoch: epoch!, accuracy: accuracy!, vector } };
}

/** @param kept where the run stood when the page was closed, or was replaced; not read yet. */
async function prepare(of: number, before?: DataRun["standing"], kept?: unknown): Promise<void> {
  const { settings, device } = asked!;
  const emit = emitOf(of);
  run?.stop();
  run = undefined;
  try {
    if (settings.set === "digits" && !digits) return;
    checkSettings(settings, settings.set === "digits" ? { samples: digits!.count } : undefined);
    const planned = await plannedOf(settings);
    const opened = await engineFor(device);
    if (of !== latest) return;
    const { adapter, adapterName } = opened;
    const hardware = "fallback" in adapter && !adapter.fallback;
    emit({ kind: "ready", adapter: adapterName, hardware, perEpoch: planned.perEpoch, epochs: settings.epochs });
    const afresh = { checkpoint: undefined, best: undefined };
    const runFrom = (from: DataRun["standing"]): DataRun =>
      new DataRun(opened, planned, emit, settings.set === "yin-yang", from);
    if (kept !== undefined) {
      try {
        const empty = runFrom(afresh);
        run = runFrom(readStanding(kept, empty.size));
        return await run.show();
      } catch (error) {
        if (isLoss(error)) throw error;
        if (of !== latest) return;
        emit({ kind: "unread", message: (error as Error).message });
      }
    }
    run = runFrom(before ?? afresh);
    await run.show();
  } catch (error) {
    if (isLoss(error)) engine = undefined;
    const field = error instanceof SaltationError ? (error.field ?? "") : "";
    const { message } = error as Error;
    emit({ kind: "refused", field, message: field ? message.slice(field.length + 2) : message });
  }
}

/**
 * Trains from where it stands; after a failure on an engine that works, from the last epoch's end or rest.
 * @param lostAt steps of the standing from which it went on when a device was lost before.
 */
async function go(of: number, lostAt = -1): Promise<void> {
  const current = run;
  if (!current) return;
  try {
    await current.go();
  } catch (error) {
    if (current !== run || of !== latest) return;
    const lost = isLoss(error);
    if (lost) engine = undefined;
    const { standing } = current;
    const step = standing.checkpoint?.step ?? 0;
    await prepare(of, standing);
    // A lost device is replaced without a word that would ask for anything, for as long as epochs are done between.
    if (lost && step > lostAt) return go(of, step);
    const message = lost ? "The GPU device was lost twice within an epoch. “Resume” goes on with another." : undefined;
    emitOf(of)({ kind: "state", state: "failed", step, message: message ?? (error as Error).message });
  }
}

const tellProblem = (error: unknown): void => scope.postMessage({ kind: "problem", message: (error as Error).message });

async function readDigits(name: string, bytes: Uint8Array): Promise<void> {
  try {
    const read = await digits8x8(bytes);
    if (read.count < 2) throw new Error("file: the file has one digit; two or more are needed");
    digits = read;
    const pixels = Uint8Array.from(read.values);
    scope.postMessage({ kind: "digits", digits: { name, count: read.count, pixels, labels: read.labels } });
  } catch (error) {
    const message = (error as Error).message.replace(/^file: the file /, `${name} `);
    scope.postMessage({ kind: "problem", message });
  }
}

const jsonFile = (name: string, value: unknown) => ({
  name,
  type: "application/json",
  contents: `${JSON.stringify(value, null, 2)}\n`,
});

async function save(what: "job" | "trained" | "samples"): Promise<void> {
  const { settings } = asked!;
  const job = jobOf(settings);
  const name = `saltation-${settings.set}`;
  if (what === "samples") {
    const files = Object.entries(filesOf(settings)).map(([file, contents]) => ({
      name: file,
      type: "application/octet-stream",
      contents,
    }));
    return scope.postMessage({ kind: "file", files });
  }
  if (what === "job") return scope.postMessage({ kind: "file", files: [jsonFile(`${name}.json`, job)] });
  const network = fittedPopulations(job.network as NetworkDefinition, await run!.weights());
  scope.postMessage({ kind: "file", files: [jsonFile(`${name}-trained.json`, { ...job, network })] });
}

scope.onmessage = ({ data }) => {
  switch (data.kind) {
    case "digits":
      return void readDigits(data.name, data.bytes);
    case "prepare":
      latest = data.run;
      asked = { settings: data.settings, device: data.device };
      prepared = prepare(data.run, undefined, data.from);
      return;
    case "train":
      return void prepared.then(() => (data.run === latest ? go(data.run) : undefined));
    case "pause":
      return void (data.run === latest && run?.pause());
    case "look":
      return void (data.run === latest && run?.look(data.shown).catch(tellProblem));
    case "save":
      return void save(data.what).catch(tellProblem);
  }
};
