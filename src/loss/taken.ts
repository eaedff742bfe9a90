/**
 * A loss of all paths in pieces: what some of them fired, joined in the order of paths; and the loss taken of all of them, from
 * whose cotangents any of them goes backward by itself. Path after path, as plain arrays: so they may travel.
 */
import type { PathRange } from "../plan/chunks.js";
import type { SolvePlan } from "../plan/plan.js";
import type { Estimate } from "../reduce/statistics.js";
import type { TypedSpikes } from "../spikes/spikes.js";
import type { LossValue } from "./loss.js";

export type Numbers = Float32Array | Float64Array;

/** What neighbouring paths fired, as their backend has it. */
export interface FiredPaths {
  /** Spikes of each path, [paths]. */
  readonly counts: Int32Array;
  /** Of a device: rows of a record that has room for all, as large as it is made there. A loss may depend on it in its last places. */
  readonly slots?: number;
  /** [spikes][words]: of the twin time and neuron, of a device the words of its record. */
  readonly words: Float64Array | Int32Array;
  /** States that the plan observes, [paths][entries]. */
  readonly states?: Numbers | undefined;
}

/** A loss, taken of the paths from `first` on; numbers are those that the backward recursion takes. */
export interface TakenLoss {
  readonly first: number;
  readonly value: number;
  /** Mean and standard error of each of `LossValue.means`. */
  readonly means: Float64Array;
  /** `LossValue.partMeans`. */
  readonly partMeans?: readonly number[] | undefined;
  /** Spikes of each path, [paths]. */
  readonly counts: Int32Array;
  /** Number of all paths · ∂value/∂τ, [spikes]. */
  readonly cotangents: Numbers;
  /** What each path adds to the value up to a constant, [paths]; absent where that is not known. */
  readonly pathValues?: Numbers | undefined;
  /** To be added to them, where a device leaves it out. */
  readonly pathOffset: number;
  /** Number of all paths · what one more spike of each neuron at t1 would add to the value, [paths][neurons]. */
  readonly horizon?: Numbers | undefined;
  /** Number of all paths · ∂value/∂state, [paths][entries]. */
  readonly states?: Numbers | undefined;
}

/** Typed arrays one after the other. */
export const joined = <T extends Numbers | Int32Array>(parts: readonly T[]): T => {
  const all = new (parts[0]!.constructor as new (n: number) => T)(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
};

/** What neighbouring ranges of paths fired, as that of all of them. */
export const joinFired = (parts: readonly FiredPaths[]): FiredPaths => ({
  counts: joined(parts.map((p) => p.counts)),
  words: joined(parts.map((p) => p.words)),
  ...(parts[0]!.slots === undefined ? {} : { slots: Math.max(...parts.map((p) => p.slots!)) }),
  ...(parts[0]!.states ? { states: joined(parts.map((p) => p.states!)) } : {}),
});

const sumOf = (counts: Int32Array): number => counts.reduce((a, b) => a + b, 0);

/** Those paths of a loss that are of a range. */
export function takenOf(all: TakenLoss, { first, end }: PathRange): TakenLoss {
  const paths = all.counts.length;
  const [from, to] = [first - all.first, end - all.first];
  const counts = all.counts.subarray(from, to);
  const spikes = sumOf(all.counts.subarray(0, from));
  const rows = <T extends Numbers | undefined>(of: T): T =>
    of && (of.subarray((of.length / paths) * from, (of.length / paths) * to) as T);
  return {
    ...all,
    first,
    counts,
    cotangents: all.cotangents.subarray(spikes, spikes + sumOf(counts)),
    pathValues: rows(all.pathValues),
    horizon: rows(all.horizon),
    states: rows(all.states),
  };
}

/** The means that a loss is made of. */
export const meansOf = ({ means }: TakenLoss): Estimate[] =>
  Array.from({ length: means.length / 2 }, (_, m) => ({ mean: means[2 * m]!, standardError: means[2 * m + 1]! }));

/**
 * What a loss gave on the host, of paths from `first` on.
 * @param Kind the numbers of the backward recursion.
 */
export function takenOnHost(
  { paths, network }: SolvePlan,
  first: number,
  spikes: readonly TypedSpikes[],
  { value, means = [], partMeans, ...given }: Omit<LossValue, "value"> & { readonly value: number },
  Kind: Float32ArrayConstructor | Float64ArrayConstructor,
): TakenLoss {
  const { cotangents, pathValues, horizon, stateCotangents } = given;
  const counts = Int32Array.from(spikes, (one) => one.times.length);
  const flat = (rows: readonly ArrayLike<number>[], size: number): Numbers => {
    const all = new Kind(size);
    let at = 0;
    for (const row of rows) for (let n = 0; n < row.length; n++) all[at++] = paths * row[n]!;
    return all;
  };
  return {
    first,
    value,
    means: Float64Array.from(means.flatMap((m) => [m.mean, m.standardError])),
    ...(partMeans ? { partMeans } : {}),
    counts,
    cotangents: flat(cotangents, sumOf(counts)),
    ...(pathValues ? { pathValues: Kind.from(pathValues) } : {}),
    pathOffset: 0,
    ...(horizon ? { horizon: flat(horizon, network.neurons * spikes.length) } : {}),
    ...(stateCotangents ? { states: flat([stateCotangents], stateCotangents.length) } : {}),
  };
}
