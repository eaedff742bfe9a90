/**
 * A room and its thermostat, the first example of hybrid automata (Henzinger, LICS 1996, figure 1):
 *
 *     τ d temperature/dt = outside − temperature + power · on
 *
 * At `high` the heater goes off, at `low` on. What is recorded is when it goes off. With H = outside + power the cycle
 * takes τ (log((H − low) / (H − high)) + log((high − outside) / (low − outside))).
 *
 * Units: °C, min.
 */
import type { CellDefinition } from "../cell/cell.js";

export const thermostat: CellDefinition = {
  name: "thermostat",
  state: { temperature: "(outside - temperature + power * on) / tau", on: "0" },
  events: {
    off: { when: "temperature - high", jump: { on: "0" }, emits: true },
    on: { when: "low - temperature", jump: { on: "1" } },
  },
  start: { temperature: "temperature0", on: "1" },
  parameters: { tau: 30, outside: 5, power: 30, low: 19, high: 21, temperature0: 15 },
  positive: ["tau", "power"],
  units: {
    temperature: "°C",
    on: "1",
    tau: "min",
    outside: "°C",
    power: "°C",
    low: "°C",
    high: "°C",
    temperature0: "°C",
  },
};
