/** A job that simulates a fitted network. */
import { dirname, relative, resolve } from "node:path";
import { fitted, type Values } from "../experiments/recovery.js";
import type { NetworkDefinition } from "../network/network.js";
import type { SignalJob, TrainJob } from "./job.js";
import { recordingName } from "./recording.js";

/** Text of a job for `saltation simulate` with the fitted values; files that it names are found from the folder of `to`. */
export function trainedJobText(
  to: string,
  job: TrainJob,
  jobFile: string,
  network: NetworkDefinition,
  values: Values,
): string {
  const { time, method, paths, seed, maxSpikes, input } = job;
  const found = fitted(network, values);
  const { current, inputs } = input ?? {};
  const isFitted = "current" in values || ("I" in values && inputs?.I === undefined);
  const written = {
    network: {
      ...job.network,
      ...(found.parameters && Object.keys(found.parameters).length > 0 ? { parameters: found.parameters } : {}),
      ...((values.weights ?? values.delays) === undefined ? {} : { weights: found.weights }),
    },
    ...(input === undefined && found.current === undefined
      ? {}
      : {
          input: {
            ...input,
            ...(current === undefined && found.current === undefined
              ? {}
              : { current: isFitted ? found.current : moved(current, jobFile, to) }),
            ...(inputs === undefined ? {} : { inputs: movedInputs(inputs, found.inputs ?? {}, values, jobFile, to) }),
          },
        }),
    time,
    ...(method === undefined ? {} : { method }),
    paths,
    ...(seed === undefined ? {} : { seed }),
    ...(maxSpikes === undefined ? {} : { maxSpikes }),
  };
  return `${JSON.stringify(written, null, 2)}\n`;
}

type CurrentJob = NonNullable<TrainJob["input"]>["current"];

/** Inputs by name: those that were fitted with their values, the others with their files. */
function movedInputs(
  inputs: Readonly<Record<string, SignalJob>>,
  found: NonNullable<NetworkDefinition["inputs"]>,
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
  if (file === recordingName) return current;
  const path = relative(dirname(resolve(to)), resolve(dirname(from), file));
  return { ...current, samples: { ...current.samples, file: path } as typeof current.samples };
}
