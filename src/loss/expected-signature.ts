/**
 * Distance between the expected signatures of generated and observed spike trains: those of their Marcus lifts, see
 * src/signature/definitions/lift.ts. Holberg & Salvi (2024), sections 3 and 4.
 *
 * The signature jumps when a spike crosses t1, for a spike there is one more jump of the lift: S becomes S ⊗ exp(e_k), and
 * what that adds to the loss goes into the horizon term. With `matching`, spikes beyond the matched counts are left out: one more
 * counts where the observed train has more of that neuron, and so does then the observed spike that it is matched with. Signatures
 * of several neurons jump where spikes of two change places, too (order.ts).
 */
import { pathDot } from "../../shaders/loss/path-dot.wgsl.js";
import { spikeAtEnd as spikeAtEndKernel } from "../../shaders/loss/spike-at-end.wgsl.js";
import { wordDistance } from "../../shaders/loss/word-distance.wgsl.js";
import { checkOptions, fail, list, type Names, positiveNumber, wholeNumber } from "../checks.js";
import { threefry2x32 } from "../driver/threefry.js";
import type { Batch, Gpu, KernelOf, Storage } from "../gpu/index.js";
import type { SolvePlan } from "../plan/plan.js";
import { SpikeSignatures } from "../signature/gpu/spike-signatures.js";
import { spikeAtEnd, spikeSignature, spikeSignatureVjp } from "../signature/host/spike-signature.js";
import { levelOffsets } from "../signature/host/tensor.js";
import type { DeviceSpikes } from "../spikes/device-spikes.js";
import { spikeWindow } from "../spikes/device-spikes.js";
import type { Spikes, TypedSpikes } from "../spikes/spikes.js";
import { type UploadedSpikes, uploadSpikes } from "../spikes/upload.js";
import type { GpuLoss, Kept, Loss, LossValue, WrittenCotangents } from "./loss.js";
import { checkNeurons, checkObserved, checkTimes } from "./observed.js";
import { leftOutByOrder } from "./order.js";

export interface ExpectedSignatureOptions {
  /** Truncation depth, 1 to 8. */
  readonly depth: number;
  /**
   * Compare path by path: of each generated train and the observed one that it is paired with, only so many spikes of a
   * neuron count as both have (Holberg & Salvi's reference code). Pairs are drawn anew from the seed of each evaluation:
   * path i meets observed train (start + i) mod their number. Default false.
   */
  readonly matching?: boolean;
  /** Weight of the squared differences of each level 1 … depth; all 1 where absent. */
  readonly levelWeights?: readonly number[];
}

const expectedNames: Names<ExpectedSignatureOptions> = { depth: true, matching: "boolean", levelWeights: true };

/** Weight of each word: that of its level over the number of words of levels 1 … depth. */
function wordWeights(channels: number, { depth, levelWeights }: ExpectedSignatureOptions): Float64Array {
  const offsets = levelOffsets(channels, depth);
  const weights = new Float64Array(offsets[depth + 1]!);
  for (let k = 1; k <= depth; k++) {
    weights.fill((levelWeights?.[k - 1] ?? 1) / (weights.length - 1), offsets[k]!, offsets[k + 1]!);
  }
  return weights;
}

/** Observed train that path 0 is paired with. */
const pairingStart = (seed: number, observed: number): number => threefry2x32(seed, 0xfffffffe, 0, 0)[0] % observed;

/** The spikes of a train that stay when neuron k keeps its first `caps[k]`. */
function keptSpikes(spikes: Spikes, caps: Uint32Array): number[] {
  const seen = new Uint32Array(caps.length);
  const kept: number[] = [];
  for (let n = 0; n < spikes.times.length; n++)
    if (seen[spikes.neurons[n]!]!++ < caps[spikes.neurons[n]!]!) kept.push(n);
  return kept;
}

function countsOf(spikes: Spikes, neurons: number): Uint32Array {
  const counts = new Uint32Array(neurons);
  for (let n = 0; n < spikes.neurons.length; n++) counts[spikes.neurons[n]!]!++;
  return counts;
}

/**
 * Mean over the words of levels 1 … depth of the squared difference between the expected signatures of generated and
 * observed spike trains.
 * @param observed trials on the time interval of the solution, in its unit.
 * @throws SaltationError `invalid-input`; `limit` where a signature does not fit a buffer.
 */
export function expectedSignatureLoss(observed: readonly Spikes[], options: ExpectedSignatureOptions): Loss {
  checkOptions("loss", options, expectedNames);
  const depth = wholeNumber("loss.depth", options.depth, 1, 8);
  const { matching = false, levelWeights } = options;
  checkObserved(observed);
  if (levelWeights && list("loss.levelWeights", levelWeights, "numbers").length !== depth) {
    fail("loss.levelWeights", `expected ${depth} numbers, one for each level, got ${levelWeights.length}`);
  }
  levelWeights?.forEach((w, k) => {
    if (w !== 0) positiveNumber(`loss.levelWeights[${k}]`, w);
  });
  if (levelWeights?.every((w) => w === 0)) fail("loss.levelWeights", "are all 0, and so is the loss; give one above 0");
  return {
    kind: "expected-signature",
    horizon: true,
    leavesOut: (plan) => leftOutByOrder(plan, depth),
    check: (network) => checkNeurons(observed, network),
    evaluate: (spikes, plan) => onHost(spikes, plan, observed, options),
    gpu: (gpu, plan, recordWords) =>
      GpuExpectedSignature.create(gpu, plan, recordWords, observed, { ...options, matching }),
  };
}

function onHost(
  spikes: readonly TypedSpikes[],
  plan: SolvePlan,
  observed: readonly Spikes[],
  options: ExpectedSignatureOptions,
): LossValue {
  checkTimes(observed, plan);
  const { t0, t1, network } = plan;
  const { neurons } = network;
  const { depth } = options;
  const weights = wordWeights(neurons + 1, options);
  const difference = new Float64Array(weights.length);
  const add = (one: Spikes, scale: number): Float64Array => {
    const s = spikeSignature(one.times, one.neurons, { neurons, t0, t1, depth });
    for (let w = 0; w < s.length; w++) difference[w]! += scale * s[w]!;
    return s;
  };
  const only = (one: Spikes, kept: readonly number[]): TypedSpikes => ({
    times: Float64Array.from(kept, (n) => one.times[n]!),
    neurons: Int32Array.from(kept, (n) => one.neurons[n]!),
  });
  const start = pairingStart(plan.seed, observed.length);
  const pairs = options.matching
    ? spikes.map((one, i) => matchedPair(one, observed[(start + i) % observed.length]!, neurons))
    : undefined;
  const counted = spikes.map((one, i) => (pairs ? keptSpikes(one, pairs[i]!.caps) : Array.from(one.times.keys())));
  const theirs = pairs
    ? pairs.map(({ other, caps }) => add(only(other, keptSpikes(other, caps)), -1 / spikes.length))
    : observed.map((one) => add(one, -1 / observed.length));
  const signatures = spikes.map((one, i) => add(only(one, counted[i]!), 1 / spikes.length));
  const slope = difference.map((d, w) => 2 * weights[w]! * d);
  const along = (s: Float64Array): number => s.reduce((sum, v, w) => sum + slope[w]! * v, 0);
  const cotangents = spikes.map((one, i) => {
    const { times, neurons: who } = only(one, counted[i]!);
    const bar = spikeSignatureVjp(times, who, { neurons, t0, t1, depth }, slope);
    const row = new Float64Array(one.times.length);
    counted[i]!.forEach((n, j) => {
      row[n] = bar[j]! / spikes.length;
    });
    return row;
  });
  /** What one more spike of each neuron at t1 adds; matched, it counts where theirs has one more, which counts then too. */
  const horizon = signatures.map((s, i) => {
    const added = spikeAtEnd(s, slope, neurons, depth);
    if (!pairs) return added;
    const { other, caps, more } = pairs[i]!;
    return added.map((own, k) => {
      if (!more[k]) return 0;
      const kept = only(
        other,
        keptSpikes(
          other,
          Uint32Array.from(caps, (c, j) => (j === k ? c + 1 : c)),
        ),
      );
      const matched = spikeSignature(kept.times, kept.neurons, { neurons, t0, t1, depth });
      return own - (along(matched) - along(theirs[i]!));
    });
  });
  return {
    value: difference.reduce((sum, d, w) => sum + weights[w]! * d * d, 0),
    cotangents,
    horizon: horizon.map((row) => row.map((v) => v / spikes.length)),
    // What the observed train of a pair adds depends on which of its spikes are matched.
    pathValues: signatures.map((s, i) => along(s) - (pairs ? along(theirs[i]!) : 0)),
  };
}

interface MatchedPair {
  readonly other: Spikes;
  /** Spikes of each neuron that count. */
  readonly caps: Uint32Array;
  /** Whether one more spike of a neuron would count. */
  readonly more: readonly boolean[];
}

function matchedPair(one: Spikes, other: Spikes, neurons: number): MatchedPair {
  const [own, theirs] = [countsOf(one, neurons), countsOf(other, neurons)];
  return {
    other,
    caps: own.map((c, k) => Math.min(c, theirs[k]!)),
    more: Array.from(own, (c, k) => theirs[k]! > c),
  };
}

/** Paths whose signatures lie side by side when their part in the value is taken: of short ones more, up to so many bytes. */
const pathsAtOnce = 256;
const bytesAtOnce = 2 ** 21;

/** Paths of a chunk at most, see `fittingPaths`. */
const mostPaths = 65536;

interface MatchedChunk extends Kept {
  /** Spikes of each neuron that count, [neurons][paths]. */
  readonly caps: Storage | undefined;
}

/** The observed spikes that paths are paired with. */
interface Partners {
  readonly count: number;
  /** In turn, so that every window of them is one piece. */
  readonly spikes: UploadedSpikes;
}

class GpuExpectedSignature implements GpuLoss {
  readonly whole = false;
  /** A pass over all trains more. */
  readonly pathValues = "costly" as const;
  readonly report: Storage;
  private start = 0;

  private constructor(
    private readonly gpu: Gpu,
    private plan: SolvePlan,
    private readonly signatures: SpikeSignatures,
    private readonly kernels: {
      readonly distance: KernelOf<typeof wordDistance>;
      readonly dot: KernelOf<typeof pathDot>;
      readonly more: KernelOf<ReturnType<typeof spikeAtEndKernel>>;
    },
    /** For matching. */
    private readonly partners: Partners | undefined,
    private readonly vectors: { mean: Storage; target: Storage; weights: Storage; slope: Storage },
  ) {
    this.report = gpu.buffer("value", 4);
  }

  static async create(
    gpu: Gpu,
    plan: SolvePlan,
    _recordWords: number,
    observed: readonly Spikes[],
    options: ExpectedSignatureOptions,
  ): Promise<GpuExpectedSignature> {
    checkTimes(observed, plan);
    const { network, t0, t1 } = plan;
    const { neurons } = network;
    const { depth } = options;
    const starts = levelOffsets(neurons + 1, depth);
    const [signatures, distance, dot, more] = await Promise.all([
      SpikeSignatures.create(gpu, { neurons, depth, next: options.matching === true, ends: true }),
      gpu.kernel(wordDistance),
      gpu.kernel(pathDot),
      gpu.kernel(spikeAtEndKernel(neurons + 1, starts)),
    ]);
    const { size } = signatures;
    const target = gpu.buffer("expected signature", 4 * size);
    const lift = { t0, t1, neurons };
    const windows = options.matching ? observed.length - 1 + Math.min(plan.paths, mostPaths) : observed.length;
    const spikes = uploadSpikes(
      gpu,
      Array.from({ length: windows }, (_, i) => observed[i % observed.length]!),
      lift,
    );
    if (!options.matching) {
      const batch = gpu.batch("observed");
      signatures.encodeMean(batch, spikes, target);
      batch.submit();
      spikes.dispose();
    }
    const vectors = {
      mean: gpu.buffer("mean signature", 4 * size),
      target,
      weights: gpu.upload("word weights", Float32Array.from(wordWeights(neurons + 1, options))),
      slope: gpu.buffer("cotangent of signature", 4 * size),
    };
    const partners = options.matching ? { count: observed.length, spikes } : undefined;
    return new GpuExpectedSignature(gpu, plan, signatures, { distance, dot, more }, partners, vectors);
  }

  encodeBegin(_: Batch, plan: SolvePlan): void {
    this.plan = plan;
    if (this.partners) this.start = pairingStart(plan.seed, this.partners.count);
  }

  bytesPerPath(): { largest: number; all: number } {
    const caps = this.partners ? 4 * this.signatures.neurons : 0;
    return { largest: caps, all: caps };
  }

  encodeChunk(batch: Batch, spikes: DeviceSpikes): MatchedChunk {
    const { signatures, vectors, plan, partners } = this;
    const { firstPath, paths } = spikes;
    const scale = 1 / plan.paths;
    const accumulate = firstPath > 0;
    if (!partners) {
      signatures.encodeMean(batch, spikes, vectors.mean, { scale, accumulate });
      return { caps: undefined, dispose: () => {} };
    }
    const caps = this.gpu.buffer("caps", 4 * signatures.neurons * paths);
    const theirs = spikeWindow(partners.spikes, (this.start + firstPath) % partners.count, paths);
    signatures.encodeMatch(batch, spikes, theirs, caps);
    signatures.encodeMean(batch, spikes, vectors.mean, { scale, accumulate, caps });
    signatures.encodeMean(batch, theirs, vectors.target, { scale, accumulate, caps });
    return { caps, dispose: () => caps.dispose() };
  }

  encodeValue(batch: Batch): void {
    const { mean, target, weights, slope } = this.vectors;
    batch.dispatch(this.kernels.distance, {
      uniform: { words: this.signatures.size },
      x: mean,
      y: target,
      weight: weights,
      derivative: slope,
      value: this.report,
      groups: 1,
    });
  }

  encodeCotangents(batch: Batch, spikes: DeviceSpikes, kept: Kept, { times, rows, horizon }: WrittenCotangents): void {
    const { signatures, vectors } = this;
    const { caps } = kept as MatchedChunk;
    const capped = caps ? { caps } : {};
    batch.stage("cotangents");
    // A path's cotangents are those of its own signature: number of paths · ∂value/∂τ.
    signatures.encodeVjp(batch, spikes, vectors.slope, times, { accumulate: true, scale: 1, ...capped });
    if (!rows && !horizon) return;
    batch.stage("path values");
    const { partners } = this;
    if (!partners || !caps) {
      this.encodeEach(batch, spikes, { rows, horizon });
      return;
    }
    const theirs = spikeWindow(partners.spikes, (this.start + spikes.firstPath) % partners.count, spikes.paths);
    const added = horizon && batch.temporary("what a spike of its own adds", 4 * signatures.neurons * spikes.paths);
    this.encodeEach(batch, spikes, { rows, horizon: added }, theirs);
    if (rows) this.encodeEach(batch, theirs, { rows, scale: -1 }, spikes);
    if (added) signatures.encodeNext(batch, theirs, { cotangent: vectors.slope, added, out: horizon! }, { caps });
  }

  /**
   * Of each path's own signature: its product with the cotangent, times `scale`, which is added to `rows`, and what a spike more adds.
   * A pass over the trains more. @param other those that they are matched with.
   */
  private encodeEach(
    batch: Batch,
    spikes: DeviceSpikes,
    to: { readonly rows: Storage | undefined; readonly scale?: number; readonly horizon?: Storage | undefined },
    other?: DeviceSpikes,
  ): void {
    const { signatures, kernels } = this;
    const { neurons, size: count } = signatures;
    const most = Math.min(Math.max(pathsAtOnce, Math.floor(bytesAtOnce / (4 * count))), spikes.paths);
    const table = batch.temporary("signatures", 4 * count * most);
    const caps = other && batch.temporary("caps", 4 * neurons * most);
    for (let first = 0; first < spikes.paths; first += most) {
      const paths = Math.min(most, spikes.paths - first);
      const window = spikeWindow(spikes, first, paths);
      if (other) signatures.encodeMatch(batch, window, spikeWindow(other, first, paths), caps!);
      const vector = this.vectors.slope;
      const { rows, scale = 1, horizon } = to;
      // What a spike more adds is of the levels below the last.
      signatures.encodeEach(batch, window, table, { below: !rows, ...(caps ? { caps } : {}) });
      if (rows)
        batch.dispatch(kernels.dot, { uniform: { paths, first, count, scale }, table, vector, rows, threads: paths });
      if (!horizon) continue;
      batch.dispatch(kernels.more, {
        uniform: { paths, first, allPaths: spikes.paths, scale: 1 },
        table,
        cotangent: vector,
        horizon,
        threads: [paths, Math.min(neurons, 32768), Math.ceil(neurons / 32768)],
      });
    }
  }

  read(report: ArrayBuffer): { value: number } {
    return { value: new Float32Array(report)[0]! };
  }

  dispose(): void {
    const { mean, target, weights, slope } = this.vectors;
    for (const s of [mean, target, weights, slope, this.report]) s.dispose();
    this.partners?.spikes.dispose();
    this.signatures.dispose();
  }
}
