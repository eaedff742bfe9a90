/**
 * Numbers in two parts: vec2f(high, low), with low below high's last digit. Sums and products keep some 46 bits.
 *
 * A product needs no fused operation: heads and tails of twelve bits, cut by a mask, multiply exactly (Dekker 1971). A
 * compiler that takes sums apart as if they were exact makes the low parts zero; what is left is float32. Whether a
 * device's does is tried before use (src/signature/gpu/two-parts.ts); with `opaque_sums` sums go through an operation on
 * their bits, through which it does not see. Some do so where a term is a constant, (x + 1) − 1 → x: `one` stands in for 1
 * in sums.
 */
/** What keeps digits apart: `head`, and `kept` around every sum or product that others are taken from. */
export const keeping = /* wgsl */ `
// The leading half of the digits: products of two such numbers are exact.
fn head(v: f32) -> f32 { return bitcast<f32>(bitcast<u32>(v) & 0xfffff000u); }

override opaque_sums: bool = false;

// v, whatever it is: of the bit patterns only one that is no number becomes another.
fn kept(v: f32) -> f32 {
  if (opaque_sums) { return bitcast<f32>(min(bitcast<u32>(v), 0xfffffffeu)); }
  return v;
}
`;

export const twoParts = /* wgsl */ `${keeping}
// Knuth's sum, and the low parts.
fn plus(a: vec2f, b: vec2f) -> vec2f {
  let s = kept(a.x + b.x);
  let t = kept(s - a.x);
  let rest = kept(((a.x - (s - t)) + (b.x - t)) + (a.y + b.y));
  let high = kept(s + rest);
  return vec2f(high, rest - (high - s));
}

fn times(a: vec2f, b: vec2f) -> vec2f {
  let ah = head(a.x);
  let al = kept(a.x - ah);
  let bh = head(b.x);
  let bl = kept(b.x - bh);
  let product = kept(a.x * b.x);
  let rest = kept(((((ah * bh - product) + ah * bl) + al * bh) + al * bl) + (a.x * b.y + a.y * b.x));
  let high = kept(product + rest);
  return vec2f(high, rest - (high - product));
}

// 1 / n, by what the quotient in float32 leaves.
fn reciprocal(n: f32) -> vec2f {
  let quotient = 1.0f / n;
  let product = times(vec2f(quotient, 0.0f), vec2f(n, 0.0f));
  return vec2f(quotient, quotient * ((1.0f - product.x) - product.y));
}
`;

/** A float32 constant. */
export const float = (v: number): string => {
  const text = String(Math.fround(v));
  return `${/[.e]/.test(text) ? text : `${text}.0`}f`;
};

/** A constant in two parts. */
export const parts = (v: number): string => {
  const high = Math.fround(v);
  return `vec2f(${float(high)}, ${float(v - high)})`;
};

/** The sum of several numbers in two parts. */
export const sumOfParts = (names: readonly string[]): string => names.reduce((sum, name) => `plus(${sum}, ${name})`);
