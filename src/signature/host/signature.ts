/**
 * Truncated signatures of piecewise-linear paths and their vector-Jacobian products, in float64.
 *
 * A segment Δ updates S ← S ⊗ exp(Δ) in Horner's form (Kidger & Lyons 2021): for k = depth…1, h = Δ/k; for j = 1…k−1,
 * h = (h + S_j) ⊗ Δ/(k−j); S_k += h.
 */
import { levelOffsets, unit } from "./tensor.js";

/** Multiplies s by exp(delta) on the right, in place; `h` is scratch of two levels' size each. */
export function multiplyByExponential(
  s: Float64Array,
  delta: Float64Array,
  offsets: readonly number[],
  channels: number,
  depth: number,
  scratch: readonly [Float64Array, Float64Array],
): void {
  for (let k = depth; k >= 1; k--) {
    let [h, next] = scratch;
    for (let c = 0; c < channels; c++) h[c] = delta[c]! / k;
    let size = channels;
    for (let j = 1; j < k; j++) {
      for (let w = 0; w < size; w++) {
        const sum = (h[w]! + s[offsets[j]! + w]!) / (k - j);
        for (let c = 0; c < channels; c++) next[w * channels + c] = sum * delta[c]!;
      }
      [h, next] = [next, h];
      size *= channels;
    }
    for (let w = 0; w < size; w++) s[offsets[k]! + w]! += h[w]!;
  }
}

/**
 * Words of one letter i are S_i^k / k!. They are set so: added up over segments they keep no digits where a channel ends near
 * where it began.
 */
export function setPowers(s: Float64Array, channels: number, depth: number): void {
  const offsets = levelOffsets(channels, depth);
  for (let i = 0; i < channels; i++) {
    const first = s[1 + i]!;
    let [power, word] = [first, i];
    for (let k = 2; k <= depth; k++) {
      power *= first / k;
      word = word * channels + i;
      s[offsets[k]! + word] = power;
    }
  }
}

/** Signature of points [length, channels] up to `depth`: levels 0 (which is 1) to depth, one after the other. */
export function truncatedSignature(points: Float64Array, channels: number, depth: number): Float64Array {
  const offsets = levelOffsets(channels, depth);
  const s = unit(channels, depth);
  const scratch: [Float64Array, Float64Array] = [
    new Float64Array(channels ** depth),
    new Float64Array(channels ** depth),
  ];
  const delta = new Float64Array(channels);
  for (let t = channels; t < points.length; t += channels) {
    for (let c = 0; c < channels; c++) delta[c] = points[t + c]! - points[t + c - channels]!;
    multiplyByExponential(s, delta, offsets, channels, depth, scratch);
  }
  setPowers(s, channels, depth);
  return s;
}

/**
 * Gradient to the points [length, channels] from a cotangent of the signature.
 *
 * The reverse sweep unwinds the signature itself, S ← S ⊗ exp(−Δ), which is exact in the algebra: no storage per step.
 */
export function truncatedSignatureVjp(
  points: Float64Array,
  channels: number,
  depth: number,
  cotangent: Float64Array,
): Float64Array {
  const offsets = levelOffsets(channels, depth);
  const s = truncatedSignature(points, channels, depth);
  const bar = cotangent.slice();
  const scratch: [Float64Array, Float64Array] = [
    new Float64Array(channels ** depth),
    new Float64Array(channels ** depth),
  ];
  const delta = new Float64Array(channels);
  const deltaBar = new Float64Array(channels);
  const out = new Float64Array(points.length);
  // The h of Horner's form before each product, for one level k.
  const kept = Array.from({ length: depth }, (_, j) => new Float64Array(channels ** (j + 1)));
  for (let t = points.length - channels; t >= channels; t -= channels) {
    for (let c = 0; c < channels; c++) delta[c] = points[t + c - channels]! - points[t + c]!;
    multiplyByExponential(s, delta, offsets, channels, depth, scratch);
    for (let c = 0; c < channels; c++) delta[c] = -delta[c]!;
    deltaBar.fill(0);
    // Levels were updated from the top down, each from the old levels below it; so the reverse goes from the bottom up.
    for (let k = 1; k <= depth; k++) {
      const first = kept[0]!;
      for (let c = 0; c < channels; c++) first[c] = delta[c]! / k;
      for (let j = 1; j < k; j++) {
        const h = kept[j - 1]!;
        const next = kept[j]!;
        for (let w = 0; w < channels ** j; w++) {
          const sum = (h[w]! + s[offsets[j]! + w]!) / (k - j);
          for (let c = 0; c < channels; c++) next[w * channels + c] = sum * delta[c]!;
        }
      }
      let hBar = bar.subarray(offsets[k]!, offsets[k + 1]!);
      for (let j = k - 1; j >= 1; j--) {
        const size = channels ** j;
        const h = kept[j - 1]!;
        const below = new Float64Array(size);
        for (let w = 0; w < size; w++) {
          const sum = (h[w]! + s[offsets[j]! + w]!) / (k - j);
          let sumBar = 0;
          for (let c = 0; c < channels; c++) {
            const g = hBar[w * channels + c]!;
            deltaBar[c]! += g * sum;
            sumBar += g * delta[c]!;
          }
          below[w] = sumBar / (k - j);
          bar[offsets[j]! + w]! += below[w]!;
        }
        hBar = below;
      }
      for (let c = 0; c < channels; c++) deltaBar[c]! += hBar[c]! / k;
    }
    for (let c = 0; c < channels; c++) {
      out[t + c]! += deltaBar[c]!;
      out[t + c - channels]! -= deltaBar[c]!;
    }
  }
  return out;
}
