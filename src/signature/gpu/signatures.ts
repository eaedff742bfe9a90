/** Truncated signatures and their vector-Jacobian products on the GPU. */
import type { Numbers } from "../../../shaders/signature/numbers.wgsl.js";
import {
  letterBlock,
  signatureForward,
  signatureGather,
  signatureReverse,
} from "../../../shaders/signature/signature.wgsl.js";
import { fail, firstNotFinite } from "../../checks.js";
import { SaltationError } from "../../errors.js";
import { type Gpu, handled, type Storage } from "../../gpu/index.js";
import { refuseSignatures } from "../definitions/not-finite.js";
import type { PathBatch } from "../definitions/paths.js";
import { setPowers } from "../host/signature.js";
import { tensorSize } from "../host/tensor.js";
import { threadGroups } from "./device-paths.js";
import { joinParts, splitParts } from "./two-parts.js";

/** Differences of neighbouring points; a path's last place stays 0. */
function differencesTo<T extends Float32Array | Float64Array>(
  out: T,
  { channels, count, points, offsets }: PathBatch,
): T {
  for (let i = 0; i < count; i++) {
    const end = (offsets[i + 1]! - 1) * channels;
    for (let v = offsets[i]! * channels; v < end; v++) out[v] = points[v + channels]! - points[v]!;
  }
  return out;
}

const differences = (batch: PathBatch, { width }: Numbers): Float32Array => {
  const { length } = batch.points;
  return width === 2
    ? splitParts(differencesTo(new Float64Array(length), batch))
    : differencesTo(new Float32Array(length), batch);
};

const toDevice = (values: Float64Array, { width }: Numbers): Float32Array =>
  width === 2 ? splitParts(values) : new Float32Array(values);

const fromDevice = (data: ArrayBuffer, { width }: Numbers): Float32Array | Float64Array =>
  width === 2 ? joinParts(new Float32Array(data)) : new Float32Array(data);

/** @param size bytes of a signature. */
function budgetOf(gpu: Gpu, size: number): number {
  const { limits } = gpu.device;
  const bytes = Math.min(limits.maxStorageBufferBindingSize, limits.maxBufferSize, 1 << 28);
  if (size > bytes) {
    fail(
      "depth",
      `one signature takes ${size} bytes, more than a buffer's ${bytes} on this adapter; take a smaller depth`,
      "limit",
    );
  }
  return bytes;
}

/** Words, each with a block of last letters: one dimension is enough for them. */
const itemsOf = (channels: number, depth: number): number =>
  channels ** (depth - 1) * Math.ceil(channels / Math.min(channels, letterBlock));

/** Signatures of all paths [count, size]. */
export async function gpuSignatures(
  gpu: Gpu,
  paths: PathBatch,
  depth: number,
  numbers: Numbers,
  progress?: (pathsDone: number) => void,
): Promise<Float64Array> {
  const { channels, count } = paths;
  const size = tensorSize(channels, depth);
  const bytes = size * numbers.width * 4;
  const chunk = Math.min(count, 65535, Math.floor(budgetOf(gpu, bytes) / bytes));
  const held: Storage[] = [];
  try {
    const kernel = await gpu.kernel(signatureForward({ channels, depth, numbers }));
    const d = gpu.upload("differences", differences(paths, numbers));
    held.push(d);
    const offsets = gpu.upload("offsets", paths.offsets);
    held.push(offsets);
    const out = gpu.buffer("signatures", chunk * bytes);
    held.push(out);
    const reads: Promise<[number, ArrayBuffer]>[] = [];
    for (let first = 0; first < count; first += chunk) {
      const here = Math.min(chunk, count - first);
      const batch = gpu.batch("signatures");
      batch.dispatch(kernel, {
        uniform: { firstPath: first, paths: here, groups: 0 },
        d,
        offsets,
        signature: out,
        threads: [itemsOf(channels, depth), here],
      });
      const taken = batch.read(out, 0, here * bytes).then((data): [number, ArrayBuffer] => {
        progress?.(first + here);
        return [first, data];
      });
      reads.push(handled(taken));
      batch.submit();
    }
    const result = new Float64Array(count * size);
    for (const [first, data] of await Promise.all(reads)) result.set(fromDevice(data, numbers), first * size);
    refuseSignatures(result, size, "float32");
    if (numbers.width === 2) {
      for (let i = 0; i < count; i++) setPowers(result.subarray(i * size, (i + 1) * size), channels, depth);
    }
    return result;
  } finally {
    for (const s of held) s.dispose();
  }
}

/** Gradient to the points, from cotangents [count, size]. */
export async function gpuSignatureVjp(
  gpu: Gpu,
  paths: PathBatch,
  depth: number,
  cotangent: Float64Array,
  numbers: Numbers,
): Promise<Float64Array> {
  const { channels, count } = paths;
  const c = channels;
  const size = tensorSize(channels, depth);
  const bytes = size * numbers.width * 4;
  const budget = budgetOf(gpu, bytes);
  const items = itemsOf(channels, depth);
  // Enough threads to fill the adapter, few enough rows to add up; at least as many as a processor has lanes in a vector.
  const [wanted, least] = gpu.adapter.fallback ? [64, 4] : [8192, 1];
  const groups = Math.min(items, Math.max(least, Math.ceil(wanted / count)), 256);
  const held: Storage[] = [];
  try {
    const [reverse, gather] = await Promise.all([
      gpu.kernel(signatureReverse({ channels, depth, numbers })),
      gpu.kernel(signatureGather(numbers)),
    ]);
    const hold = (s: Storage): Storage => {
      held.push(s);
      return s;
    };
    const d = hold(gpu.upload("differences", differences(paths, numbers)));
    const offsets = hold(gpu.upload("offsets", paths.offsets));
    const gradient = hold(gpu.buffer("gradient", paths.points.length * numbers.width * 4));
    const perVertex = groups * c * numbers.width * 4;
    const bytesOf = (first: number, end: number): number => (paths.offsets[end]! - paths.offsets[first]!) * perVertex;
    let data: Promise<ArrayBuffer> | undefined;
    for (let first = 0; first < count; ) {
      let end = first + 1;
      while (
        end < count &&
        end - first < 65535 &&
        bytesOf(first, end + 1) <= budget &&
        (end + 1 - first) * bytes <= budget
      ) {
        end++;
      }
      const here = end - first;
      const rows = gpu.buffer("gradient rows", bytesOf(first, end));
      const cotangents = gpu.upload("cotangents", toDevice(cotangent.subarray(first * size, end * size), numbers));
      const batch = gpu.batch("signature gradients");
      batch.dispatch(reverse, {
        uniform: { firstPath: first, paths: here, groups },
        d,
        offsets,
        cotangent: cotangents,
        rows,
        threads: [groups, here],
      });
      const entries = (paths.offsets[end]! - paths.offsets[first]!) * c;
      const summed = { first: paths.offsets[first]! * c, count: entries, groups };
      batch.dispatch(gather, { uniform: summed, rows, gradient, groups: threadGroups(entries) });
      if (end === count) data = batch.read(gradient);
      batch.submit();
      rows.dispose();
      cotangents.dispose();
      first = end;
    }
    // Gradients to differences → gradients to points.
    const bar = fromDevice((await data)!, numbers);
    const result = new Float64Array(paths.points.length);
    for (let i = 0; i < count; i++) {
      for (let v = paths.offsets[i]! * c; v < (paths.offsets[i + 1]! - 1) * c; v++) {
        result[v]! -= bar[v]!;
        result[v + c]! += bar[v]!;
      }
    }
    if (firstNotFinite(result) >= 0) {
      throw new SaltationError("not-finite", "the gradient of a signature exceeds float32: scale the paths down");
    }
    return result;
  } finally {
    for (const s of held) s.dispose();
  }
}
