/** Spikes by sample from files: npz, and HDF5 such as SHD and SSC. */
import { checkOptions, type Names, type Numbers, positiveNumber, wholeNumber } from "../checks.js";
import { fileKind, kindName } from "../files/file-kind.js";
import { type Npz, openNpz, writeNpz } from "../files/npz.js";
import { readSpikeNpz } from "../files/spike-npz.js";
import type { SpikeTrains } from "../files/spike-trains.js";
import { quoted } from "../quoted.js";
import { type DataFile, readDataFile } from "./data-file.js";
import { checkSourceCount, checkSpikeData, type SpikeData, spikeData } from "./spike-data.js";

export interface SpikeFileOptions {
  /** How many sources there are; default one more than the highest in the file. SHD has 700. */
  readonly sourceCount?: number;
  /** Of HDF5, the group of spike trains; without it the only one. */
  readonly key?: string;
  /** The array of labels; default `"labels"`, where there is one. */
  readonly labels?: string;
  /** Times are multiplied by it; default 1. SHD is in seconds: 1000 for a network in ms. */
  readonly scale?: number;
}

const names: Names<SpikeFileOptions> = { sourceCount: true, key: true, labels: true, scale: true };

interface Read {
  readonly offsets: Numbers;
  readonly times: Float64Array;
  readonly sources: Numbers;
  readonly labels?: Numbers | undefined;
}

const ofTrains = ({ starts, times, neurons }: SpikeTrains, labels: Numbers | undefined): Read => ({
  offsets: starts,
  times,
  sources: neurons ?? new Uint32Array(times.length),
  labels,
});

/** Labels by name: those that were asked for must be there. */
function labelsOf(
  asked: string | undefined,
  read: (key: string) => ArrayLike<number> | undefined,
): Numbers | undefined {
  const found = read(asked ?? "labels");
  if (found === undefined && asked !== undefined) throw new Error(`has no labels ${quoted(asked)}`);
  return found && Float64Array.from(found);
}

function fromNpz(npz: Npz, { labels, key }: SpikeFileOptions): Read {
  if (key !== undefined) throw new Error("is an npz file, whose spikes have no key; leave it out");
  const named = labelsOf(labels, (name) => npz.read(name)?.data);
  const [offsets, times, sources] = ["offsets", "times", "sources"].map((name) => npz.read(name)?.data);
  if (!offsets || !times || !sources) return ofTrains(readSpikeNpz(npz), named);
  return {
    offsets: Float64Array.from(offsets),
    times: Float64Array.from(times),
    sources: Float64Array.from(sources),
    labels: named,
  };
}

async function fromHdf5(bytes: Uint8Array, { key, labels }: SpikeFileOptions): Promise<Read> {
  const { openHdf5Recording } = await import("../files/hdf5-recording.js");
  const file = await openHdf5Recording(bytes);
  try {
    return ofTrains(
      file.spikes(key),
      labelsOf(labels, (name) => file.numbers(name)?.data),
    );
  } finally {
    file.close();
  }
}

/**
 * Spikes by sample, with labels where the file has them. Of npz the arrays `offsets`, `times` and `sources` as
 * {@link writeSpikeFile} writes them, or `spike_times` [samples, slots] with `spike_neurons` as `saltation simulate` does; of HDF5
 * the groups of spike trains that `saltation inspect` shows, such as `spikes/times` and `spikes/units` of SHD and SSC
 * (compneuro.net), which needs h5wasm.
 * @throws SaltationError `invalid-input` that names the file.
 */
export function spikeFile(file: DataFile, options: SpikeFileOptions = {}): Promise<SpikeData> {
  checkOptions("", options, names);
  const scale = positiveNumber("scale", options.scale ?? 1);
  const asked = options.sourceCount === undefined ? undefined : checkSourceCount("sourceCount", options.sourceCount);
  return readDataFile("file", file, async (bytes) => {
    const kind = fileKind(bytes);
    if (typeof kind !== "string") throw new Error(kind.not);
    if (kind !== "npz" && kind !== "hdf5") throw new Error(`is ${kindName[kind]}; spikes are read of npz and HDF5`);
    const { offsets, times, sources, labels } =
      kind === "npz" ? fromNpz(openNpz(bytes), options) : await fromHdf5(bytes, options);
    let highest = 0;
    for (const source of sources) highest = Math.max(highest, source);
    if (asked !== undefined && highest >= asked) {
      throw new Error(`holds a spike of source ${highest}, and sourceCount is ${asked}`);
    }
    const sourceCount = asked ?? wholeNumber("its highest source", highest, 0, 65535) + 1;
    const scaled = scale === 1 ? times : times.map((t) => scale * t);
    return spikeData({ offsets, times: scaled, sources, sourceCount, ...(labels ? { labels } : {}) }, "its spikes");
  });
}

/** The npz of spikes by sample, with labels where they have some. */
export function writeSpikeFile(data: SpikeData): Uint8Array {
  checkSpikeData("data", data);
  const { offsets, times, sources, labels } = data;
  return writeNpz({
    offsets: { data: offsets, shape: [offsets.length] },
    times: { data: times, shape: [times.length] },
    sources: { data: sources, shape: [sources.length] },
    ...(labels ? { labels: { data: labels, shape: [labels.length] } } : {}),
  });
}
