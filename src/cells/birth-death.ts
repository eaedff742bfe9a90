/**
 * A birth–death process with immigration (Kendall, Ann. Math. Stat. 1948): a stochastic Petri net of one place and two
 * transitions, whose hazards compete as in `mm1-queue` (modified next reactions: Anderson, J. Chem. Phys. 2007):
 *
 *     d born/dt = ν + λ n         at 0: n += 1, born = log u         (recorded: a birth or an immigrant)
 *     d died/dt = µ n             at 0: n −= 1, died = log u
 *
 * The mean is
 * E n(t) = n₀ e^((λ−µ)t) + ν (e^((λ−µ)t) − 1) / (λ − µ).
 */
import type { CellDefinition } from "../cell/cell.js";

export const birthDeath: CellDefinition = {
  name: "birth-death",
  state: { n: "0", born: "nu + lambda * n", died: "mu * n" },
  events: {
    birth: { when: "born", jump: { n: "n + 1", born: "log(u)" }, emits: true },
    death: { when: "died", jump: { n: "n - 1", died: "log(u)" } },
  },
  random: { u: "uniform", first: "uniform" },
  start: { n: "n0", born: "log(u)", died: "log(first)" },
  parameters: { nu: 2, lambda: 0.5, mu: 1, n0: 5 },
  positive: ["mu"],
};
