/**
 * The quadratic integrate-and-fire neuron, the normal form of a saddle-node bifurcation (Latham, Richmond, Nelson &
 * Nirenberg, J. Neurophysiol. 2000; Izhikevich, Dynamical Systems in Neuroscience, 2007, equation 3.9), with
 * exponential synaptic currents:
 *
 *     τ dv/dt = v² + I + i
 *     τ_syn di/dt = −i                            at an arrival i += w
 *
 * At v = v_peak: v = v_reset. For constant I > 0 the period is τ/√I (atan(v_peak/√I) − atan(v_reset/√I)), and τ π/√I as
 * the peak goes to ∞ and the reset to −∞, where this is the neuron `theta`.
 *
 * Times in ms; v, i and I have no unit.
 */
import type { CellDefinition } from "../cell/cell.js";

export const qif: CellDefinition = {
  name: "qif",
  state: { v: "(v * v + I + i) / tau", i: "-i / tauSyn" },
  event: "v - vPeak",
  reset: { v: "vReset" },
  receive: { i: "i + w" },
  start: { v: "v0" },
  parameters: { tau: 10, vPeak: 10, vReset: -10, tauSyn: 5, v0: 0 },
  positive: ["tau", "tauSyn"],
  units: { v: "1", i: "1", tau: "ms", vPeak: "1", vReset: "1", tauSyn: "ms", v0: "1" },
};
