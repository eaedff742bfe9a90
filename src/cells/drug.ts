/**
 * A drug in one compartment with repeated doses by injection (Gibaldi & Perrier, Pharmacokinetics, 1982, chapter 3):
 *
 *     d amount/dt = −(clearance / volume) amount
 *     d clock/dt = 1              where the clock reaches `interval`: amount += dose, clock −= interval
 *
 * The first dose is given at the start. What is recorded is when the concentration amount / volume falls below
 * `minimum`; doses are silent. With q = exp(−clearance · interval / volume) the amount after the n-th dose is dose (1 −
 * qⁿ) / (1 − q).
 *
 * Units: h, mg, l.
 */
import type { CellDefinition } from "../cell/cell.js";

export const drug: CellDefinition = {
  name: "drug",
  state: { amount: "-clearance / volume * amount", clock: "1" },
  events: {
    dose: { when: "clock - interval", jump: { amount: "amount + dose", clock: "clock - interval" } },
    below: { when: "minimum - amount / volume", emits: true },
  },
  start: { amount: "dose" },
  parameters: { dose: 100, interval: 8, clearance: 5, volume: 30, minimum: 1.2 },
  positive: ["dose", "interval", "clearance", "volume"],
  units: { amount: "mg", clock: "h", dose: "mg", interval: "h", clearance: "l/h", volume: "l", minimum: "mg/l" },
};
