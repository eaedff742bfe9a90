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
 * for each of them. Here v is held from the knee V_T + 3 Δ_T on, and z = exp((knee − potential) / Δ_T) moves in its place
 * from 1 down to the peak's, nearly at a constant rate, in one sub-step:
 *
 *     potential = v − Δ_T log z
 *     C dz/dt = −(z / Δ_T) (g_L (E_L − potential) − w + I + i) − g_L exp((knee − V_T) / Δ_T)
 *
 * The drift of w has a part a Δ_T log z / τ_w that is steep at the end of it. Its integral along the constant rate is
 * taken in closed form and lies beside the state `adaptation`, which is w itself outside the upstroke.
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
    potential: "v - deltaT * logZ",
    exponential: "gL * exp((v - vT) / deltaT)",
    // w, of which the state leaves this out while the potential rises.
    rest: "a * deltaT * C / (tauW * exponential) * (z * logZ - z + 1)",
    current: "adaptation + rest",
    linear: "gL * (eL - potential) - current + I + i",
  },
  state: {
    v: "(1 - rising) * (linear + deltaT * exponential) / C",
    adaptation: "(a * (v - eL + z * logZ * linear / exponential) - current) / tauW",
    i: "-i / tauSyn",
    z: "-rising * (z / deltaT * linear + exponential) / C",
    rising: "0",
  },
  events: {
    spike: {
      when: "exp((v - vPeak) / deltaT) - z",
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
