/**
 * Random numbers: Threefry-2x32-20 (Salmon et al. 2011), uniforms, and normals by Box-Muller. Needs `elementary`.
 *
 * The angle of Box-Muller is a quadrant, taken from integer bits, and a fraction in (-1/2, 1/2) of a quarter turn
 * about its middle, so that sine and cosine are polynomials on a short range (built-ins may be off by 2⁻¹¹).
 */
export const random = /* wgsl */ `
fn threefry2x32(key: vec2u, counter: vec2u) -> vec2u {
  let k0 = key.x;
  let k1 = key.y;
  let k2 = 0x1bd11bdau ^ k0 ^ k1;
  var x0 = counter.x + k0;
  var x1 = counter.y + k1;
  x0 += x1; x1 = ((x1 << 13u) | (x1 >> 19u)) ^ x0;
  x0 += x1; x1 = ((x1 << 15u) | (x1 >> 17u)) ^ x0;
  x0 += x1; x1 = ((x1 << 26u) | (x1 >> 6u)) ^ x0;
  x0 += x1; x1 = ((x1 << 6u) | (x1 >> 26u)) ^ x0;
  x0 += k1; x1 += k2 + 1u;
  x0 += x1; x1 = ((x1 << 17u) | (x1 >> 15u)) ^ x0;
  x0 += x1; x1 = ((x1 << 29u) | (x1 >> 3u)) ^ x0;
  x0 += x1; x1 = ((x1 << 16u) | (x1 >> 16u)) ^ x0;
  x0 += x1; x1 = ((x1 << 24u) | (x1 >> 8u)) ^ x0;
  x0 += k2; x1 += k0 + 2u;
  x0 += x1; x1 = ((x1 << 13u) | (x1 >> 19u)) ^ x0;
  x0 += x1; x1 = ((x1 << 15u) | (x1 >> 17u)) ^ x0;
  x0 += x1; x1 = ((x1 << 26u) | (x1 >> 6u)) ^ x0;
  x0 += x1; x1 = ((x1 << 6u) | (x1 >> 26u)) ^ x0;
  x0 += k0; x1 += k1 + 3u;
  x0 += x1; x1 = ((x1 << 17u) | (x1 >> 15u)) ^ x0;
  x0 += x1; x1 = ((x1 << 29u) | (x1 >> 3u)) ^ x0;
  x0 += x1; x1 = ((x1 << 16u) | (x1 >> 16u)) ^ x0;
  x0 += x1; x1 = ((x1 << 24u) | (x1 >> 8u)) ^ x0;
  x0 += k1; x1 += k2 + 4u;
  x0 += x1; x1 = ((x1 << 13u) | (x1 >> 19u)) ^ x0;
  x0 += x1; x1 = ((x1 << 15u) | (x1 >> 17u)) ^ x0;
  x0 += x1; x1 = ((x1 << 26u) | (x1 >> 6u)) ^ x0;
  x0 += x1; x1 = ((x1 << 6u) | (x1 >> 26u)) ^ x0;
  return vec2u(x0 + k2, x1 + k0 + 5u);
}

// In (0, 1], exactly the number that the twin takes; the tail reaches 2^-32.
fn uniform_open(bits: u32) -> f32 {
  return (f32(bits >> 8u) + (f32(bits & 255u) + 1.0f) * 0.00390625f) * 5.9604644775390625e-8f;
}

// The first of the pair alone.
fn normal_first(bits: vec2u) -> f32 {
  let radius = sqrt(max(0.0f, -2.0f * sal_log(uniform_open(bits.x))));
  let f = (f32((bits.y >> 6u) & 0xffffffu) - 8388607.5f) * 5.9604644775390625e-8f;
  let z = f * f;
  let s = f * (((-0.0045923316f * z + 0.07967592f) * z - 0.64596295f) * z + 1.5707963f);
  let c = ((-0.020408353f * z + 0.25359863f) * z - 1.2336971f) * z + 1.0f;
  let quadrant = bits.y >> 30u;
  let x = radius * select(c, s, (quadrant & 1u) != 0u);
  return bitcast<f32>(bitcast<u32>(x) ^ (((quadrant + 1u) & 2u) << 30u));
}

fn normal_pair(bits: vec2u) -> vec2f {
  let radius = sqrt(max(0.0f, -2.0f * sal_log(uniform_open(bits.x))));
  let f = (f32((bits.y >> 6u) & 0xffffffu) - 8388607.5f) * 5.9604644775390625e-8f;
  let z = f * f;
  let s = radius * (f * (((-0.0045923316f * z + 0.07967592f) * z - 0.64596295f) * z + 1.5707963f));
  let c = radius * (((-0.020408353f * z + 0.25359863f) * z - 1.2336971f) * z + 1.0f);
  let quadrant = bits.y >> 30u;
  let odd = (quadrant & 1u) != 0u;
  let x = bitcast<u32>(select(c, s, odd)) ^ (((quadrant + 1u) & 2u) << 30u);
  let y = bitcast<u32>(select(s, c, odd)) ^ ((quadrant & 2u) << 30u);
  return vec2f(bitcast<f32>(x), bitcast<f32>(y));
}
`;
