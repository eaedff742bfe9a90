/**
 * Hodgkin & Huxley's membrane (J. Physiol. 1952, equation 26; gates: 7, 15, 16; rates: 12, 13, 20, 21, 23, 24;
 * potentials turned in sign and shifted so that rest is at −65 mV, as usual today), with exponential synaptic currents:
 *
 *     C dv/dt = g_Na m³h (E_Na − v) + g_K n⁴ (E_K − v) + g_L (E_L − v) + I + i
 *     dx/dt = α_x (1 − x) − β_x x                 for x = m, h, n
 *     τ_syn di/dt = −i                            at an arrival i += w
 *
 * `hodgkin-huxley`: a spike is where v crosses v_th upwards; nothing is reset.
 *
 * `hodgkin-huxley-escape`: spikes are drawn, as where one is seen in a noisy recording (escape noise: Gerstner,
 * Kistler, Naud & Paninski, Neuronal Dynamics, 2014, section 9.1): with hazard exp((v − v_th) / Δ) / τ_s while the
 * clock c ≥ 0, and none for t_ref after one; the potential is moved by white noise σ.
 *
 * α_m and α_n have the form x / (1 − exp(−x)), which is 0/0 at x = 0. It is written as x/2 + q coth q with q = √(x²/4 +
 * 10⁻⁸), which is off by 10⁻⁸ at most and smooth to rounding, derivatives too.
 *
 * At the peak the sodium conductance makes the membrane fast, some 1/30 ms: take dt ≤ 0.05 ms, beyond 0.08 ms the
 * solution is wrong.
 *
 * Units: ms, mV, µF/cm², mS/cm², µA/cm² (weights too).
 */
import type { CellDefinition } from "../cell/cell.js";

/** x / (1 − exp(−x)), finite at 0. */
const ratio = (x: string): string => {
  const q = `sqrt((${x}) * (${x}) / 4 + 1e-8)`;
  return `((${x}) / 2 + ${q} / tanh(${q}))`;
};

/** α and β of each gate. */
const rates = (v: string): Record<"m" | "h" | "n", readonly [string, string]> => ({
  m: [ratio(`(${v} + 40) / 10`), `4 * exp(-(${v} + 65) / 18)`],
  h: [`0.07 * exp(-(${v} + 65) / 20)`, `sigmoid((${v} + 35) / 10)`],
  n: [`0.1 * ${ratio(`(${v} + 55) / 10`)}`, `0.125 * exp(-(${v} + 65) / 80)`],
});

const gates = Object.entries(rates("v")).map(([x, [alpha, beta]]) => [x, `${alpha} * (1 - ${x}) - ${beta} * ${x}`]);
/** Where the gates are at rest at the first potential. */
const resting = Object.entries(rates("v0")).map(([x, [alpha, beta]]) => [x, `${alpha} / (${alpha} + ${beta})`]);

const flow: Record<string, string> = {
  v: "(gNa * m * m * m * h * (eNa - v) + gK * n * n * n * n * (eK - v) + gL * (eL - v) + I + i) / C",
  ...Object.fromEntries(gates),
  i: "-i / tauSyn",
};
const start: Record<string, string> = { v: "v0", ...Object.fromEntries(resting) };
const parameters = { C: 1, gNa: 120, gK: 36, gL: 0.3, eNa: 50, eK: -77, eL: -54.387, tauSyn: 2, v0: -65 };
const units = {
  v: "mV",
  m: "1",
  h: "1",
  n: "1",
  i: "µA/cm²",
  C: "µF/cm²",
  gNa: "mS/cm²",
  gK: "mS/cm²",
  gL: "mS/cm²",
  eNa: "mV",
  eK: "mV",
  eL: "mV",
  tauSyn: "ms",
  v0: "mV",
  vTh: "mV",
};

export const hodgkinHuxley: CellDefinition = {
  name: "hodgkin-huxley",
  state: flow,
  event: "v - vTh",
  receive: { i: "i + w" },
  start,
  parameters: { ...parameters, vTh: 0 },
  positive: ["C", "tauSyn"],
  units,
};

export const hodgkinHuxleyEscape: CellDefinition = {
  name: "hodgkin-huxley-escape",
  state: { ...flow, s: "c < 0 ? 0 : exp(min((v - vTh) / delta, 10)) / tauS", c: "1" },
  noise: { v: "sigma" },
  event: "s",
  reset: { s: "log(u) - alpha", c: "-tRef" },
  receive: { i: "i + w" },
  start: { ...start, s: "log(u) - alpha" },
  parameters: { ...parameters, vTh: -45, delta: 3, tauS: 1, alpha: 0.01, tRef: 5, sigma: 0.5 },
  positive: ["C", "tauSyn", "delta", "tauS", "tRef"],
  units: { ...units, s: "1", c: "ms", delta: "mV", tauS: "ms", alpha: "1", tRef: "ms", sigma: "mV/√ms" },
};
