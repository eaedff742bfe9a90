/**
 * An accumulator that is knocked out at a barrier, under the model of Black & Scholes (J. Polit. Econ. 1973; knock-out:
 * Merton, Bell J. Econ. 1973). With x the logarithm of the price:
 *
 *     dx = (r − σ²/2) dt + σ dW
 *     d discount/dt = −r discount
 *     d payoff/dt = discount · max(eˣ − strike, 0)
 *
 * At eˣ = barrier the contract ends: a terminal event, which is recorded. The payoff is a state, an integral along the
 * path.
 *
 * The barrier is hit by noise. A path's hitting time then has no derivative, so gradients are refused; and the time at
 * which the scheme hits is late by O(√dt), as what happens within a step is not seen whole. Without noise, σ = 0, it is
 * exact.
 *
 * Units: years, and those of the price.
 */
import type { CellDefinition } from "../cell/cell.js";

export const barrierOption: CellDefinition = {
  name: "barrier-option",
  state: { x: "r - sigma * sigma / 2", discount: "-r * discount", payoff: "discount * max(exp(x) - strike, 0)" },
  noise: { x: "sigma" },
  events: { hit: { when: "x - log(barrier)", emits: true, terminal: true } },
  start: { x: "log(price)", discount: "1" },
  parameters: { price: 100, strike: 100, barrier: 120, r: 0.05, sigma: 0.2 },
  positive: ["price", "barrier"],
  units: { r: "1/year", sigma: "1/√year" },
};
