/**
 * Losses on spike trains as objects: from the trains of all Monte Carlo paths to a value and its cotangents at the spike
 * times. The backward recursion takes those to the parameters.
 *
 * Pathwise gradients see how spikes move, not that they appear or vanish at t1. A loss that is continuous when a spike
 * crosses t1 wants no more; another says what one more spike there would add to it, from which the horizon term follows
 * (horizon.ts), or what its gradient leaves out.
 */

import type { Batch, Gpu, Storage } from "../gpu/index.js";
import type { Network } from "../network/network.js";
import type { PathRange } from "../plan/chunks.js";
import type { StatesOptions } from "../plan/observed.js";
import type { SolvePlan } from "../plan/plan.js";
import type { RowSums } from "../reduce/row-sums.js";
import type { BlockSums, Estimate } from "../reduce/statistics.js";
import type { DeviceSpikes } from "../spikes/device-spikes.js";
import type { TypedSpikes } from "../spikes/spikes.js";
import type { Likelihood } from "./likelihood.js";
import type { Evaluated } from "./result.js";
import type { FiredPaths, TakenLoss } from "./taken.js";

/** What the gradient of a loss leaves out on such solutions; undefined where nothing. */
export const leftOut = ({ leavesOut }: Pick<Loss, "leavesOut">, plan: SolvePlan): string | undefined =>
  typeof leavesOut === "function" ? leavesOut(plan) : leavesOut;

/** A loss of all paths, taken on the host. */
export interface LossValue {
  readonly value: number;
  /** ∂value/∂τ for each spike of each path. */
  readonly cotangents: readonly ArrayLike<number>[];
  /**
   * Of a loss with `horizon`: what one more spike of each neuron at t1 would add to the value, [paths][neurons], to
   * first order in that path's part.
   */
  readonly horizon?: readonly ArrayLike<number>[];
  /** Of a loss with `states`: ∂value/∂state, [paths][entries of what the plan observes]. */
  readonly stateCotangents?: ArrayLike<number>;
  /**
   * What each path adds to the value to first order, up to a constant: numbers whose standard error of the mean is that
   * of the value. Without them it is NaN.
   */
  readonly pathValues?: ArrayLike<number>;
  /** Means that the loss is made of (spike times, counts), with standard errors. */
  readonly means?: readonly Estimate[];
  /** Of a sum: how many of them are of each part. */
  readonly partMeans?: readonly number[];
}

/**
 * A loss that knows other paths only by means of numbers that each path gives, so that some of the paths can be looked at
 * alone. Where it is `pathwise` too, cotangents do not depend on those means.
 */
export interface LossOfMeans {
  /** Whether these numbers are times, which a GPU counts from t0. */
  readonly times?: boolean;
  /** What paths give, rows of one number each. Times are absolute. */
  look(spikes: readonly TypedSpikes[], plan: SolvePlan, some: SomePaths): Float64Array[];
  value(means: readonly Estimate[], plan: Pick<SolvePlan, "network">): number;
  /**
   * Cotangents of paths of a plan, and what they add to the value (`LossValue.pathValues`).
   * @param looked what `look` gave of them.
   * @param means over all paths of the plan.
   */
  taken(
    spikes: readonly TypedSpikes[],
    looked: readonly Float64Array[],
    means: readonly Estimate[],
    plan: SolvePlan,
    some: SomePaths,
  ): TakenOfMeans;
}

/** Neighbouring paths of a plan. */
export interface SomePaths {
  /** The number of the first of them. */
  readonly first: number;
  /** Of a loss with `states`: those that the plan observes, [paths][entries]. */
  readonly states?: Float64Array | undefined;
}

/** What a loss of means gives of some paths. */
export type TakenOfMeans = Omit<LossValue, "value" | "means" | "partMeans"> & Required<Pick<LossValue, "pathValues">>;

/** A pathwise loss as one of the mean of what paths give. @param taken what some of a plan's paths give. */
export function ofPathValues(
  taken: (spikes: readonly TypedSpikes[], plan: SolvePlan, some: SomePaths) => TakenOfMeans,
): LossOfMeans {
  // What was taken as paths were looked at.
  const known = new WeakMap<readonly TypedSpikes[], TakenOfMeans>();
  const of = (spikes: readonly TypedSpikes[], plan: SolvePlan, some: SomePaths): TakenOfMeans => {
    const found = known.get(spikes) ?? taken(spikes, plan, some);
    known.set(spikes, found);
    return found;
  };
  return {
    look: (spikes, plan, some) => [Float64Array.from(of(spikes, plan, some).pathValues)],
    value: (means) => means[0]!.mean,
    taken: (spikes, _looked, _means, plan, some) => of(spikes, plan, some),
  };
}

export interface Loss {
  readonly kind: string;
  /** Of a sum: is told `LossValue.partMeans`, where the loss was taken elsewhere. */
  counted?(partMeans: readonly number[]): void;
  /** @throws SaltationError where the loss does not fit the network. */
  check?(network: Network): void;
  /**
   * Whether it is the mean over paths of what each path gives alone: the cotangents of a path do not depend on other
   * paths, and the standard errors of the gradient follow from what each adds to it.
   */
  readonly pathwise?: boolean;
  /** @param names the parameters to differentiate by. @throws SaltationError where it does not fit such solutions. */
  checkPlan?(plan: SolvePlan, names: readonly string[]): void;
  /**
   * What is doubtful about its value on such solutions, one line each.
   * @param means those of a result; absent before there is one.
   * @throws SaltationError like `checkPlan`.
   */
  warnings?(plan: SolvePlan, means?: readonly Estimate[]): readonly string[];
  /**
   * Whether it jumps where a spike crosses t1, and says by how much (`LossValue.horizon`, `GpuLoss.encodeCotangents`): of
   * spikes that a hazard sets off, gradients then have what appears and vanishes there.
   */
  readonly horizon?: boolean;
  /**
   * What its gradient leaves out of the derivative of its mean all the same, in words: where a loss jumps, and does not say
   * by how much. Absent where it leaves nothing out; a function where that depends on the network.
   */
  readonly leavesOut?: string | ((plan: SolvePlan) => string | undefined);
  /**
   * Where it jumps inside t0 to t1, in words, with the mend: neither the pathwise part nor the horizon term sees spikes come
   * and go there, so that its gradient is refused. Undefined where it does not.
   */
  jumpsInside?(plan: SolvePlan): string | undefined;
  /** How its gradient is estimated, where that is not by derivatives of paths alone: see `scored` (score.ts) and `mixed` (mix.ts). */
  readonly estimator?: "score" | "mix";
  /** Where estimator `auto` takes derivatives of paths although they are not known to be unbiased: why the score does not serve. */
  readonly withoutScore?: string;
  /** Of a `mix`: the loss itself. */
  readonly of?: Loss;
  /** Whether it needs paths that are independent of each other: antithetic ones are then refused. */
  readonly independent?: boolean;
  /** Paths that it needs at least, where that is more than one. */
  readonly leastPaths?: number;
  /** Paths that a batch has at least from which its standard errors follow, where that is more than 8: of a loss that bends much within its spread. */
  readonly batchPaths?: number;
  /**
   * States that it looks at, of a list all of each: the plan of its solutions then observes them (`SolvePlan.observed`), and maybe others too, where it
   * is a part of another loss.
   */
  readonly states?: StatesOptions | readonly StatesOptions[];
  /** Spikes of a neuron that the loss looks at, at most, where there is such a number: later ones cannot change it. */
  readonly spikesNeeded?: number;
  /**
   * Of a plan with a maxSpikes.
   * @throws SaltationError `invalid-input` where paths stop before what the loss looks at can be there.
   */
  checkStops?(plan: SolvePlan): void;
  /**
   * Value and cotangents in float64 on the host: the `cpu` backend's; on a GPU it serves losses without `gpu`, whose
   * spikes are then read back. All times are absolute.
   * @param states of a loss with `states`: those that the plan observes, [paths][entries].
   */
  evaluate?(spikes: readonly TypedSpikes[], plan: SolvePlan, states?: Float64Array): LossValue | Promise<LossValue>;
  /** The same in parts, where some of the paths can be looked at alone. On a GPU it then has `GpuLoss.means`. */
  readonly ofMeans?: LossOfMeans;
  /**
   * Prepares the loss on a GPU, for plans like this one but for parameter values and seed.
   * @param recordWords words of a spike in the record, see `DeviceSpikes`.
   */
  gpu?(gpu: Gpu, plan: SolvePlan, recordWords: number): Promise<GpuLoss>;
  /**
   * What is observed, in place of a loss of simulated spikes: its value is −log L of that, the mean over trials.
   * @param names the parameters to differentiate by.
   * @throws SaltationError where the hazard of the cell's events is not known, or spikes do not fit the plan.
   */
  likelihood?(plan: SolvePlan, names: readonly string[]): Likelihood;
}

export interface EvaluatorOptions {
  /** Called with the value and gradient contributions of paths: [1 + entries][paths] in rows, the value's first. */
  perPath?: (firstPath: number, paths: number, rows: Float32Array | Float64Array) => void;
  progress?: (pathsDone: number) => void;
  /** Bytes on the GPU that a chunk of paths may take; results do not depend on it. */
  chunkBytes?: number;
  /** Of a log-likelihood: which of an evaluation's trials to take, in their order; default all. */
  trials?: PathRange;
  /** Of a training: the number of its step, for those who draw its samples elsewhere. */
  step?: number;
}

/** Evaluates one loss again and again, for changing parameters and seeds. */
export interface Evaluator {
  /**
   * Spikes that a path's record has room for, which grows as trains do: sums over pairs of paths are taken in an order that
   * depends on it. Absent where results do not.
   */
  room?: number;
  evaluate(plan: SolvePlan, options?: EvaluatorOptions): Promise<Evaluated>;
  dispose(): void;
}

/** What a range of a plan's paths adds to value and gradient. */
export interface RangeSums {
  /** Of the rows that a loss takes means of (`LossOfMeans`); absent where the loss was taken of all paths together. */
  readonly looked?: BlockSums;
  /**
   * Of what each path adds to the value, and of the rows of the gradient; absent where means, or the loss, were still to be
   * known.
   */
  readonly gradient?: BlockSums;
  /** What the paths fired, where the loss is still to be taken of all of them together. */
  readonly fired?: FiredPaths;
  /** To be added to the means of the loss: a GPU counts time from t0. */
  readonly offset: number;
  /** Paths that were stopped at their maxSpikes-th event. */
  readonly saturated: number;
  /** What is doubtful besides the plan's own warnings. */
  readonly warnings: readonly string[];
}

/**
 * Evaluates a loss over ranges of a plan's paths: a loss of means by `evaluate`; any other by `fire`, `take` of what all ranges fired
 * and `sweep`. With the results of all ranges, however they are cut, there come the bits of an `Evaluator`.
 */
export interface RangeEvaluator {
  /** Solves a range of paths. @throws SaltationError `not-finite` where a state left the finite numbers. */
  fire(plan: SolvePlan, range: PathRange): Promise<RangeSums>;
  /** Takes the loss of what all paths fired. @throws SaltationError `not-finite`. */
  take(plan: SolvePlan, fired: FiredPaths): Promise<TakenLoss>;
  /** Solves a range of paths, or has it still from `fire`, and goes backward from the loss as it was taken. */
  sweep(
    plan: SolvePlan,
    range: PathRange,
    taken: TakenLoss,
    options?: Omit<EvaluatorOptions, "chunkBytes">,
  ): Promise<RangeSums>;
  /**
   * @param plan like the one the evaluator was made for, but for parameter and current values and the seed.
   * @param means `looked` of all paths, for the gradient of a loss that is not `pathwise`.
   * @param perPath as of `EvaluatorOptions`.
   * @throws SaltationError `not-finite` where a state left the finite numbers.
   */
  evaluate(
    plan: SolvePlan,
    range: PathRange,
    means: BlockSums | undefined,
    options?: Omit<EvaluatorOptions, "chunkBytes">,
  ): Promise<RangeSums>;
  dispose(): void;
}

/** Where a loss on a GPU writes the cotangents of a chunk; all was cleared. */
export interface WrittenCotangents {
  /** By spike times: number of all paths · ∂value/∂τ, [slots][paths] f32. The mean over paths of what follows from them is the gradient. */
  readonly times: Storage;
  /** Row 0 takes what each path adds to the value (`LossValue.pathValues`), [..][paths] f32; absent where nobody asks. */
  readonly rows?: Storage | undefined;
  /** Of a loss with `horizon`: what one more spike of each neuron at t1 would add to the value, number of all paths · Δvalue, [neurons][paths] f32. */
  readonly horizon?: Storage | undefined;
  /** Of a loss with `states`: number of all paths · ∂value/∂state, [entries of what the plan observes][paths] f32. */
  readonly states?: Storage | undefined;
}

/** What a loss keeps of a chunk between its two looks at it. */
export interface Kept {
  dispose(): void;
}

/**
 * A loss on a GPU. An evaluation encodes, in this order: `encodeBegin`; `encodeChunk` for every chunk, in the order of
 * paths; `encodeValue`; `encodeCotangents` for every chunk, in any order, each solved again or still there. Nothing is
 * read back but `report`.
 */
export interface GpuLoss {
  /** Whether it compares paths with each other, so that all must lie in one chunk. */
  readonly whole: boolean;
  /**
   * Whether it says what each path adds to the value, from which the value's standard error follows: at no cost (the
   * default), at a cost that training does without, or not at all. Without, the standard error is NaN.
   */
  readonly pathValues?: "free" | "costly" | "none";
  /** Bytes per path of the largest buffer that it makes for a chunk, and of all of them, for a record of `slots`. */
  bytesPerPath(slots: number): { readonly largest: number; readonly all: number };
  /** @param plan with the seed of this evaluation. */
  encodeBegin?(batch: Batch, plan: SolvePlan): void;
  encodeChunk(batch: Batch, spikes: DeviceSpikes): Kept;
  encodeValue(batch: Batch): void;
  /** Writes what follows from the chunk to each buffer that is there. */
  encodeCotangents(batch: Batch, spikes: DeviceSpikes, kept: Kept, written: WrittenCotangents): void;
  /** What is to be read back to know the value. */
  readonly report: Storage;
  /**
   * Of a loss of means: the sums that these come from, which lie in `report`.
   * @internal
   */
  readonly means?: RowSums;
  /** Reads such a report. */
  read(
    report: ArrayBuffer,
    plan: SolvePlan,
  ): {
    value: number;
    means?: readonly Estimate[];
    /** What is to be added to each path's share of the value, where the GPU leaves a constant out. */
    pathOffset?: number;
    /** `LossValue.partMeans`. */
    partMeans?: readonly number[];
  };
  dispose(): void;
}
