/**
 * The neuron with a multi-timescale adaptive threshold, MAT* (Kobayashi, Tsubo & Shinomoto, Front. Comput. Neurosci.
 * 2009, equations 1 to 3; regular spiking), with exponential synaptic currents:
 *
 *     τ_m dv/dt = −v + R (I + i)
 *     θ = ω + h₁ + h₂,  τ₁ dh₁/dt = −h₁,  τ₂ dh₂/dt = −h₂
 *     τ_syn di/dt = −i                            at an arrival i += w
 *
 * A spike is where v is above θ and the clock c ≥ 0; then h₁ += α₁, h₂ += α₂, c = −t_ref. The potential, from rest, is
 * not reset. A potential that is above θ where the refractory period ends fires at once, as in the paper.
 *
 * Units: ms, mV, MΩ, nA (weights too).
 */
import type { CellDefinition } from "../cell/cell.js";

export const mat: CellDefinition = {
  name: "mat",
  state: { v: "(R * (I + i) - v) / tauM", h1: "-h1 / tau1", h2: "-h2 / tau2", i: "-i / tauSyn", c: "1" },
  event: "c < 0 ? -1 : v - omega - h1 - h2",
  reset: { h1: "h1 + alpha1", h2: "h2 + alpha2", c: "-tRef" },
  receive: { i: "i + w" },
  parameters: {
    tauM: 5,
    R: 50,
    omega: 19,
    alpha1: 37,
    alpha2: 2,
    tau1: 10,
    tau2: 200,
    tRef: 2,
    tauSyn: 2,
  },
  positive: ["tauM", "R", "tau1", "tau2", "tRef", "tauSyn"],
  units: {
    v: "mV",
    h1: "mV",
    h2: "mV",
    i: "nA",
    c: "ms",
    tauM: "ms",
    R: "MΩ",
    omega: "mV",
    alpha1: "mV",
    alpha2: "mV",
    tau1: "ms",
    tau2: "ms",
    tRef: "ms",
    tauSyn: "ms",
  },
};
