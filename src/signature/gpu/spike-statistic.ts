/**
 * MMD² and score between generated spike trains, made anew on the GPU in every step, and observed ones: value and
 * spike-time cotangents, encoded into a batch. Conventions of src/signature/statistics.ts; the path of a train is its
 * Marcus lift (src/signature/definitions/lift.ts).
 *
 * What a pathwise gradient does not see: these statistics jump when a spike crosses t1.
 */
import { fail, oneOf, wholeNumber } from "../../checks.js";
import type { Batch, Gpu, Storage } from "../../gpu/index.js";
import type { DeviceSpikes } from "../../spikes/device-spikes.js";
import { checkSolver, type SignatureSolver } from "../definitions/solver.js";
import { compileStaticKernel, type StaticKernel } from "../definitions/static-kernel.js";
import { PairStatistic } from "./pair-statistic.js";
import { SignatureStatistic } from "./signature-statistic.js";

export interface SpikeStatisticOptions {
  readonly neurons: number;
  /** Number of generated paths. */
  readonly paths: number;
  /** Observed trains, which must stay until `dispose`. */
  readonly observed: DeviceSpikes;
  readonly statistic: "mmd" | "score";
  /** Of the MMD² (default true); a score always is. */
  readonly unbiased?: boolean;
  /** Default linear. */
  readonly static?: StaticKernel;
  /** Default differences at dyadic orders [0, 0]. */
  readonly solver?: SignatureSolver;
}

/** One evaluation at a time: `encodeValue`, then `encodeCotangents` for the same trains. */
export interface SpikeStatistic {
  /** Encodes the statistic, to `value` [1] f32, and what its cotangents need. */
  encodeValue(batch: Batch, spikes: DeviceSpikes, value: Storage): void;
  /**
   * Adds `scale` (default 1) · ∂value/∂τ to `cotangents` [slots][paths] f32: nothing where there is no spike.
   * Simultaneous spikes share the derivative along moving them together.
   */
  encodeCotangents(
    batch: Batch,
    spikes: DeviceSpikes,
    cotangents: Storage,
    options?: { readonly scale?: number },
  ): void;
  dispose(): void;
}

/**
 * Prepares a statistic. Truncated kernels of a linear static kernel are inner products of signatures, at a cost linear in
 * the number of paths; others go through Gram matrices.
 * @throws SaltationError `invalid-input` naming the field, `limit` where signatures do not fit.
 */
export async function spikeStatistic(gpu: Gpu, options: SpikeStatisticOptions): Promise<SpikeStatistic> {
  const statistic = oneOf("statistic", options.statistic, ["mmd", "score"]);
  const unbiased = statistic === "score" || (options.unbiased ?? true);
  const neurons = wholeNumber("neurons", options.neurons, 1, 65536);
  const paths = wholeNumber("paths", options.paths, 1, 2 ** 20);
  const { observed } = options;
  if (unbiased && paths < 2) fail("paths", "an unbiased statistic needs at least two paths");
  if (statistic === "mmd" && unbiased && observed.paths < 2) {
    fail("observed", "holds one train; an unbiased statistic needs at least two");
  }
  const kernel = compileStaticKernel(options.static ?? { kind: "linear" });
  const solver = checkSolver(options.solver ?? { kind: "difference" });
  const shape = { neurons, paths, observed, score: statistic === "score", unbiased };
  return solver.kind === "truncated" && kernel.linearScale !== undefined
    ? SignatureStatistic.create(gpu, shape, solver.depth, kernel.linearScale)
    : PairStatistic.create(gpu, shape, kernel, solver);
}
