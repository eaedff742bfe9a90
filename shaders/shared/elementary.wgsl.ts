/**
 * Own float32 exponential and logarithm: relative error below 2e-7, also of the logarithm near 1, where built-ins may
 * be off by 2⁻²¹ absolute. Coefficients: reweighted least squares to the minimax fit of the remainder on the reduced
 * range (exp on ±ln 2 / 2, log on [√½, √2]).
 */
export const elementary = /* wgsl */ `
fn sal_exp(x: f32) -> f32 {
  let c = clamp(x, -87.0f, 88.0f);
  let n = floor(c * 1.44269504f + 0.5f);
  let t = (c - n * 0.693359375f) + n * 2.12194440e-4f;
  let p = ((0.0013814612f * t + 0.00836871f) * t + 0.041668389f) * t + 0.16666521f;
  let r = (p * t + 0.49999994f) * t * t + t + 1.0f;
  return r * bitcast<f32>((i32(n) + 127) << 23u);
}

fn sal_log(x: f32) -> f32 {
  let u = bitcast<u32>(x) + 0x004afb0du; // 0x3f800000 - 0x3f3504f3: exponent 0 begins at the root of one half
  let k = f32(i32(u >> 23u) - 127);
  let f = bitcast<f32>((u & 0x007fffffu) + 0x3f3504f3u) - 1.0f;
  let z = f * f;
  let p = (((((0.087003678f * f - 0.142674893f) * f + 0.149147898f) * f - 0.16577585f) * f + 0.199630618f) * f - 0.250013381f) * f + 0.333339095f;
  return (f * z * p - 0.5f * z - k * 2.12194440e-4f) + f + k * 0.693359375f;
}
`;
