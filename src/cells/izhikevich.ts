/**
 * Izhikevich's neuron (IEEE Trans. Neural Netw. 2003, equations 1 to 3; regular spiking), with exponential synaptic
 * currents:
 *
 *     dv/dt = 0.04 v² + 5 v + 140 − u + I + i
 *     du/dt = a (b v − u)
 *     τ_syn di/dt = −i                            at an arrival i += w
 *
 * At v = v_peak: v = c, u += d. The recovery variable u is called `recovery`, as `u` is the uniform of a jump. The
 * paper's numbers carry its units: v in mV, t in ms, all currents in mV/ms.
 */
import type { CellDefinition } from "../cell/cell.js";

export const izhikevich: CellDefinition = {
  name: "izhikevich",
  state: {
    v: "0.04 * v * v + 5 * v + 140 - recovery + I + i",
    recovery: "a * (b * v - recovery)",
    i: "-i / tauSyn",
  },
  event: "v - vPeak",
  reset: { v: "c", recovery: "recovery + d" },
  receive: { i: "i + w" },
  start: { v: "v0", recovery: "b * v0" },
  parameters: { a: 0.02, b: 0.2, c: -65, d: 8, vPeak: 30, tauSyn: 5, v0: -70 },
  positive: ["tauSyn"],
  units: {
    v: "mV",
    recovery: "mV/ms",
    i: "mV/ms",
    a: "1/ms",
    b: "1/ms",
    c: "mV",
    d: "mV/ms",
    vPeak: "mV",
    tauSyn: "ms",
    v0: "mV",
  },
};
