/**
 * Statistics of generated and observed spike trains by signature kernels of their Marcus lifts: MMD² and score, with the
 * conventions of src/signature/statistics.ts. Times in the lift count from t0.
 *
 * The lift has one jump more when a spike crosses t1 into the interval, so these losses jump there. What one more spike of a path adds
 * are its rows of the Gram matrices with that jump at the end, less those without: as many Gram matrices more as there are neurons,
 * and one. With `unbiased: false` a path is compared with itself too, with that jump on both sides.
 */

import { checkOptions, type Names } from "../checks.js";
import { allOrNone } from "../gpu/all-or-none.js";
import type { Batch, Gpu, Storage } from "../gpu/index.js";
import type { SolvePlan } from "../plan/plan.js";
import { liftSpikes } from "../signature/definitions/lift.js";
import type { PathBatch } from "../signature/definitions/paths.js";
import { checkSolver, type SignatureSolver } from "../signature/definitions/solver.js";
import { compileStaticKernel, type StaticKernel } from "../signature/definitions/static-kernel.js";
import { type SpikeStatistic, spikeStatistic } from "../signature/gpu/spike-statistic.js";
import { signatureGram } from "../signature/gram.js";
import { twinBackend } from "../signature/host/backend.js";
import { signatureMMD, signatureScore } from "../signature/statistics.js";
import type { DeviceSpikes } from "../spikes/device-spikes.js";
import type { Spikes, TypedSpikes } from "../spikes/spikes.js";
import { type UploadedSpikes, uploadSpikes } from "../spikes/upload.js";
import type { GpuLoss, Kept, Loss, LossValue, WrittenCotangents } from "./loss.js";
import { checkNeurons, checkObserved, checkTimes } from "./observed.js";
import { leftOutByOrder } from "./order.js";

export interface SignatureKernelOptions {
  /** What points of the lifts are compared by; default linear. */
  readonly static?: StaticKernel;
  /** How the kernel is computed; default by differences at dyadic orders [0, 0]. */
  readonly solver?: SignatureSolver;
}

const kernelNames: Names<SignatureKernelOptions> = { static: true, solver: true };

export interface SignatureMmdOptions extends SignatureKernelOptions {
  /** Leave out the kernel of a train with itself, so that the mean is right (default true). */
  readonly unbiased?: boolean;
}

const mmdNames: Names<SignatureMmdOptions> = { ...kernelNames, unbiased: "boolean" };

/**
 * Squared maximum mean discrepancy of generated and observed spikes; all paths lie in one chunk.
 * @param observed trials on the time interval of the solution; two or more where `unbiased`.
 * @throws SaltationError `invalid-input`, `limit`.
 */
export function signatureMmdLoss(observed: readonly Spikes[], options: SignatureMmdOptions = {}): Loss {
  checkOptions("loss", options, mmdNames);
  return kernelLoss("mmd", observed, options);
}

/**
 * Signature kernel score of generated spikes, averaged over the observed ones; all paths lie in one chunk.
 * @throws SaltationError `invalid-input`, `limit`.
 */
export function signatureScoreLoss(observed: readonly Spikes[], options: SignatureKernelOptions = {}): Loss {
  checkOptions("loss", options, kernelNames);
  return kernelLoss("score", observed, { ...options, unbiased: true });
}

function kernelLoss(statistic: "mmd" | "score", observed: readonly Spikes[], options: SignatureMmdOptions): Loss {
  const { unbiased = true } = options;
  const kernel = {
    static: options.static ?? { kind: "linear" as const },
    solver: options.solver ?? { kind: "difference" as const },
  };
  compileStaticKernel(kernel.static, "loss.static");
  checkSolver(kernel.solver, "loss.solver");
  const depth = kernel.solver.kind === "truncated" ? kernel.solver.depth : Number.POSITIVE_INFINITY;
  checkObserved(observed, statistic === "mmd" && unbiased ? 2 : 1);
  return {
    kind: `signature-${statistic}`,
    independent: true,
    horizon: true,
    leavesOut: (plan) => leftOutByOrder(plan, depth),
    leastPaths: unbiased ? 2 : 1,
    check: (network) => checkNeurons(observed, network),
    evaluate(spikes, plan) {
      checkTimes(observed, plan);
      return onHost(spikes, plan, observed, statistic, { ...kernel, unbiased });
    },
    async gpu(gpu, plan) {
      checkTimes(observed, plan);
      const { t0, t1, steps, network, paths } = plan;
      const { neurons } = network;
      const spikes = uploadSpikes(gpu, observed, { t0, t1, neurons, steps });
      const shape = { neurons, paths, observed: spikes, statistic, unbiased, ...kernel };
      const [, own] = await allOrNone([spikes, spikeStatistic(gpu, shape)]);
      return new GpuSignatureKernel(gpu, own, spikes);
    },
  };
}

async function onHost(
  spikes: readonly TypedSpikes[],
  plan: SolvePlan,
  observed: readonly Spikes[],
  statistic: "mmd" | "score",
  options: Required<SignatureMmdOptions>,
): Promise<LossValue> {
  const lift = { t0: 0, t1: plan.t1 - plan.t0, neurons: plan.network.neurons };
  const from0 = (one: Spikes): Spikes => ({
    times: Float64Array.from(one.times, (t) => t - plan.t0),
    neurons: one.neurons,
  });
  const x = liftSpikes(spikes.map(from0), lift);
  const y = liftSpikes(observed.map(from0), lift);
  const { unbiased, ...kernel } = options;
  const wanted = { ...kernel, gradient: { x: true } };
  const { value, gradientX } = await (statistic === "mmd"
    ? signatureMMD(twinBackend(), x.paths, y.paths, { ...wanted, unbiased })
    : signatureScore(twinBackend(), x.paths, y.paths, wanted));
  const cotangents = x.pullback(gradientX!);
  const [m, n] = [spikes.length, observed.length];
  const withItself = async (one: Spikes): Promise<number> =>
    (await signatureGram(twinBackend(), liftSpikes([one], lift).paths, null, kernel)).values[0]!;
  /** What each path adds, lifted so, the others being as they are. */
  const rowsOf = async ({ paths }: { paths: PathBatch }, lifted: readonly Spikes[]): Promise<Float64Array> => {
    const itself = unbiased ? undefined : await Promise.all(lifted.map((one) => withItself(one)));
    const xx = await signatureGram(twinBackend(), paths, x.paths, kernel);
    const xy = await signatureGram(twinBackend(), paths, y.paths, kernel);
    return Float64Array.from({ length: m }, (_, i) => {
      let [own, cross] = [-xx.values[i * m + i]!, 0];
      for (let j = 0; j < m; j++) own += xx.values[i * m + j]!;
      for (let j = 0; j < n; j++) cross += xy.values[i * n + j]!;
      // A path stands on either side of its pairs.
      if (!itself) return (2 * own) / (m * (m - 1)) - (2 * cross) / (m * n);
      return (2 * own + itself[i]!) / (m * m) - (2 * cross) / (m * n);
    });
  };
  const without = await rowsOf(x, spikes.map(from0));
  const horizon = Array.from({ length: m }, () => new Float64Array(lift.neurons));
  for (let k = 0; k < lift.neurons; k++) {
    const more = spikes.map(from0).map(({ times, neurons }) => ({
      times: Float64Array.of(...Array.from(times), lift.t1),
      neurons: Int32Array.of(...Array.from(neurons), k),
    }));
    const rows = await rowsOf(liftSpikes(more, lift), more);
    for (let i = 0; i < m; i++) horizon[i]![k] = rows[i]! - without[i]!;
  }
  return { value, cotangents, horizon };
}

class GpuSignatureKernel implements GpuLoss {
  readonly whole = true;
  readonly pathValues = "none" as const;
  readonly report: Storage;

  constructor(
    gpu: Gpu,
    private readonly statistic: SpikeStatistic,
    private readonly observed: UploadedSpikes,
  ) {
    this.report = gpu.buffer("value", 4);
  }

  bytesPerPath(): { largest: number; all: number } {
    return { largest: 0, all: 0 };
  }

  encodeChunk(batch: Batch, spikes: DeviceSpikes): Kept {
    this.statistic.encodeValue(batch, spikes, this.report);
    return { dispose: () => {} };
  }

  encodeValue(): void {}

  encodeCotangents(batch: Batch, spikes: DeviceSpikes, _: Kept, { times, horizon }: WrittenCotangents): void {
    this.statistic.encodeCotangents(batch, spikes, times, { scale: spikes.paths });
    if (horizon) this.statistic.encodeHorizon(batch, spikes, horizon, { scale: spikes.paths });
  }

  read(report: ArrayBuffer): { value: number } {
    return { value: new Float32Array(report)[0]! };
  }

  dispose(): void {
    this.report.dispose();
    this.statistic.dispose();
    this.observed.dispose();
  }
}
