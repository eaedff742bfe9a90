/** Data of jobs: input spikes by sample, of a file or drawn, and what samples have of their own. */
import { fail } from "../checks.js";
import { DataSet } from "../data/data-set.js";
import { fashionMnist, type PartOptions } from "../data/images.js";
import { type LatencyOptions, latency } from "../data/latency.js";
import type { SpikeData } from "../data/spike-data.js";
import { type SpikeFileOptions, spikeFile } from "../data/spike-file.js";
import { yinYang } from "../data/yin-yang.js";
import { movedTo, SaltationError } from "../errors.js";
import type { Network } from "../network/network.js";
import { planSolve, type SolveOptions, type SolvePlan } from "../plan/plan.js";
import { quoted } from "../quoted.js";
import type { ArrayReference, DataSourceJob, SolveJob } from "./job.js";
import type { FileContext } from "./recording.js";
import { readLabels, readValues } from "./samples-job.js";

/** What is not given is not there. */
export const given = <T extends object>(fields: T): T =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;

/** Pixels of images as spikes. */
async function imageSpikes(
  field: string,
  { images, labels, latency: how, from, count }: Extract<DataSourceJob, { images: string }>,
  context: FileContext,
): Promise<SpikeData> {
  const file = (name: string, path: string): Uint8Array => context.open(`${field}.${name}`, path).bytes;
  const files = { images: file("images", images), labels: file("labels", labels) };
  const read = await fashionMnist(files, given({ from, count }) as PartOptions).catch((error) => {
    throw movedTo(`${field}.`, error.field?.startsWith("files.") ? "files." : "", error);
  });
  try {
    return latency(read, given(how) as LatencyOptions);
  } catch (error) {
    throw movedTo(`${field}.latency.`, "", error);
  }
}

/** The spikes of data, where it has such. */
async function spikesOf(field: string, job: DataSourceJob, context: FileContext): Promise<SpikeData | undefined> {
  if ("yinYang" in job) {
    try {
      return yinYang(given(job.yinYang) as Parameters<typeof yinYang>[0]);
    } catch (error) {
      throw movedTo(`${field}.yinYang.`, "", error);
    }
  }
  if ("images" in job) return imageSpikes(field, job, context);
  if (!("file" in job)) return undefined;
  const { file, key, labels, sourceCount, scale } = job;
  const how = { key, labels, sourceCount, scale };
  const { bytes, path } = context.open(`${field}.file`, file);
  try {
    return await spikeFile(bytes, given(how) as SpikeFileOptions);
  } catch (error) {
    return fail(`${field}.file`, `${path}: ${(error as Error).message.replace(/^file: the file /, "")}`);
  }
}

/**
 * The data that a field of a job names.
 * @param trained whether steps take it, which may move input spikes.
 * @throws SaltationError `invalid-input` also where the network has fewer sources.
 */
export async function dataSetOf(
  field: string,
  job: DataSourceJob,
  context: FileContext,
  { network, time, trained }: { network: Network; time: SolveJob["time"]; trained: boolean },
): Promise<DataSet> {
  const jitter = "jitter" in job ? job.jitter : undefined;
  if (jitter !== undefined && !trained) fail(`${field}.jitter`, "is for what is trained on; leave it out");
  const spikes = await spikesOf(field, job, context);
  if (spikes && spikes.sourceCount > network.sources)
    fail(
      field,
      `has ${spikes.sourceCount} sources, and the network ${network.sources}; give it a population of as many`,
    );
  // Of a file of spikes, `labels` names its array.
  const named = spikes ? undefined : (job as { labels?: number[] | ArrayReference }).labels;
  const labels = named && (await readLabels(`${field}.labels`, named, context));
  const known = spikes?.count ?? labels?.length;
  const values = await readValues(field, job, context, { time, neurons: network.neurons, known });
  const within = [time.t0 ?? 0, time.t1] as const;
  try {
    return new DataSet({
      ...(spikes ? { spikes } : {}),
      ...values,
      ...(labels ? { labels } : {}),
      ...(jitter === undefined ? {} : { jitter, within }),
    });
  } catch (error) {
    throw movedTo(field, "data", error);
  }
}

/**
 * A plan of all samples of the data that a field of a job names.
 * @throws SaltationError `invalid-input` at that field, for spikes outside the time of the solution among others.
 */
export function planOfData(
  field: string,
  network: Network,
  solve: SolveOptions,
  { data, trials }: { readonly data: DataSet; readonly trials: number | undefined },
): SolvePlan {
  try {
    return planSolve(network, { ...solve, samples: { ...data.all(), ...(trials === undefined ? {} : { trials }) } });
  } catch (error) {
    throw movedTo(field, "samples", error);
  }
}

/** What is said of the label of a sample, with the place in the file that it was read from. */
export function labelOfFile(job: DataSourceJob, error: unknown): unknown {
  const place = error instanceof SaltationError ? /^samples\.labels\[(\d+)\]$/.exec(error.field ?? "") : null;
  const where = place && placeOfLabel(job, Number(place[1]));
  if (!where) return error;
  const { code, field, message } = error as SaltationError & { field: string };
  return new SaltationError(code, `${field}: ${where}${message.slice(field.length + 1)}`, { field });
}

function placeOfLabel(job: DataSourceJob, n: number): string | undefined {
  if ("images" in job) return `label ${n + (job.from ?? 0)} of ${quoted(job.labels)}`;
  if ("file" in job) return `${job.labels ?? "labels"}[${n}] of ${quoted(job.file)}`;
  const { labels } = job as { labels?: number[] | ArrayReference };
  return labels && "file" in labels ? `${labels.key}[${n}] of ${quoted(labels.file)}` : undefined;
}
