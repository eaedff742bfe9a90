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

/** Box-Muller: a standard normal pair from two words. The angle: two bits of quadrant, 24 bits of fraction about its middle. */
export function normalPair(bits0: number, bits1: number, out: Float64Array): void {
  const radius = Math.sqrt(-2 * Math.log(uniformOpen(bits0)));
  const angle = (((bits1 >>> 6) & 0xffffff) - 8388607.5) * 2 ** -24 * (Math.PI / 2);
  const s = radius * Math.sin(angle);
  const c = radius * Math.cos(angle);
  switch (bits1 >>> 30) {
    case 0:
      out[0] = c;
      out[1] = s;
      break;
    case 1:
      out[0] = -s;
      out[1] = c;
      break;
    case 2:
      out[0] = -c;
      out[1] = -s;
      break;
    default:
      out[0] = s;
      out[1] = -c;
  }
}
