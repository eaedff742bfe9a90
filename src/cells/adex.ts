/**
 * The adaptive exponential integrate-and-fire neuron (Brette & Gerstner, J. Neurophysiol. 2005, equations 1 to 3; their
 * parameters, but for the potential that counts as a spike's, 20 mV there), with exponential synaptic currents:
 *
 *     C dv/dt = −g_L (v − E_L) + g_L Δ_T exp((v − V_T) / Δ_T) − w + I + i
 *     τ_w dw/dt = a (v − E_L) − w
 *     τ_syn di/dt = −i                            at an arrival i += w
 *
 * At v = v_peak: v = v_reset, w += b. The adaptation current w is called `adaptation`, as `w` is the weight of an
 * arrival.
 *
 * The upstroke blows up in finite time, e-fold upon e-fold within a step. Written in v alone it would be cut at a level
 * for each of them. Here v is held from the knee V_T + 3 Δ_T on, and q = exp((knee − potential) / Δ_T) moves in its place
 * from 1 down to the peak's, nearly at a constant rate, in one sub-step:
 *
 *     potential = v − Δ_T log q
 *     C dq/dt = −(q / Δ_T) (g_L (E_L − potential) − w + I + i) − g_L exp((knee − V_T) / Δ_T)
 *
 * Both this and the drift of w have log q in them, which is steep at the end of the upstroke: taken as they stand, they are solved
 * to order 2. So the state is not q but z, of which q is a function with the same ends, and what q log q adds to the constant rate, to
 * second order, is in that function; ε = e⁻³ is what the leak is of the exponential at the knee:
 *
 *     q = z (1 + ε z log z / 2 + ε² z² log z (log z / 6 + 2/9))
 *
 * Likewise, the integral of log q along the rate is taken in closed form, to second order, and lies beside the state `adaptation`,
 * which is w itself outside the upstroke. The equations of z and `adaptation` follow by the chain rule.
 *
 * This is the same neuron, in another variable for the last tenths of a millisecond before a spike.
 *
 * Units: ms, mV, pF, nS, pA (weights too).
 */
import type { CellDefinition } from "../cell/cell.js";

export const adex: CellDefinition = {
  name: "adex",
  let: {
    // Below the peak's z, where only stages of a sub-step come, it stays finite.
    logZ: "log(max(z, 1e-20))",
    epsilon: "exp(-3)",
    bend: "epsilon * z * (0.5 * logZ + epsilon * z * logZ * (logZ / 6 + 2 / 9))",
    q: "z * (1 + bend)",
    logQ: "logZ + log1p(bend)",
    // dq/dz
    slope: "1 + epsilon * z * (logZ + 0.5 + epsilon * z * (logZ * (0.5 * logZ + 1) + 2 / 9))",
    potential: "v - deltaT * logQ",
    exponential: "gL * exp((v - vT) / deltaT)",
    atKnee: "gL * exp(3)",
    // w, of which the state leaves this out while the potential rises.
    rest: "a * deltaT * C / (tauW * atKnee) * (q * logQ - q + 1 - 0.25 * epsilon * (q * q * (2 * logQ * (logQ - 1) + 1) - 1))",
    current: "adaptation + rest",
    linear: "gL * (eL - potential) - current + I + i",
    // −dq/dt by what it is at the knee without `linear`: about 1 while the potential rises.
    rate: "(q / deltaT * linear + exponential) / atKnee",
  },
  state: {
    v: "(1 - rising) * (linear + deltaT * exponential) / C",
    adaptation: "(a * (v - eL + deltaT * logQ * (rate * (1 - epsilon * q * logQ) - 1)) - current) / tauW",
    i: "-i / tauSyn",
    z: "-rising * rate * atKnee / (C * slope)",
    rising: "0",
  },
  events: {
    spike: {
      when: "exp((v - vPeak) / deltaT) - q",
      jump: { v: "vReset", adaptation: "adaptation + rest + b", z: "1", rising: "0" },
      emits: true,
    },
    knee: { when: "v - vT - (3 + rising) * deltaT", jump: { rising: "1" } },
  },
  receive: { i: "i + w" },
  start: { v: "v0", z: "1" },
  parameters: {
    C: 281,
    gL: 30,
    eL: -70.6,
    vT: -50.4,
    deltaT: 2,
    a: 4,
    tauW: 144,
    b: 80.5,
    vReset: -70.6,
    vPeak: 0,
    tauSyn: 5,
    v0: -70.6,
  },
  positive: ["C", "gL", "deltaT", "tauW", "tauSyn"],
  units: {
    v: "mV",
    adaptation: "pA",
    i: "pA",
    z: "1",
    rising: "1",
    C: "pF",
    gL: "nS",
    eL: "mV",
    vT: "mV",
    deltaT: "mV",
    a: "nS",
    tauW: "ms",
    b: "pA",
    vReset: "mV",
    vPeak: "mV",
    tauSyn: "ms",
    v0: "mV",
  },
};
