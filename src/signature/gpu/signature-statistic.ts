/** Statistics of spike trains by truncated signatures (shaders/signature/signature-statistic.wgsl.ts). */
import { signatureMoments, signatureStatistic, sumTerms } from "../../../shaders/signature/signature-statistic.wgsl.js";
import type { Batch, Gpu, Kernel, Storage } from "../../gpu/index.js";
import type { DeviceSpikes } from "../../spikes/device-spikes.js";
import { threadGroups, workgroupSize } from "./device-paths.js";
import { Scratch } from "./scratch.js";
import { SpikeSignatures } from "./spike-signatures.js";
import type { SpikeStatistic } from "./spike-statistic.js";

const lanes = 32;

export interface StatisticShape {
  readonly neurons: number;
  readonly paths: number;
  readonly observed: DeviceSpikes;
  readonly score: boolean;
  readonly unbiased: boolean;
}

export class SignatureStatistic implements SpikeStatistic {
  private readonly scratch: Scratch;

  private constructor(
    gpu: Gpu,
    private readonly shape: StatisticShape,
    private readonly signatures: SpikeSignatures,
    private readonly scale: number,
    private readonly kernels: { readonly words: Kernel; readonly sum: Kernel },
    /** Mean signature of the observed trains, and what does not depend on the generated ones. */
    private readonly observed: Storage,
    private readonly constant: number,
  ) {
    this.scratch = new Scratch(gpu);
  }

  static async create(gpu: Gpu, shape: StatisticShape, depth: number, scale: number): Promise<SignatureStatistic> {
    const channels = shape.neurons + 1;
    const signatures = await SpikeSignatures.create(gpu, { neurons: shape.neurons, depth });
    const { size } = signatures;
    const [moments, words, sum] = await Promise.all([
      gpu.kernel({
        label: "moments of signatures",
        code: signatureMoments(channels, depth, workgroupSize),
        bindings: ["read", "read_write"],
        uniformBytes: 16,
      }),
      gpu.kernel({
        label: "statistic of signatures",
        code: signatureStatistic(channels, depth, workgroupSize),
        bindings: ["read", "read_write", "read_write"],
        uniformBytes: 16,
      }),
      gpu.kernel({ label: "sum of terms", code: sumTerms(lanes), bindings: ["read", "read_write"], uniformBytes: 8 }),
    ]);
    const { observed } = shape;
    const n = observed.paths;
    const rows = gpu.buffer("observed signatures", 4 * size * n);
    const both = gpu.buffer("observed moments", 8 * size);
    const batch = gpu.batch("observed signatures");
    signatures.encodeEach(batch, observed, rows);
    batch.dispatch(moments, [rows, both], Uint32Array.of(n, 0, 0, 0), threadGroups(size));
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
    return new SignatureStatistic(gpu, shape, signatures, scale, { words, sum }, both, constant);
  }

  encodeValue(batch: Batch, spikes: DeviceSpikes, value: Storage): void {
    const { signatures, kernels, shape, scratch } = this;
    const { size } = signatures;
    const rows = scratch.take("signatures", 4 * size * spikes.paths);
    const terms = scratch.take("terms", 4 * size);
    signatures.encodeEach(batch, spikes, rows);
    const pass = new ArrayBuffer(16);
    new Uint32Array(pass).set([spikes.paths, shape.unbiased ? 1 : 0]);
    new Float32Array(pass)[2] = this.scale;
    batch.dispatch(kernels.words, [this.observed, rows, terms], new Uint8Array(pass), threadGroups(size));
    const sum = new ArrayBuffer(8);
    new Uint32Array(sum)[0] = size;
    new Float32Array(sum)[1] = this.constant;
    batch.dispatch(kernels.sum, [terms, value], new Uint8Array(sum), [1]);
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

  dispose(): void {
    this.signatures.dispose();
    this.observed.dispose();
    this.scratch.dispose();
  }
}
