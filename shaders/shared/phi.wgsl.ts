/**
 * φ₁, φ₂ and φ₃ in float32, φ_k(z) = ∫₀¹ exp((1 - s) z) s^(k - 1) / (k - 1)! ds, and their derivatives. Needs elementary.
 *
 * From exp z upwards by φ_(k+1) = (φ_k - 1/k!) / z, which cancels where z is small (Kassam & Trefethen 2005): there φ₃ by
 * its series, and down from it by the same relation. Both meet at |z| = 2, where neither loses more than two bits: from
 * there on upwards what cancels shrinks with 1/z, and downwards with z. The series leaves out 2¹³ / 16! = 4e-10. Relative
 * errors are below 1e-6 of each, and below 4e-6 of derivatives (measured 4.4e-7 and 1.3e-6 over [-80, 20]).
 */
const factorials = Array.from({ length: 16 }, (_, n) => Array.from({ length: n }, (_, i) => i + 1));
const series = factorials.slice(3).map((factors) => 1 / factors.reduce((product, i) => product * i, 1));
const [last, ...others] = series.reverse();

const literal = (value: number): string => `${Math.fround(value)}f`;

export const phiFunctions = /* wgsl */ `
fn phis(z: f32) -> vec3f {
  if (abs(z) < 2.0f) {
    var p = ${literal(last!)};
${others.map((term) => `    p = p * z + ${literal(term)};`).join("\n")}
    let p2 = 0.5f + z * p;
    return vec3f(1.0f + z * p2, p2, p);
  }
  let r = 1.0f / z;
  let p1 = (sal_exp(z) - 1.0f) * r;
  let p2 = (p1 - 1.0f) * r;
  return vec3f(p1, p2, (p2 - 0.5f) * r);
}
`;

export const phiSlopeFunctions = /* wgsl */ `
// Derivatives of p, which is phis(z).
fn phi_slopes(z: f32, p: vec3f) -> vec3f {
  if (abs(z) < 2.0f) {
    var q = ${literal(last!)};
    var d = 0.0f;
${others.map((term) => `    d = d * z + q;\n    q = q * z + ${literal(term)};`).join("\n")}
    let d2 = p.z + z * d;
    return vec3f(p.y + z * d2, d2, d);
  }
  let r = 1.0f / z;
  let d1 = (sal_exp(z) - p.x) * r;
  let d2 = (d1 - p.y) * r;
  return vec3f(d1, d2, (d2 - p.z) * r);
}
`;
