/** A job that simulates a fitted network. */
import { dirname, relative, resolve } from "node:path";
import { fitted, type Values } from "../experiments/recovery.js";
import type { NetworkDefinition } from "../network/network.js";
import type { TrainJob } from "./job.js";
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
  const current = input?.current;
  const written = {
    network: {
      ...job.network,
      ...(found.parameters && Object.keys(found.parameters).length > 0 ? { parameters: found.parameters } : {}),
      ...((values.weights ?? values.delays) === undefined ? {} : { weights: found.weights }),
    },
    ...(input === undefined
      ? {}
      : { input: { ...input, current: values.current === undefined ? moved(current, jobFile, to) : found.current } }),
    time,
    ...(method === undefined ? {} : { method }),
    paths,
    ...(seed === undefined ? {} : { seed }),
    ...(maxSpikes === undefined ? {} : { maxSpikes }),
  };
  return `${JSON.stringify(written, null, 2)}\n`;
}

type CurrentJob = NonNullable<TrainJob["input"]>["current"];

/** A current whose file is named from another folder. */
function moved(current: CurrentJob, from: string, to: string): CurrentJob {
  if (typeof current !== "object" || Array.isArray(current) || Array.isArray(current.samples)) return current;
  const { file } = current.samples as { file: string };
  if (file === recordingName) return current;
  const path = relative(dirname(resolve(to)), resolve(dirname(from), file));
  return { ...current, samples: { ...current.samples, file: path } as typeof current.samples };
}
