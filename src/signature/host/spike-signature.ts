/**
 * Truncated signatures of the Marcus lifts of spike trains and their vector-Jacobian products by the spike times, in
 * float64, by the axis form: S = ∏ exp(Δτ e₀) ⊗ exp(e_k). Holberg & Salvi (2024), section 3.
 */
import { multiplyByExponential } from "./signature.js";
import { levelOffsets, unit } from "./tensor.js";

type Scratch = readonly [Float64Array, Float64Array];

const scratchOf = (channels: number, depth: number): Scratch => [
  new Float64Array(channels ** depth),
  new Float64Array(channels ** depth),
];

/**
 * S ← S ⊗ exp(by · e_axis), in place. A move along an axis a changes only words that end in a,
 * S_k[w a] ← Σ_i S_{k−i}[w without its last i − 1 letters a] by^i/i!: channels^(depth−1) work, not channels^depth.
 */
function alongAxis(s: Float64Array, axis: number, by: number, offsets: readonly number[], channels: number): void {
  if (by === 0) return;
  for (let k = offsets.length - 2; k >= 1; k--) {
    // Prefixes u of length k − 1; the word is u·axis. Its update walks down u for as long as it ends in `axis`.
    for (let u = 0; u < channels ** (k - 1); u++) {
      let sum = 0;
      let power = 1;
      let prefix = u;
      for (let i = 1; i <= k; i++) {
        power *= by / i;
        sum += s[offsets[k - i]! + prefix]! * power;
        if (i === k || prefix % channels !== axis) break;
        prefix = Math.floor(prefix / channels);
      }
      s[offsets[k]! + u * channels + axis]! += sum;
    }
  }
}

/** Spikes of one time: they move the lift along one segment. */
interface Group {
  readonly time: number;
  readonly first: number;
  readonly size: number;
}

function groupsOf(times: ArrayLike<number>): Group[] {
  const groups: Group[] = [];
  for (let n = 0; n < times.length; ) {
    const first = n;
    while (n < times.length && times[n] === times[first]) n++;
    groups.push({ time: times[first]!, first, size: n - first });
  }
  return groups;
}

/** S ← S ⊗ exp(Σ e_k) over the spikes of a group. */
function jump(
  s: Float64Array,
  group: Group,
  neurons: ArrayLike<number>,
  offsets: readonly number[],
  channels: number,
  scratch: Scratch,
): void {
  if (group.size === 1) {
    alongAxis(s, 1 + neurons[group.first]!, 1, offsets, channels);
    return;
  }
  const by = new Float64Array(channels);
  for (let n = group.first; n < group.first + group.size; n++) by[1 + neurons[n]!]! += 1;
  multiplyByExponential(s, by, offsets, channels, offsets.length - 2, scratch);
}

/** Of a spike train's signature. */
export interface SpikeSignatureShape {
  /** How many there are: channels are time and one count of each. */
  readonly neurons: number;
  readonly t0: number;
  readonly t1: number;
  readonly depth: number;
}

/**
 * Signature of the Marcus lift of a spike train; simultaneous spikes are one diagonal segment.
 * @param times spike times in order, with `neurons` of them.
 */
export function spikeSignature(
  times: ArrayLike<number>,
  neurons: ArrayLike<number>,
  shape: SpikeSignatureShape,
): Float64Array {
  const { t0, t1, depth } = shape;
  const channels = shape.neurons + 1;
  const offsets = levelOffsets(channels, depth);
  const s = unit(channels, depth);
  const scratch = scratchOf(channels, depth);
  let now = t0;
  for (const group of groupsOf(times)) {
    alongAxis(s, 0, group.time - now, offsets, channels);
    now = group.time;
    jump(s, group, neurons, offsets, channels, scratch);
  }
  alongAxis(s, 0, t1 - now, offsets, channels);
  return s;
}

/** Moves the letters of every word to the reverse order. */
function reverseWords(s: Float64Array, offsets: readonly number[], channels: number): Float64Array {
  const out = new Float64Array(s.length);
  for (let k = 0; k < offsets.length - 1; k++) {
    for (let w = 0; w < channels ** k; w++) {
      let [rest, reversed] = [w, 0];
      for (let i = 0; i < k; i++) {
        reversed = reversed * channels + (rest % channels);
        rest = Math.floor(rest / channels);
      }
      out[offsets[k]! + reversed] = s[offsets[k]! + w]!;
    }
  }
  return out;
}

const product = (values: readonly number[]): number => values.reduce((a, b) => a * b, 1);

/**
 * Gradient by the spike times, from a cotangent of the signature. Moving a group of spikes with jump v by dτ changes
 * the signature A ⊗ exp(v) ⊗ B by A ⊗ (e₀ ⊗ exp(v) − exp(v) ⊗ e₀) ⊗ B dτ; the bracket begins at level 2, so that A and
 * B, before and after the group, are needed to depth − 2. Simultaneous spikes share the derivative evenly.
 */
export function spikeSignatureVjp(
  times: ArrayLike<number>,
  neurons: ArrayLike<number>,
  shape: SpikeSignatureShape,
  cotangent: ArrayLike<number>,
): Float64Array {
  const { t0, t1, depth } = shape;
  const d = shape.neurons + 1;
  const offsets = levelOffsets(d, depth);
  const out = new Float64Array(times.length);
  if (depth < 2) return out;
  const inner = levelOffsets(d, depth - 2);
  const scratch = scratchOf(d, depth - 2);
  const groups = groupsOf(times);
  // After: the train run backward from t1, words reversed.
  const after: Float64Array[] = [];
  let s = unit(d, depth - 2);
  let now = t1;
  for (const group of [...groups].reverse()) {
    alongAxis(s, 0, now - group.time, inner, d);
    now = group.time;
    after.unshift(reverseWords(s, inner, d));
    jump(s, group, neurons, inner, d, scratch);
  }
  s = unit(d, depth - 2);
  now = t0;
  groups.forEach((group, g) => {
    alongAxis(s, 0, group.time - now, inner, d);
    now = group.time;
    const b = after[g]!;
    let sum = 0;
    // Words of exp(v) at level q: every q-tuple of the group's spikes, over q!.
    let tuples: number[] = [0];
    for (let q = 1; q < depth; q++) {
      const next: number[] = [];
      for (const word of tuples)
        for (let r = 0; r < group.size; r++) next.push(word * d + 1 + neurons[group.first + r]!);
      tuples = next;
      const weight = 1 / product(Array.from({ length: q }, (_, i) => i + 1));
      for (let i = 0; i + q < depth; i++) {
        for (let l = 0; i + l + 1 + q <= depth; l++) {
          const start = offsets[i + l + 1 + q]!;
          for (const word of tuples) {
            for (let u = 0; u < d ** i; u++) {
              const left = weight * s[inner[i]! + u]!;
              if (left === 0) continue;
              const late = start + (u * d ** (q + 1) + word) * d ** l;
              const early = start + (u * d ** (q + 1) + word * d) * d ** l;
              for (let w = 0; w < d ** l; w++) {
                sum += left * b[inner[l]! + w]! * (cotangent[late + w]! - cotangent[early + w]!);
              }
            }
          }
        }
      }
    }
    for (let n = group.first; n < group.first + group.size; n++) out[n] = sum / group.size;
    jump(s, group, neurons, inner, d, scratch);
  });
  return out;
}

/**
 * What one more spike at t1 adds to a function of a train's signature, for a spike of each neuron: the product of a
 * cotangent and S ⊗ exp(e_k) − S. Of a word that ends in just m letters k, S without its last i of them, over i!, is added
 * for i = 1 to m.
 * @param s the train's signature.
 */
export function spikeAtEnd(
  s: ArrayLike<number>,
  cotangent: ArrayLike<number>,
  neurons: number,
  depth: number,
): Float64Array {
  const channels = neurons + 1;
  const offsets = levelOffsets(channels, depth);
  const out = new Float64Array(neurons);
  for (let k = 1; k <= depth; k++) {
    for (let word = 0; word < channels ** k; word++) {
      const letter = word % channels;
      if (letter === 0) continue;
      const by = cotangent[offsets[k]! + word]!;
      let prefix = word;
      let weight = 1;
      for (let i = 1; i <= k && prefix % channels === letter; i++) {
        prefix = Math.floor(prefix / channels);
        weight /= i;
        out[letter - 1]! += by * weight * s[offsets[k - i]! + prefix]!;
      }
    }
  }
  return out;
}
