/**
 * The leaky integrate-and-fire neuron with exponential synaptic currents and an absolute refractory period (Rotter &
 * Diesmann, Biol. Cybern. 1999; as NEST's `iaf_psc_exp`, whose defaults these are):
 *
 *     C dv/dt = −(C/τ_m) (v − E_L) + I + i        where the clock c ≥ 0; v rests where c < 0
 *     τ_syn di/dt = −i                            at an arrival i += w
 *
 * At v = v_th: v = v_reset, c = −t_ref. The clock is a condition of the drift, so that its end is located: derivatives
 * by t_ref are exact. Synaptic current flows on in the refractory period.
 *
 * Units: ms, mV, pF, pA (weights too).
 */
import type { CellDefinition } from "../cell/cell.js";

export const lif: CellDefinition = {
  name: "lif",
  state: { v: "c < 0 ? 0 : (eL - v) / tauM + (I + i) / C", i: "-i / tauSyn", c: "1" },
  event: "v - vTh",
  reset: { v: "vReset", c: "-tRef" },
  receive: { i: "i + w" },
  start: { v: "v0" },
  parameters: { C: 250, tauM: 10, eL: -70, vTh: -55, vReset: -70, tRef: 2, tauSyn: 2, v0: -70 },
  positive: ["C", "tauM", "tRef", "tauSyn"],
  units: {
    v: "mV",
    i: "pA",
    c: "ms",
    C: "pF",
    tauM: "ms",
    eL: "mV",
    vTh: "mV",
    vReset: "mV",
    tRef: "ms",
    tauSyn: "ms",
    v0: "mV",
  },
};
