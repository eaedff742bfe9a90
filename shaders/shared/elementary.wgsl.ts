/**
 * Own float32 exponential and logarithm. Built-ins are too coarse: an exponential may be off by (3 + 2 |x|) ulp, and a
 * logarithm by 2⁻²¹ absolute, which near 1 leaves no digit.
 *
 * Largest relative errors measured: exponential 8.2e-8 over [-87, 88] (built-in of SwiftShader 3.9e-6), logarithm
 * 1.0e-7 over all normal numbers (built-in 0.4, near 1). Time on SwiftShader, in chains of dependent calls: 12.6 and
 * 8.6 ms per 4.1 million calls (built-ins 15.0 and 12.1).
 *
 * Coefficients: reweighted least squares to the minimax fit of the remainder on the reduced range (exp on ±ln 2 / 2,
 * log on [√½, √2]). Written for few and short chains of operations there: no min, max, clamp or floor (each costs as
 * much as three to six multiplications, a select one and a half), no integer shifts (done lane by lane; a product by a
 * power of two, a mask or a conversion does the same), polynomials in two or three parallel pieces (Estrin).
 */
export const elementary = /* wgsl */ `
// Below -87.3 the result is 0, above 88.37 the largest number; never infinite.
fn sal_exp(x: f32) -> f32 {
  // Adding 1.5 * 2^23 rounds to an integer n, left in the low bits. It is taken from there as an integer, so that no
  // compiler may cancel the two additions.
  let bits = bitcast<u32>(x * 1.44269504f + 12582912.0f);
  let n = f32(bitcast<i32>(bits - 0x4b400000u));
  let t = (x - n * 0.693359375f) + n * 2.12194440e-4f;
  let z = t * t;
  let p = (0.16666521f * t + 0.49999994f) + z * ((0.00836871f * t + 0.041668389f) + z * 0.0013814612f);
  let y = ((z * p + t) + 1.0f) * bitcast<f32>((bits + 127u) * 0x00800000u); // n + 127 into the exponent's place
  return select(select(y, 3.4028234e38f, x > 88.37f), 0.0f, x < -87.3f);
}

// For normal x > 0.
fn sal_log(x: f32) -> f32 {
  // x = 2^k (1 + f); exponent 0 begins at the root of one half, 0x3f3504f3. Here 2^23 k, exactly.
  let d = bitcast<u32>(x) - 0x3f3504f3u;
  let k = f32(bitcast<i32>(d & 0xff800000u));
  let f = bitcast<f32>((d & 0x007fffffu) + 0x3f3504f3u) - 1.0f;
  let z = f * f;
  let p = ((0.333339095f - 0.250013381f * f) + z * (0.199630618f - 0.16577585f * f))
    + (z * z) * ((0.149147898f - 0.142674893f * f) + z * 0.087003678f);
  // ln 2 in two parts, scaled by 2^-23; the product of k and the larger part is exact.
  return (f * z * p - 0.5f * z - k * 2.5295548e-11f) + f + k * 8.265487849712372e-8f;
}

// The same of any x: minus infinity at 0, NaN below, of bits that depend on x, as WGSL refuses constants of them.
fn sal_log_of(x: f32) -> f32 {
  let beyond = bitcast<f32>(bitcast<u32>(x) | select(0xff800000u, 0xffc00000u, x != 0.0f));
  return select(beyond, sal_log(x), x > 0.0f);
}

// NaN below 0.
fn sal_sqrt(x: f32) -> f32 {
  return select(sqrt(x), bitcast<f32>(bitcast<u32>(x) | 0x7fc00000u), x < 0.0f);
}

// a to the power b: below a = 0 a number where b is whole, else NaN.
fn sal_pow(a: f32, b: f32) -> f32 {
  let size = select(sal_exp(b * sal_log_of(abs(a))), 1.0f, b == 0.0f);
  let part = fract(0.5f * b); // 0 where b is even, one half where it is odd
  let beyond = select(bitcast<f32>(bitcast<u32>(a) | 0x7fc00000u), select(size, -size, part == 0.5f), part * (part - 0.5f) == 0.0f);
  return select(size, beyond, a < 0.0f);
}

// Sine and cosine of x: the quadrant, and a fraction f in [-1/2, 1/2] of a quarter turn; absolute error 1e-7 (1 + |x|).
fn sal_quarters(x: f32) -> vec2f {
  let q = floor(x * 0.63661977f + 0.5f);
  // pi/2 in two parts: the difference keeps its digits.
  return vec2f(((x - q * 1.5703125f) - q * 4.8382679e-4f) * 0.63661977f, q);
}

fn sal_wave(f: f32, quarter: f32) -> f32 {
  let z = f * f;
  let s = f * (((-0.0045923316f * z + 0.07967592f) * z - 0.64596295f) * z + 1.5707963f);
  let c = ((-0.020408353f * z + 0.25359863f) * z - 1.2336971f) * z + 1.0f;
  let k = bitcast<u32>(i32(quarter)) & 3u;
  let value = select(s, c, (k & 1u) == 1u);
  return select(value, -value, k >= 2u);
}

fn sal_sin(x: f32) -> f32 {
  let w = sal_quarters(x);
  return sal_wave(w.x, w.y);
}

fn sal_cos(x: f32) -> f32 {
  let w = sal_quarters(x);
  return sal_wave(w.x, w.y + 1.0f);
}

// Relative error 3e-7; a series where the difference of exponentials would cancel. Selects where a clamp would make a number
// of NaN.
fn sal_tanh(x: f32) -> f32 {
  let z = x * x;
  let series = x * (1.0f + z * (-0.33333334f + z * (0.13333334f + z * (-0.053968254f + z * 0.021869488f))));
  let e = sal_exp(2.0f * select(x, select(-20.0f, 20.0f, x > 0.0f), abs(x) > 20.0f));
  return select((e - 1.0f) / (e + 1.0f), series, abs(x) < 0.3f);
}
`;
