/**
 * Random numbers: Threefry-2x32-20 (Salmon et al. 2011), uniforms, and normals by Box-Muller. Needs `elementary`.
 *
 * The angle of Box-Muller is a quadrant, taken from integer bits, and a fraction in (-1/2, 1/2) of a quarter turn
 * about its middle, so that sine and cosine are polynomials on a short range (built-ins may be off by 2⁻¹¹).
 * Coefficients: reweighted least squares to the minimax fit; sine to 1.2e-9, cosine to 2.8e-8, logarithm to 1.8e-7
 * relative, of which the radius keeps half. Against float64 on the same bits a normal is off by 8.4e-7 at most and by
 * 6e-8 in the mean square (four million pairs).
 *
 * This is the floor of every solve, and is written for the software adapter, where an integer shift is done lane by
 * lane and costs as much as six other operations: a shift to the left is a product here (which compilers for hardware
 * turn back, and with it the rotation), and fields of bits are masked and converted in place, never shifted down.
 * On two cores 42 million pairs a second; 23 million with shifts.
 */
const rotations = [13, 15, 26, 6, 17, 29, 16, 24];
const keys = ["k0", "k1", "k2"];

/** Round r mixes (a, b) number r into number r + 1; after each four of them the key is injected. */
function round(r: number): string {
  const left = rotations[r % 8]!;
  const to = r + 1;
  const mixed = `((b${r} * ${2 ** left}u) | (b${r} >> ${32 - left}u)) ^ (a${r} + b${r})`;
  if (to % 4 !== 0) return `  let a${to} = a${r} + b${r}; let b${to} = ${mixed};`;
  const j = to / 4;
  return `  let a${to} = a${r} + b${r} + ${keys[j % 3]}; let b${to} = (${mixed}) + (${keys[(j + 1) % 3]} + ${j}u);`;
}

export const random = /* wgsl */ `
fn threefry2x32(key: vec2u, counter: vec2u) -> vec2u {
  let k0 = key.x;
  let k1 = key.y;
  let k2 = 0x1bd11bdau ^ k0 ^ k1;
  let a0 = counter.x + k0;
  let b0 = counter.y + k1;
${Array.from({ length: 20 }, (_, r) => round(r)).join("\n")}
  return vec2u(a20, b20);
}

// 2^32 times the uniform: bits + 1, rounded to a float. Both conversions are exact; only their sum rounds.
fn scaled_uniform(bits: u32) -> f32 {
  return f32(bits & 0xffffff00u) + f32(bitcast<i32>((bits & 255u) + 1u));
}

// In (0, 1], exactly the number that the twin takes; the tail reaches 2^-32.
fn uniform_open(bits: u32) -> f32 {
  return scaled_uniform(bits) * 2.3283064365386963e-10f;
}

// The radius of Box-Muller, sqrt(-2 ln u); the logarithm as in sal_log, of 2^32 u and with -2 in its coefficients.
fn normal_radius(bits: u32) -> f32 {
  let d = bitcast<u32>(scaled_uniform(bits)) - 0x4f3504f3u; // 0x3f3504f3 and 32 in the exponent
  let k = f32(bitcast<i32>(d & 0xff800000u)) * -1.6525917e-7f; // -2 ln 2 times 2^-23; zero and above
  let f = bitcast<f32>((d & 0x007fffffu) + 0x3f3504f3u) - 1.0f;
  let z = f * f;
  let p = ((1.0000064f - 0.66669428f * f) + z * (0.49942458f - 0.39813766f * f))
    + (z * z) * ((0.34486452f - 0.32361013f * f) + z * 0.20164765f);
  return sqrt(z * p + (k - 2.0f * f)); // never below 0: f is at most 0 where k is 0
}

// Fraction of a quarter turn from its middle: bits 6 to 29, the middle of each of 2^24 cells.
fn normal_angle(bits: u32) -> f32 {
  return f32(bitcast<i32>(bits & 0x3fffffc0u)) * 9.3132257e-10f - 0.49999997f;
}

fn normal_pair(bits: vec2u) -> vec2f {
  let radius = normal_radius(bits.x);
  let f = normal_angle(bits.y);
  let z = f * f;
  let s = bitcast<u32>((radius * f) * (((-0.0045922892f * z + 0.079675905f) * z - 0.64596295f) * z + 1.5707963f));
  let c = bitcast<u32>(radius * (((-0.020408351f * z + 0.25359863f) * z - 1.2336971f) * z + 1.0f));
  // Odd quadrants exchange the two; x is negative in quadrants 1 and 2, y in 2 and 3.
  let x = select(s, c, (bits.y & 0x40000000u) == 0u);
  let y = s ^ c ^ x;
  return vec2f(
    bitcast<f32>(x ^ ((bits.y + 0x40000000u) & 0x80000000u)),
    bitcast<f32>(y ^ (bits.y & 0x80000000u)));
}

// The first of the pair alone.
fn normal_first(bits: vec2u) -> f32 {
  let radius = normal_radius(bits.x);
  let f = normal_angle(bits.y);
  let z = f * f;
  let s = f * (((-0.0045922892f * z + 0.079675905f) * z - 0.64596295f) * z + 1.5707963f);
  let c = ((-0.020408351f * z + 0.25359863f) * z - 1.2336971f) * z + 1.0f;
  let x = radius * select(s, c, (bits.y & 0x40000000u) == 0u);
  return bitcast<f32>(bitcast<u32>(x) ^ ((bits.y + 0x40000000u) & 0x80000000u));
}
`;
