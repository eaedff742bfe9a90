/**
 * Whether two backends agree on a job. They draw the same noise, so they are compared path by path and number by number:
 * within what 32-bit floats give on well-conditioned jobs, and beyond it within what the float64 results themselves move
 * by when the job's numbers are moved in their last digits (`perturb.ts`). A path on which such a move makes a spike
 * appear, vanish or change places is followed up to that spike.
 */
import { readNpzFile } from "./npz-file.js";
import type { CommandName } from "./run-command.js";

/** What a job gave, as numbers. */
export interface Results {
  /** Spike trains of paths: [time, neuron]. */
  readonly spikes?: readonly (readonly (readonly [number, number])[])[];
  readonly numbers: ReadonlyMap<string, readonly number[]>;
  /** Of spike times. */
  readonly tolerance: number;
  /** How far off an event is found, at most. */
  readonly locating: number;
}

const flat = (value: unknown): number[] =>
  Array.isArray(value) ? value.flatMap(flat) : typeof value === "number" ? [value] : [Number.NaN];

/** Reads what a command printed and wrote. */
export function resultsOf(command: CommandName, job: Record<string, unknown>, text: string, npz: string): Results {
  const result = JSON.parse(text) as Record<string, unknown>;
  const numbers = new Map<string, number[]>();
  const group = (name: string): void => {
    for (const [key, value] of Object.entries((result[name] ?? {}) as object))
      numbers.set(`${name}.${key}`, flat(value));
  };
  const time = job.time as { t0?: number; t1: number; dt: number } | undefined;
  const tolerance = time ? timeTolerance * (time.t1 - (time.t0 ?? 0)) + stepTolerance * time.dt : 0;
  const locating = 5e-5 * (time?.dt ?? 0);
  switch (command) {
    case "simulate": {
      const { spike_times: times, spike_neurons: neurons, spike_counts: counts } = readNpzFile(npz);
      const slots = times!.shape[1]!;
      const spikes = Array.from(counts!.data, (count, p) =>
        Array.from({ length: count }, (_, n) => [times!.data[p * slots + n]!, neurons!.data[p * slots + n]!] as const),
      );
      return { spikes, numbers, tolerance, locating };
    }
    case "gradient":
      numbers.set("value", flat(result.value));
      group("gradient");
      break;
    case "train": {
      const history = result.history as { loss: number }[];
      numbers.set(
        "loss",
        history.map((h) => h.loss),
      );
      group("parameters");
      break;
    }
    case "kernel":
      for (const key of ["gram", "value", "gradientX", "gradientY"])
        if (key in result) numbers.set(key, flat(result[key]));
      break;
    case "signature":
      numbers.set("signatures", Array.from(readNpzFile(npz).signatures!.data));
  }
  return { numbers, tolerance, locating };
}

/**
 * Spike times: relative to the duration, as 32-bit floats give; and to a step, in which the kernels stop looking for an
 * event when a correction is below 5e-5 of it, once for each of the spikes that move along.
 */
const timeTolerance = 1e-5;
const stepTolerance = 5e-4;
/** Relative to the largest number of an array. */
const valueTolerance = 1e-4;
const gradientTolerance = 1e-3;
/** Of a gradient, relative to the largest of any parameter. */
const lostTolerance = 1e-6;

/** How many times as far as the moved jobs' results the device's may lie. */
const slack = 32;

/** A difference that a perturbation of this share of the number itself explains says nothing any more. */
const tellsNothing = 0.3;

export interface Agreement {
  /** Differences that nothing explains. */
  readonly differences: readonly string[];
  /** Whether moved jobs were needed to explain a difference. */
  readonly explained: boolean;
  /** Whether the job determines some of its results so badly that comparing them tells nothing. */
  readonly illPosed: boolean;
}

/** The spike times of each neuron of a path: spikes of two neurons at almost one time may come in either order. */
function byNeuron(results: Results, path: number): Map<number, number[]> {
  const times = new Map<number, number[]>();
  for (const [time, neuron] of results.spikes![path]!) {
    const spikes = times.get(neuron);
    if (spikes) spikes.push(time);
    else times.set(neuron, [time]);
  }
  return times;
}

/** Differences beyond the plain tolerances, which moved jobs may explain. */
function comparePath(
  path: number,
  a: Results,
  b: Results,
  moved: readonly Results[],
): { difference?: string; explained?: boolean } {
  const [exact, device] = [byNeuron(a, path), byNeuron(b, path)];
  const others = moved.map((m) => byNeuron(m, path));
  let explained = false;
  for (const neuron of new Set([...exact.keys(), ...device.keys()])) {
    const [e, d] = [exact.get(neuron) ?? [], device.get(neuron) ?? []];
    const near = others.map((o) => o.get(neuron) ?? []);
    for (let n = 0; n < Math.max(e.length, d.length); n++) {
      const distance = Math.abs((e[n] ?? Number.POSITIVE_INFINITY) - (d[n] ?? 0));
      // Each event is found to 5e-5 of a step, and those that follow move along.
      const tolerance = a.tolerance + n * a.locating;
      if (distance <= tolerance) continue;
      // A spike that a move of the last digits makes appear or vanish: what follows of the path tells nothing.
      if (near.some((o) => (o[n] === undefined) !== (e[n] === undefined))) return { explained: true };
      const spread = e[n] === undefined ? 0 : Math.max(0, ...near.map((o) => Math.abs(o[n]! - e[n]!)));
      if (!(distance <= tolerance + slack * spread))
        return { difference: `path ${path}, neuron ${neuron}, spike ${n}: ${e[n]} and ${d[n]} (moves by ${spread})` };
      explained = true;
    }
  }
  return { explained };
}

/** @param moved results of moved jobs; empty for a first look, which then asks for them where it finds a difference. */
export function compare(exact: Results, device: Results, moved: readonly Results[]): Agreement {
  const differences: string[] = [];
  let explained = false;
  let illPosed = false;
  exact.spikes?.forEach((_, path) => {
    const found = comparePath(path, exact, device, moved);
    if (found.difference) differences.push(found.difference);
    explained ||= found.explained ?? false;
  });
  // What is nothing beside the other gradients may be lost in them: where a function saturates, its slope is 1 - 1.
  const slopes = [...exact.numbers].flatMap(([name, e]) => (name.startsWith("gradient") ? e.map(Math.abs) : []));
  const lost = lostTolerance * Math.max(0, ...slopes);
  // An event that follows a start or a jump at once lies 1e-7 of a step after it on the device, so that no value is quite 0.
  for (const [name, e] of exact.numbers) {
    const d = device.numbers.get(name);
    if (!d || d.length !== e.length) {
      differences.push(`${name}: ${e.length} and ${d?.length} numbers`);
      continue;
    }
    const largest = Math.max(...e.map(Math.abs));
    const slope = /^(gradient|parameters)/.test(name);
    const tolerance = (slope ? gradientTolerance : valueTolerance) * largest + (slope ? lost : 1e-3 * exact.tolerance);
    for (let i = 0; i < e.length; i++) {
      const distance = Math.abs(e[i]! - d[i]!);
      if (distance <= tolerance) continue;
      const others = moved.map((m) => m.numbers.get(name)?.[i] ?? Number.POSITIVE_INFINITY);
      const spread = Math.max(0, ...others.map((o) => Math.abs(o - e[i]!)));
      if (!(distance <= tolerance + slack * spread)) {
        differences.push(`${name}[${i}]: ${e[i]} and ${d[i]} (moves by ${spread})`);
        break;
      }
      explained = true;
      illPosed ||= slack * spread > tellsNothing * largest;
    }
  }
  return { differences, explained, illPosed };
}
