/**
 * A Poisson process whose rate is an input, constant or changing with time: each spike takes an Exp(1) of its integral (Çinlar,
 * Introduction to Stochastic Processes, 1975, chapter 4.7):
 *
 *     ds/dt = max(rate, 0)         at 0: s = log u      (recorded: a spike)
 *
 * The number of spikes between two times is Poisson, of mean ∫ rate dt, and independent of what was before. Nothing arrives at it.
 * A constant rate is a parameter, by which there are gradients; where it has fallen below 0 there are no spikes.
 * `{ "poisson": rate }` is short for a population of it.
 */
import type { CellDefinition } from "../cell/cell.js";

export const poisson: CellDefinition = {
  name: "poisson",
  inputs: ["rate"],
  state: { s: "max(rate, 0)" },
  event: "s",
  reset: { s: "log(u)" },
  start: { s: "log(u)" },
  parameters: {},
  units: { rate: "1/time" },
};
