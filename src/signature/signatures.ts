/** Truncated signatures of batches of paths, their gradients, their mean, and log-signatures. */
import { fail, finiteNumbers, wholeNumber } from "../checks.js";
import { checkSpikes, type Spikes } from "../spikes/spikes.js";
import { checkBackend, type SignatureBackend } from "./definitions/backend.js";
import type { LiftOptions } from "./definitions/lift.js";
import { type PathInput, readPaths } from "./definitions/paths.js";
import { type LogSignatureForm, logSignature } from "./host/lyndon.js";
import { spikeSignature } from "./host/spike-signature.js";
import { tensorSize } from "./host/tensor.js";

export interface SignatureOptions {
  /** Truncation depth, 1 to 8. */
  readonly depth: number;
}

export interface Signatures {
  readonly count: number;
  /** Numbers of one signature: levels 0 (which is 1) to depth, words in lexicographic order. */
  readonly size: number;
  /** [count, size]. */
  readonly values: Float64Array;
}

const mostBytes = 2 ** 31;

function check({ count, channels }: { count: number; channels: number }, depth: number): number {
  wholeNumber("depth", depth, 1, 8);
  const size = tensorSize(channels, depth);
  if (size * count * 8 > mostBytes) {
    fail(
      "depth",
      `${count} signatures of ${channels} channels to depth ${depth} take ` +
        `${((size * count * 8) / 2 ** 30).toFixed(1)} GiB; take a smaller depth or fewer paths at a time`,
      "limit",
    );
  }
  return size;
}

/**
 * Truncated signatures of all paths. On a GPU they are computed in two float32 parts, and so are gradients, where segments
 * times signature size come to at most 2^20 for all paths and no path has more than 4,096 segments: each number then keeps
 * some ten digits of its own. Else they are float32: errors of some 1e-6 beside the largest number of a level, of which
 * words near zero may keep no digit; take the cpu backend, or fewer paths at a time, where those matter.
 * @throws SaltationError `invalid-input` for bad paths or depth, `limit` where they do not fit, `not-finite`.
 */
export async function truncatedSignatures(
  backend: SignatureBackend,
  x: PathInput,
  { depth, progress }: SignatureOptions & { readonly progress?: (pathsDone: number) => void },
): Promise<Signatures> {
  checkBackend(backend);
  const paths = readPaths("x", x);
  const size = check(paths, depth);
  return { count: paths.count, size, values: await backend.signatures(paths, depth, progress) };
}

/**
 * Vector-Jacobian product: gradient to the points, in their layout, of Σ cotangent · signature.
 * @param cotangent [count, size].
 * @throws SaltationError as `truncatedSignatures`, and `invalid-input` where cotangents are too few or not finite.
 */
export async function truncatedSignatureGradient(
  backend: SignatureBackend,
  x: PathInput,
  cotangent: ArrayLike<number>,
  { depth }: SignatureOptions,
): Promise<Float64Array> {
  const paths = readPaths("x", x);
  const size = check(paths, depth);
  const of = `${paths.count} signatures of ${size}`;
  return backend.signatureVjp(paths, depth, finiteNumbers("cotangent", cotangent, paths.count * size, of));
}

/** Mean signature of a batch [size], added up in float64 in the order of the paths. */
export async function expectedSignature(
  backend: SignatureBackend,
  x: PathInput,
  options: SignatureOptions,
): Promise<Float64Array> {
  const { count, size, values } = await truncatedSignatures(backend, x, options);
  const mean = new Float64Array(size);
  for (let i = 0; i < count; i++) for (let w = 0; w < size; w++) mean[w]! += values[i * size + w]!;
  return mean.map((v) => v / count);
}

/**
 * Log-signatures [count, size of the form], from signatures on the backend, with their digits (see `truncatedSignatures`);
 * the logarithm is taken in float64.
 */
export async function logSignatures(
  backend: SignatureBackend,
  x: PathInput,
  options: SignatureOptions & { readonly form?: LogSignatureForm; readonly progress?: (pathsDone: number) => void },
): Promise<Signatures> {
  const paths = readPaths("x", x);
  const { count, size, values } = await truncatedSignatures(backend, paths, options);
  const form = options.form ?? "brackets";
  if (!["expanded", "words", "brackets"].includes(form)) {
    fail("form", `expected one of expanded, words, brackets, got ${JSON.stringify(form)}`);
  }
  const rows = Array.from({ length: count }, (_, i) =>
    logSignature(values.subarray(i * size, (i + 1) * size), paths.channels, options.depth, form),
  );
  const own = rows[0]!.length;
  const out = new Float64Array(count * own);
  rows.forEach((row, i) => {
    out.set(row, i * own);
  });
  return { count, size: own, values: out };
}

/**
 * Signatures of the Marcus lifts of spike trains by their axis form, in float64 on the host: a spike costs
 * channels^(depth − 1), not channels^depth, operations.
 * @throws SaltationError `invalid-input` where times are unsorted or outside [t0, t1], a neuron is out of range or for a
 * bad depth, `limit` where they do not fit.
 */
export function spikeSignatures(spikes: readonly Spikes[], lift: LiftOptions, { depth }: SignatureOptions): Signatures {
  checkSpikes(spikes, lift);
  const size = check({ count: spikes.length, channels: lift.neurons + 1 }, depth);
  const values = new Float64Array(spikes.length * size);
  spikes.forEach((one, i) => {
    values.set(spikeSignature(one.times, one.neurons, { ...lift, depth }), i * size);
  });
  return { count: spikes.length, size, values };
}
