/**
 * φ₁, φ₂ and φ₃ with their derivatives, φ_k(z) = ∫₀¹ exp((1 - s) z) s^(k - 1) / (k - 1)! ds, in float64.
 *
 * From exp z upwards by φ_(k+1) = (φ_k - 1/k!) / z, which cancels where z is small (Kassam & Trefethen 2005): there φ₃ by
 * its series, and down from it by the same relation. Where both meet, at |z| = 2, neither loses more than two bits.
 */

/** Where the series ends: 2²³ / 26! is below 2⁻⁵³ of φ₃. */
const terms = 22;

/** out ← φ₁, φ₂, φ₃, φ₁′, φ₂′, φ₃′ */
export function phis(out: Float64Array, z: number): void {
  let [p1, p2, p3, d1, d2, d3] = [0, 0, 0, 0, 0, 0];
  if (Math.abs(z) < 2) {
    let [p, d] = [1, 0];
    for (let k = terms; k > 0; k--) [p, d] = [1 + (z * p) / (k + 3), (p + z * d) / (k + 3)];
    [p3, d3] = [p / 6, d / 6];
    [p2, d2] = [0.5 + z * p3, p3 + z * d3];
    [p1, d1] = [1 + z * p2, p2 + z * d2];
  } else {
    p1 = Math.expm1(z) / z;
    d1 = (Math.exp(z) - p1) / z;
    p2 = (p1 - 1) / z;
    d2 = (d1 - p2) / z;
    p3 = (p2 - 0.5) / z;
    d3 = (d2 - p3) / z;
  }
  out[0] = p1;
  out[1] = p2;
  out[2] = p3;
  out[3] = d1;
  out[4] = d2;
  out[5] = d3;
}
