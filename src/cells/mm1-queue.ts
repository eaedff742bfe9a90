/**
 * The M/M/1 queue (Kendall, Ann. Math. Stat. 1953): customers arrive at rate λ, and one server serves at rate µ while
 * any is there. Two hazards compete, each integrated to a random threshold of its own, so that pathwise derivatives
 * exist; to draw the kind of event by a uniform would make their mean wrong:
 *
 *     d arriving/dt = λ             at 0: n += 1, arriving = log u
 *     d serving/dt = µ min(2n, 1)  at 0: n −= 1, serving = log u      (recorded: a departure)
 *
 * Stationary where λ < µ: P(n) = (1 − λ/µ) (λ/µ)ⁿ, and departures are a Poisson process of rate λ (Burke, Oper. Res.
 * 1956).
 */
import type { CellDefinition } from "../cell/cell.js";

export const mm1Queue: CellDefinition = {
  name: "mm1-queue",
  state: { n: "0", arriving: "lambda", serving: "mu * min(2 * n, 1)" },
  events: {
    arrival: { when: "arriving", jump: { n: "n + 1", arriving: "log(u)" } },
    departure: { when: "serving", jump: { n: "n - 1", serving: "log(u)" }, emits: true },
  },
  random: { u: "uniform", first: "uniform" },
  start: { n: "n0", arriving: "log(u)", serving: "log(first)" },
  parameters: { lambda: 0.8, mu: 1, n0: 0 },
  positive: ["lambda", "mu"],
};
