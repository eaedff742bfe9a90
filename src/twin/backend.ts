/** The `cpu` backend: the float64 twin. */
import type { SolverBackend } from "../backend/backend.js";
import { evaluateCpu, rangesCpu, simulateCpu } from "./evaluate.js";
import { likelihoodCpu } from "./likelihood.js";
import { sensitivitiesCpu } from "./sensitivities.js";

export const twin: SolverBackend = {
  name: "cpu",
  description: "float64 twin on the CPU",
  simulate: simulateCpu,
  evaluator: async (_, loss, views) => ({
    evaluate: (plan, options) => evaluateCpu(plan, loss, views, options),
    dispose: () => {},
  }),
  ranges: async (_, loss, views) => rangesCpu(loss, views),
  likelihood: async (_, observed, views) => likelihoodCpu(observed, views),
  sensitivities: sensitivitiesCpu,
  check: () => {},
  dispose: () => {},
};
