/** Statistics of spike trains by truncated signatures (shaders/signature/signature-statistic.wgsl.ts). */

import { spikeAtEnd, squaresAtEnd } from "../../../shaders/loss/spike-at-end.wgsl.js";
import { signatureMoments, signatureStatistic, sumTerms } from "../../../shaders/signature/signature-statistic.wgsl.js";
import type { Batch, Gpu, KernelOf, Storage } from "../../gpu/index.js";
import type { DeviceSpikes } from "../../spikes/device-spikes.js";
import { threadGroups } from "./device-paths.js";
import { Scratch } from "./scratch.js";
import { SpikeSignatures } from "./spike-signatures.js";
import type { SpikeStatistic, StatisticShape } from "./statistic.js";

export class SignatureStatistic implements SpikeStatistic {
  private readonly scratch: Scratch;

  private constructor(
    gpu: Gpu,
    private readonly shape: StatisticShape,
    private readonly signatures: SpikeSignatures,
    private readonly scale: number,
    private readonly kernels: {
      readonly words: KernelOf<typeof signatureStatistic>;
      readonly sum: KernelOf<typeof sumTerms>;
      readonly more: KernelOf<typeof spikeAtEnd>;
      /** Where paths are compared with themselves. */
      readonly squares: KernelOf<typeof squaresAtEnd> | undefined;
    },
    /** Mean signature of the observed trains, and what does not depend on the generated ones. */
    private readonly observed: { readonly mean: Storage; readonly constant: number },
  ) {
    this.scratch = new Scratch(gpu);
  }

  static async create(gpu: Gpu, shape: StatisticShape, depth: number, scale: number): Promise<SignatureStatistic> {
    const channels = shape.neurons + 1;
    const signatures = await SpikeSignatures.create(gpu, { neurons: shape.neurons, depth });
    const { size } = signatures;
    const starts = Array.from({ length: depth + 2 }, (_, l) => (channels ** l - 1) / (channels - 1));
    const [moments, words, sum, more, squares] = await Promise.all([
      gpu.kernel(signatureMoments(channels, depth)),
      gpu.kernel(signatureStatistic(channels, depth)),
      gpu.kernel(sumTerms),
      gpu.kernel(spikeAtEnd(channels, starts, true)),
      shape.unbiased ? undefined : gpu.kernel(squaresAtEnd(channels, starts)),
    ]);
    const { observed } = shape;
    const n = observed.paths;
    const rows = gpu.buffer("observed signatures", 4 * size * n);
    const both = gpu.buffer("observed moments", 8 * size);
    const batch = gpu.batch("observed signatures");
    signatures.encodeEach(batch, observed, rows);
    batch.dispatch(moments, {
      uniform: { paths: n, unbiased: 0, scale: 0 },
      rows,
      moments: both,
      groups: threadGroups(size),
    });
    const read = batch.read(both);
    batch.submit();
    const values = new Float32Array(await read);
    rows.dispose();
    let constant = 0;
    for (let k = 0, at = 0, weight = 1; k <= depth; at += channels ** k, k++, weight *= scale) {
      for (let w = at; w < at + channels ** k; w++) {
        if (shape.score) constant -= weight * values[w]! ** 2;
        else if (shape.unbiased) constant -= (weight * values[size + w]!) / (n * (n - 1));
      }
    }
    return new SignatureStatistic(
      gpu,
      shape,
      signatures,
      scale,
      { words, sum, more, squares },
      { mean: both, constant },
    );
  }

  encodeValue(batch: Batch, spikes: DeviceSpikes, value: Storage): void {
    const { signatures, kernels, shape, scratch, observed } = this;
    const { size } = signatures;
    const rows = scratch.take("signatures", 4 * size * spikes.paths);
    const terms = scratch.take("terms", 4 * size);
    signatures.encodeEach(batch, spikes, rows);
    batch.dispatch(kernels.words, {
      uniform: { paths: spikes.paths, unbiased: shape.unbiased ? 1 : 0, scale: this.scale },
      observed: observed.mean,
      rows,
      terms,
      groups: threadGroups(size),
    });
    batch.dispatch(kernels.sum, { uniform: { count: size, constant: observed.constant }, terms, value, groups: 1 });
  }

  encodeCotangents(
    batch: Batch,
    spikes: DeviceSpikes,
    cotangents: Storage,
    options: { readonly scale?: number } = {},
  ): void {
    const rows = this.scratch.take("signatures", 4 * this.signatures.size * spikes.paths);
    const scale = options.scale ?? 1;
    this.signatures.encodeVjp(batch, spikes, rows, cotangents, { perPath: true, scale, accumulate: true });
  }

  encodeHorizon(
    batch: Batch,
    spikes: DeviceSpikes,
    horizon: Storage,
    { scale = 1 }: { readonly scale?: number } = {},
  ): void {
    const { signatures, scratch, kernels, shape } = this;
    const { paths } = spikes;
    // Linear in each path's signature, but for its kernel with itself; the cotangents took the place of the signatures.
    const cotangent = scratch.take("signatures", 4 * signatures.size * paths);
    const table = scratch.take("signatures once more", 4 * signatures.size * paths);
    signatures.encodeEach(batch, spikes, table);
    const threads: [number, number, number] = [paths, Math.min(shape.neurons, 32768), Math.ceil(shape.neurons / 32768)];
    const uniform = { paths, first: 0, allPaths: paths, scale };
    batch.dispatch(kernels.more, { uniform, table, cotangent, horizon, threads });
    if (!kernels.squares) return;
    const own = { paths, scale: scale / paths ** 2, level: this.scale };
    batch.dispatch(kernels.squares, { uniform: own, table, horizon, threads });
  }

  dispose(): void {
    this.signatures.dispose();
    this.observed.mean.dispose();
    this.scratch.dispose();
  }
}
