/**
 * The truncated tensor algebra over ℝ^d: level k holds d^k numbers, words in lexicographic order (first letter
 * slowest), levels one after the other from level 0. Products, exponential, logarithm and antipode.
 */

/** Start of each level 0…depth + 1 in a tensor of `channels` letters: the last entry is its size. */
export function levelOffsets(channels: number, depth: number): number[] {
  const offsets = [0];
  for (let k = 0; k <= depth; k++) offsets.push(offsets[k]! + channels ** k);
  return offsets;
}

/** Numbers in a truncated tensor, level 0 included. */
export function tensorSize(channels: number, depth: number): number {
  return levelOffsets(channels, depth)[depth + 1]!;
}

/** The unit: 1 at level 0. */
export function unit(channels: number, depth: number): Float64Array {
  const out = new Float64Array(tensorSize(channels, depth));
  out[0] = 1;
  return out;
}

/** The product a ⊗ b, truncated at `depth`. */
export function product(a: Float64Array, b: Float64Array, channels: number, depth: number): Float64Array {
  const offsets = levelOffsets(channels, depth);
  const out = new Float64Array(a.length);
  for (let k = 0; k <= depth; k++) {
    for (let i = 0; i <= k; i++) {
      const right = channels ** (k - i);
      for (let u = 0; u < channels ** i; u++) {
        const factor = a[offsets[i]! + u]!;
        if (factor === 0) continue;
        const at = offsets[k]! + u * right;
        for (let v = 0; v < right; v++) out[at + v]! += factor * b[offsets[k - i]! + v]!;
      }
    }
  }
  return out;
}

/** log(1 + x) = Σ (−1)^{n+1} xⁿ/n by Horner, for a tensor whose level 0 is 1. */
export function logarithm(s: Float64Array, channels: number, depth: number): Float64Array {
  const x = s.slice();
  x[0] = 0;
  let out: Float64Array = new Float64Array(s.length);
  for (let n = depth; n >= 1; n--) {
    const c = 1 / n;
    const inner = out.map((v) => -v);
    inner[0] = inner[0]! + c;
    out = product(x, inner, channels, depth);
  }
  return out;
}

/** exp(x) for a tensor whose level 0 is 0. */
export function exponential(x: Float64Array, channels: number, depth: number): Float64Array {
  let out: Float64Array = unit(channels, depth);
  for (let n = depth; n >= 1; n--) {
    out = product(x, out, channels, depth).map((v) => v / n);
    out[0] = 1;
  }
  return out;
}

/** S ↦ S⁻¹ for group-like S: words reversed, with the sign of their length. The signature of the reversed path. */
export function antipode(s: Float64Array, channels: number, depth: number): Float64Array {
  const offsets = levelOffsets(channels, depth);
  const out = new Float64Array(s.length);
  for (let k = 0; k <= depth; k++) {
    for (let w = 0; w < channels ** k; w++) {
      let rest = w;
      let reversed = 0;
      for (let i = 0; i < k; i++) {
        reversed = reversed * channels + (rest % channels);
        rest = Math.floor(rest / channels);
      }
      out[offsets[k]! + reversed] = (k % 2 === 0 ? 1 : -1) * s[offsets[k]! + w]!;
    }
  }
  return out;
}
