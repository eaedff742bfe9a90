/** A job that simulates a fitted network. */
import { dirname, relative, resolve } from "node:path";
import { type Current, isSampledCurrent } from "../driver/current.js";
import { fitted, type Values } from "../experiments/recovery.js";
import type { NetworkDefinition } from "../network/network.js";
import type { DataSourceJob, SignalJob, TrainDataJob, TrainJob } from "./job.js";
import { recordingName } from "./recording.js";

/** What is simulated of a training on data: the samples that no step saw, where there are such, else those of the training. */
function simulatedData({ data, trials, test }: TrainDataJob, ...[from, to]: [from: string, to: string]): object {
  const { jitter: _, ...source } = (test?.data ?? data) as DataSourceJob & { jitter?: number };
  const paths = test?.trials ?? trials;
  return {
    data: movedFiles(source, from, to),
    ...(paths === undefined ? {} : { trials: paths }),
  };
}

/** Data or samples whose files are named from another folder: those of `file`, and of images and their labels. */
function movedFiles<T>(given: T, ...[from, to]: [from: string, to: string]): T {
  if (typeof given !== "object" || given === null || Array.isArray(given)) return given;
  const entries = Object.entries(given).map(([name, value]) => {
    const isFile = name === "file" || ("images" in given && (name === "images" || name === "labels"));
    return [name, isFile && typeof value === "string" ? movedFile(value, from, to) : movedFiles(value, from, to)];
  });
  return Object.fromEntries(entries) as T;
}

/** Text of a job for `saltation simulate` with the fitted values; files that it names are found from the folder of `to`. */
export function trainedJobText(
  to: string,
  job: TrainJob | TrainDataJob,
  jobFile: string,
  network: NetworkDefinition,
  values: Values,
): string {
  const { time, method, seed, maxSpikes, input } = job;
  const found = fitted(network, values);
  const { current, inputs } = input ?? {};
  /** Samples were taken from the job's beginning on (build.ts). */
  const begun = (signal: unknown): unknown =>
    time.t0 && isSampledCurrent(signal as Current) ? { ...(signal as object), t0: time.t0 } : signal;
  const isFitted = "current" in values || ("I" in values && inputs?.I === undefined);
  const written = {
    network: {
      ...job.network,
      ...(found.parameters && Object.keys(found.parameters).length > 0 ? { parameters: found.parameters } : {}),
      ...((values.weights ?? values.delays) === undefined ? {} : { weights: found.weights }),
      ...(found.populations ? { populations: begunPopulations(found.populations, begun) } : {}),
      ...(found.projections ? { projections: found.projections } : {}),
    },
    ...(input === undefined && found.current === undefined
      ? {}
      : {
          input: {
            ...input,
            ...(current === undefined && found.current === undefined
              ? {}
              : { current: isFitted ? begun(found.current) : moved(current, jobFile, to) }),
            ...(inputs === undefined
              ? {}
              : { inputs: movedInputs(inputs, begunInputs(found.inputs ?? {}, begun), values, jobFile, to) }),
          },
        }),
    time,
    ...(method === undefined ? {} : { method }),
    ...("data" in job ? simulatedData(job, jobFile, to) : ofPaths(job, jobFile, to)),
    ...(seed === undefined ? {} : { seed }),
    ...(maxSpikes === undefined ? {} : { maxSpikes }),
  };
  return `${JSON.stringify(written, null, 2)}\n`;
}

type Begun = (signal: unknown) => unknown;
const begunInputs = (inputs: NonNullable<NetworkDefinition["inputs"]>, begun: Begun): Record<string, unknown> =>
  Object.fromEntries(Object.entries(inputs).map(([name, signal]) => [name, begun(signal)]));

/** Populations whose signals say when they begin. */
function begunPopulations(populations: NonNullable<NetworkDefinition["populations"]>, begun: Begun): object {
  const each = Object.entries(populations).map(([name, given]) => {
    if ("poisson" in given) return [name, { ...given, poisson: begun(given.poisson) }];
    if ("sources" in given) return [name, given];
    const { current, inputs } = given;
    return [
      name,
      {
        ...given,
        ...(current === undefined ? {} : { current: begun(current) }),
        ...(inputs === undefined ? {} : { inputs: begunInputs(inputs, begun) }),
      },
    ];
  });
  return Object.fromEntries(each);
}

/** How many paths there are, or which samples. */
const ofPaths = ({ paths, samples }: TrainJob, ...[from, to]: [from: string, to: string]): object =>
  samples ? { samples: movedFiles(samples, from, to) } : { paths };

type CurrentJob = NonNullable<TrainJob["input"]>["current"];

/** Inputs by name: those that were fitted with their values, the others with their files. */
function movedInputs(
  inputs: Readonly<Record<string, SignalJob>>,
  found: Readonly<Record<string, unknown>>,
  values: Values,
  ...[from, to]: [from: string, to: string]
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, given]) => [
      name,
      name in values || (name === "I" && "current" in values) ? found[name] : moved(given, from, to),
    ]),
  );
}

/** A current whose file is named from another folder. */
function moved(current: CurrentJob, from: string, to: string): CurrentJob {
  if (typeof current !== "object" || Array.isArray(current) || Array.isArray(current.samples)) return current;
  const { file } = current.samples as { file: string };
  return { ...current, samples: { ...current.samples, file: movedFile(file, from, to) } as typeof current.samples };
}

/** The name of a file that a job names, for a job in another folder. */
const movedFile = (file: string, from: string, to: string): string =>
  file === recordingName ? file : relative(dirname(resolve(to)), resolve(dirname(from), file));
