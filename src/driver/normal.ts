/**
 * Uniforms and normals in float64 from the same 32-bit words as the kernels use. The uniform is a float32 value exactly,
 * so kernel and twin start from the same number.
 */

/** A uniform in (0, 1] that a float32 holds exactly, with a tail down to 2⁻³². */
export function uniformOpen(bits: number): number {
  const high = bits >>> 8;
  const low = bits & 255;
  return Math.fround(high + (low + 1) / 256) * 2 ** -24;
}

/** Box-Muller: a standard normal pair from two words. */
export function normalPair(bits0: number, bits1: number, out: Float64Array): void {
  const radius = Math.sqrt(-2 * Math.log(uniformOpen(bits0)));
  const angle = (bits1 >>> 8) * 2 ** -24 * 2 * Math.PI;
  out[0] = radius * Math.cos(angle);
  out[1] = radius * Math.sin(angle);
}
