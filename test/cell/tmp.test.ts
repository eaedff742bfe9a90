import { readFileSync } from "node:fs";
import { it } from "vitest";
import { gif, slif } from "../../src/index.js";
import { defineCell } from "../../src/cell/cell.js";
import { judgeMean } from "../../src/loss/mean-verdict.js";
import { defineNetwork } from "../../src/network/network.js";
import { planSolve } from "../../src/plan/plan.js";
import { meanSpikeTime } from "../../src/index.js";
it("x", () => {
  const dir = "/work/shared/cases/";
  for (const f of ["01-conditional-drift","02-dead-time-poisson","23-step-hazard","31-refractory-clamp","08-noisy-hard-threshold","32-grazing","33-theta","35-coincident-jumps-value","35-coincident-jumps-subtract","25-two-at-threshold-together","04-power-in-branch"]) {
    const job = JSON.parse(readFileSync(dir + f + ".json", "utf8"));
    const network = defineNetwork({ ...job.network, current: job.input?.current ?? 0 });
    const plan = planSolve(network, { ...job.time, paths: job.paths });
    const t = performance.now();
    const judged = judgeMean(plan, meanSpikeTime(), job.with ?? ["q"]);
    console.log(f, performance.now() - t, network.cell.exactness.conditions.map((c) => c.verdict).join(), judged);
  }
  console.log("slif", slif.unbiased, "gif", gif.unbiased);
  const queue = (reset: Record<string,string>, state: Record<string,string> = {}) => defineCell({ name: "mm1", state: { q: "0", s: "lam + (q > 0.5 ? mu : 0)", ...state }, event: "s", reset: { s: "log(u)", ...reset }, start: { s: "log(u)" }, parameters: { lam: 1, mu: 2 } });
  console.log(queue({ q: "u < lam / (lam + mu) ? q + 1 : max(q - 1, 0)" }).unbiased);
  console.log(queue({ q: "u < 0.3 ? q + 1 : max(q - 1, 0)" }).unbiased);
});
