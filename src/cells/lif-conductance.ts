/**
 * The leaky integrate-and-fire neuron with conductance synapses and an absolute refractory period, of the network of
 * Vogels & Abbott (J. Neurosci. 2005, methods) as a benchmark of simulators gives it (Brette et al., J. Comput.
 * Neurosci. 2007, benchmark 1):
 *
 *     C dv/dt = g_L (E_L − v) + g_e (E_e − v) + g_i (E_i − v) + I        where the clock c ≥ 0; v rests where c < 0
 *     τ_e dg_e/dt = −g_e,  τ_i dg_i/dt = −g_i
 *
 * An arrival of weight w > 0 adds w to g_e, one of w < 0 adds −w to g_i, so a weight that is trained through 0 changes its synapse. A cell
 * with [ports](jobs.md#ports-and-delays) of the two keeps them apart. At v = v_th: v = v_reset, c = −t_ref.
 *
 * Units: ms, mV, pF, nS (weights too), pA.
 */
import type { CellDefinition } from "../cell/cell.js";

export const lifConductance: CellDefinition = {
  name: "lif-conductance",
  state: {
    v: "c < 0 ? 0 : (gL * (eL - v) + ge * (eE - v) + gi * (eI - v) + I) / C",
    ge: "-ge / tauE",
    gi: "-gi / tauI",
    c: "1",
  },
  event: "v - vTh",
  reset: { v: "vReset", c: "-tRef" },
  receive: { ge: "ge + max(w, 0)", gi: "gi + max(-w, 0)" },
  start: { v: "v0" },
  parameters: {
    C: 200,
    gL: 10,
    eL: -60,
    eE: 0,
    eI: -80,
    tauE: 5,
    tauI: 10,
    vTh: -50,
    vReset: -60,
    tRef: 5,
    v0: -60,
  },
  positive: ["C", "gL", "tauE", "tauI", "tRef"],
  units: {
    v: "mV",
    ge: "nS",
    gi: "nS",
    c: "ms",
    C: "pF",
    gL: "nS",
    eL: "mV",
    eE: "mV",
    eI: "mV",
    tauE: "ms",
    tauI: "ms",
    vTh: "mV",
    vReset: "mV",
    tRef: "ms",
    v0: "mV",
  },
};
