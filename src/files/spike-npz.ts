/** Spike trains in npz, as `saltation simulate --out` writes them: rows of trials, filled up to one length. */
import { escaped } from "../quoted.js";
import { type NpyArray, type Npz, writeNpz } from "./npz.js";
import { checkSize, type SpikeTrains } from "./spike-trains.js";

const list = (keys: readonly string[]): string =>
  keys
    .slice(0, 12)
    .map((k) => escaped(k.slice(0, 40)))
    .join(", ");

/** @throws Error that goes on from the file's name. */
export function readSpikeNpz(npz: Npz): SpikeTrains {
  const table = npz.read("spike_times");
  if (table?.shape.length !== 2) {
    throw new Error(`has no spike_times [trials, slots]; it has ${list(npz.keys) || "nothing"}`);
  }
  const [trials, slots] = table.shape as [number, number];
  if (trials === 0) throw new Error("has spike_times of no trial; leave them out");
  const beside = (key: string, shape: readonly number[]): NpyArray | undefined => {
    const array = npz.read(key);
    if (array && array.shape.join() !== shape.join()) {
      throw new Error(`has ${key} of shape [${array.shape.join(", ")}], and spike_times need [${shape.join(", ")}]`);
    }
    return array;
  };
  const owners = beside("spike_neurons", [trials, slots]);
  const counts = beside("spike_counts", [trials]);
  const starts = new Int32Array(trials + 1);
  const [times, neurons]: number[][] = [[], []];
  let fill: number | undefined;
  let filled = true;
  for (let i = 0; i < trials; i++) {
    // Neuron -1 stands for no spike.
    const most = counts ? counts.data[i]! : slots;
    if (!(Number.isInteger(most) && most >= 0 && most <= slots)) {
      throw new Error(`has ${most} as spike_counts[${i}], but spike_times has ${slots} in a trial; save them whole`);
    }
    for (let n = 0; n < slots; n++) {
      const [time, neuron] = [table.data[i * slots + n]!, owners?.data[i * slots + n]];
      if (n >= most || neuron === -1) {
        fill ??= time;
        filled &&= Object.is(time, fill);
        continue;
      }
      times!.push(time);
      if (neuron !== undefined) neurons!.push(neuron);
    }
    starts[i + 1] = times!.length;
  }
  const timeUnit = npz.text("time_unit");
  // Without it times would be taken as they stand.
  if (timeUnit === undefined && npz.keys.includes("time_unit")) {
    throw new Error('has a time_unit that is no text; save it as one, such as "ms", or leave it out');
  }
  checkSize(times!.length, trials);
  checkTrains(times!, neurons!, starts);
  return {
    times: Float64Array.from(times!),
    neurons: owners && Int32Array.from(neurons!),
    starts,
    timeUnit,
    ...(filled && fill !== undefined && Number.isFinite(fill) ? { table: { fill, slots } } : {}),
  };
}

/** @throws Error where times are not finite or not in order, or neurons are no whole numbers from 0. */
function checkTrains(times: readonly number[], neurons: readonly number[], starts: Int32Array): void {
  let trial = 0;
  times.forEach((t, i) => {
    while (i >= starts[trial + 1]!) trial++;
    if (!Number.isFinite(t)) throw new Error(`has a spike of trial ${trial} whose time is ${t}; leave it out`);
    if (i > starts[trial]! && t < times[i - 1]!) {
      throw new Error(`has spikes of trial ${trial} that are not in order of time; sort them`);
    }
  });
  const wrong = neurons.find((n) => !(Number.isInteger(n) && n >= 0 && n < 2 ** 31));
  if (wrong !== undefined) throw new Error(`has ${wrong} as a neuron, where whole numbers from 0 are wanted`);
}

/** The arrays of an npz that hold the same, filled up as the table that they came from, else with the latest time. */
export function writeSpikeNpz({ times, neurons, starts, timeUnit, table }: SpikeTrains): Uint8Array {
  const trials = starts.length - 1;
  const counts = Int32Array.from({ length: trials }, (_, i) => starts[i + 1]! - starts[i]!);
  const slots = counts.reduce((most, n) => Math.max(most, n), table?.slots ?? 0);
  checkSize(trials * slots, trials);
  const fill = table?.fill ?? times.reduce((latest, t) => Math.max(latest, t), 0);
  const [allTimes, owners] = [new Float64Array(trials * slots).fill(fill), new Int32Array(trials * slots).fill(-1)];
  for (let i = 0; i < trials; i++) {
    const [from, to] = [starts[i]!, starts[i + 1]!];
    allTimes.set(times.subarray(from, to), i * slots);
    if (neurons) owners.set(neurons.subarray(from, to), i * slots);
    else owners.fill(0, i * slots, i * slots + to - from);
  }
  return writeNpz(
    {
      spike_times: { data: allTimes, shape: [trials, slots] },
      spike_neurons: { data: owners, shape: [trials, slots] },
      spike_counts: { data: counts, shape: [trials] },
    },
    timeUnit === undefined ? {} : { time_unit: timeUnit },
  );
}
