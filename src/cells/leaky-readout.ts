/**
 * A leaky integrator that never fires, by whose state a network is read, as classifiers of spikes have it (Neftci, Mostafa & Zenke,
 * IEEE Signal Process. Mag. 2019), with exponential synaptic currents:
 *
 *     τ_m dv/dt = −v + R (I + i)
 *     τ_syn di/dt = −i                            at an arrival i += w
 *
 * It sends no spikes, as its event function is −1 at all times. An arrival moves v by nothing at once, so that derivatives of v at
 * given times are exact and unbiased. At time t after an arrival v has R w τ_syn (e^(−t/τ_m) − e^(−t/τ_syn)) / (τ_m − τ_syn) of it.
 *
 * Units: ms, mV, MΩ, nA (weights too).
 */
import type { CellDefinition } from "../cell/cell.js";

export const leakyReadout: CellDefinition = {
  name: "leaky-readout",
  state: { v: "(R * (I + i) - v) / tauM", i: "-i / tauSyn" },
  event: "-1",
  receive: { i: "i + w" },
  parameters: { tauM: 20, R: 1, tauSyn: 5 },
  positive: ["tauM", "R", "tauSyn"],
  units: { v: "mV", i: "nA", tauM: "ms", R: "MΩ", tauSyn: "ms" },
};
