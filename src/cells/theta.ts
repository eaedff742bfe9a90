/**
 * The theta neuron (Ermentrout & Kopell, SIAM J. Appl. Math. 1986; Ermentrout, Neural Comput. 1996), with exponential
 * synaptic currents:
 *
 *     τ dθ/dt = 1 − cos θ + (1 + cos θ) (I + i)
 *     τ_syn di/dt = −i                            at an arrival i += w
 *
 * A spike is a passage of θ through π; θ −= 2π there, which changes nothing but the number. With v = tan(θ/2) it is the
 * neuron `qif` whose peak and reset are at ±∞, and without an upstroke that is hard to solve. For constant I > 0 its
 * period is τ π/√I.
 *
 * Times in ms; θ, i and I have no unit.
 */
import type { CellDefinition } from "../cell/cell.js";

export const theta: CellDefinition = {
  name: "theta",
  state: { theta: "(1 - cos(theta) + (1 + cos(theta)) * (I + i)) / tau", i: "-i / tauSyn" },
  event: "theta - pi",
  reset: { theta: "theta - 2 * pi" },
  receive: { i: "i + w" },
  start: { theta: "theta0" },
  parameters: { tau: 10, tauSyn: 5, theta0: 0 },
  positive: ["tau", "tauSyn"],
  units: { theta: "1", i: "1", tau: "ms", tauSyn: "ms", theta0: "1" },
};
