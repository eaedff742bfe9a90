/**
 * The FitzHugh–Nagumo oscillator (FitzHugh, Biophys. J. 1961, equations 1 and 2, with its sign of v turned, as Nagumo,
 * Arimoto & Yoshizawa, Proc. IRE 1962), with exponential synaptic currents:
 *
 *     dv/dt = v − v³/3 − w + I + i
 *     τ dw/dt = v + a − b w
 *     τ_syn di/dt = −i                            at an arrival i += w
 *
 * A spike is where v crosses v_th upwards; nothing is reset. The recovery variable w is called `recovery`, as `w` is
 * the weight of an arrival. No quantity has a unit.
 */
import type { CellDefinition } from "../cell/cell.js";

export const fitzHughNagumo: CellDefinition = {
  name: "fitzhugh-nagumo",
  state: {
    v: "v - v * v * v / 3 - recovery + I + i",
    recovery: "(v + a - b * recovery) / tau",
    i: "-i / tauSyn",
  },
  event: "v - vTh",
  receive: { i: "i + w" },
  start: { v: "v0", recovery: "recovery0" },
  parameters: { a: 0.7, b: 0.8, tau: 12.5, vTh: 1, tauSyn: 2, v0: -1.2, recovery0: -0.625 },
  positive: ["tau", "tauSyn"],
};
