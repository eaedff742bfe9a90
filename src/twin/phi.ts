/**
 * φ₁, φ₂ and φ₃ with their derivatives, φ_k(z) = ∫₀¹ exp((1 - s) z) s^(k - 1) / (k - 1)! ds, in float64.
 *
 * From exp z upwards by φ_(k+1) = (φ_k - 1/k!) / z, which cancels where z is small (Kassam & Trefethen 2005): there φ₃ by
 * its series, and down from it by the same relation. Where both meet, at |z| = 2, neither loses more than two bits.
 */

/** Where the series ends: 2²³ / 26! is below 2⁻⁵³ of φ₃. */
const most = 22;

/** Up to which |z| so many terms do: what is left out of φ₃ and φ₃′ is below 2⁻⁷⁰ or so of them, far below a rounding. */
const reaches: Float64Array = (() => {
  const reach = new Float64Array(most + 1);
  let factorial = 1;
  for (let k = 1; k < most; k++) {
    factorial *= k + 3; // (k + 3)! / 3!
    reach[k] = (2 ** -70 * factorial) ** (1 / k);
  }
  reach[most] = 2;
  return reach;
})();

function termsFor(z: number): number {
  let terms = 1;
  while (terms < most && Math.abs(z) > reaches[terms]!) terms++;
  return terms;
}

/**
 * out ← φ₁, φ₂, φ₃, φ₁′, φ₂′, φ₃′
 * @param slopes whether the derivatives are asked for; what `out` has of them stays else.
 */
export function phis(out: Float64Array, z: number, slopes: boolean): void {
  if (Math.abs(z) < 2) {
    const terms = termsFor(z);
    let p = 1;
    if (slopes) {
      let d = 0;
      for (let k = terms; k > 0; k--) {
        d = (p + z * d) / (k + 3);
        p = 1 + (z * p) / (k + 3);
      }
      out[5] = d / 6;
    } else for (let k = terms; k > 0; k--) p = 1 + (z * p) / (k + 3);
    out[2] = p / 6;
    out[1] = 0.5 + z * out[2]!;
    out[0] = 1 + z * out[1]!;
    if (!slopes) return;
    out[4] = out[2]! + z * out[5]!;
    out[3] = out[1]! + z * out[4]!;
  } else {
    const p1 = Math.expm1(z) / z;
    const p2 = (p1 - 1) / z;
    out[0] = p1;
    out[1] = p2;
    out[2] = (p2 - 0.5) / z;
    if (!slopes) return;
    out[3] = (Math.exp(z) - p1) / z;
    out[4] = (out[3]! - p2) / z;
    out[5] = (out[4]! - out[2]!) / z;
  }
}
