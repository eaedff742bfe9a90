/**
 * Random numbers: Threefry-2x32-20 (Salmon et al. 2011), uniforms, and normals by Box-Muller. Needs `elementary`.
 *
 * The angle of Box-Muller is a quadrant, taken from integer bits, and a fraction in (-1/2, 1/2) of a quarter turn
 * about its middle, so that sine and cosine are polynomials on a short range (built-ins may be off by 2⁻¹¹).
 * Coefficients: reweighted least squares to the minimax fit; sine to 1.2e-9, cosine to 2.8e-8, logarithm to 1.8e-7
 * relative, of which the radius keeps half. Against float64 on the same bits a normal is off by 8.4e-7 at most and by
 * 6e-8 in the mean square (four million pairs).
 *
 * This is the floor of every solve, and a software adapter does an integer shift lane by lane: twelve instructions and as
 * many spilled registers. There a shift to the left is a product, one to the right goes through floats (below), and fields
 * of bits are masked and converted in place, never shifted down; elsewhere a rotation is two shifts, which compilers join.
 * What is measured stands in docs/decisions.md.
 */
const rotations = [13, 15, 26, 6, 17, 29, 16, 24];
const keys = ["k0", "k1", "k2"];

/** Bits of a number that shifts to the right through floats can drop at least: what is left must fit a float's 23. */
const leastDropped = 10;

/**
 * x rotated left by fewer than 23 bits, for adapters that shift lane by lane. What the shift to the right keeps is, as a
 * signed number, exact in a float, and so are its product by a power of two and its sum with 1.5 · 2²³, which leaves it in
 * the low bits; the mask drops the copies of its sign.
 */
function rotateThroughFloats(x: string, left: number): string {
  const right = 32 - left;
  const kept = 2 ** 32 - 2 ** right;
  const down = `f32(bitcast<i32>(${x} & ${kept}u)) * ${2 ** -right}f`;
  return `((${x} * ${2 ** left}u) | (bitcast<u32>(${down} + 12582912.0f) & ${2 ** left - 1}u))`;
}

function rotation(left: number): string {
  const once = 32 - left >= leastDropped;
  const first = once ? left : Math.floor(left / 2);
  const second = once ? "" : `  through_floats = ${rotateThroughFloats("through_floats", left - first)};\n`;
  return `fn rotate_left_${left}(x: u32) -> u32 {
  var through_floats = ${rotateThroughFloats("x", first)};
${second}  return select((x << ${left}u) | (x >> ${32 - left}u), through_floats, on_software);
}`;
}

/** Round r mixes (a, b) number r into number r + 1; after each four of them the key is injected. */
function round(r: number): string {
  const left = rotations[r % 8]!;
  const to = r + 1;
  const mixed = `rotate_left_${left}(b${r}) ^ (a${r} + b${r})`;
  if (to % 4 !== 0) return `  let a${to} = a${r} + b${r}; let b${to} = ${mixed};`;
  const j = to / 4;
  return `  let a${to} = a${r} + b${r} + ${keys[j % 3]}; let b${to} = (${mixed}) + (${keys[(j + 1) % 3]} + ${j}u);`;
}

export const random = /* wgsl */ `
override on_software: bool = false;

${rotations.map(rotation).join("\n\n")}

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
