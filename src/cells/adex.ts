/**
 * The adaptive exponential integrate-and-fire neuron (Brette & Gerstner, J. Neurophysiol. 2005, equations 1 to 3; their
 * parameters, but for the potential that counts as a spike's, 20 mV there), with exponential synaptic currents:
 *
 *     C dv/dt = −g_L (v − E_L) + g_L Δ_T exp((v − V_T) / Δ_T) − w + I + i
 *     τ_w dw/dt = a (v − E_L) − w
 *     τ_syn di/dt = −i                            at an arrival i += w
 *
 * At v = v_peak: v = v_reset, w += b. The adaptation current w is called `adaptation`, as `w` is the weight of an arrival.
 * The upstroke has no end but the peak: a step that goes over it leaves the finite numbers, and the spike is looked for
 * before.
 *
 * Units: ms, mV, pF, nS, pA (weights too).
 */
import type { CellDefinition } from "../cell/cell.js";

export const adex: CellDefinition = {
  name: "adex",
  state: {
    v: "(gL * (eL - v) + gL * deltaT * exp((v - vT) / deltaT) - adaptation + I + i) / C",
    adaptation: "(a * (v - eL) - adaptation) / tauW",
    i: "-i / tauSyn",
  },
  event: "v - vPeak",
  reset: { v: "vReset", adaptation: "adaptation + b" },
  receive: { i: "i + w" },
  start: { v: "v0" },
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
