/** The `cpu` backend: the float64 twin. */
import type { SolverBackend } from "../backend/backend.js";
import { evaluateCpu, simulateCpu } from "./evaluate.js";

export const twin: SolverBackend = {
  name: "cpu",
  description: "float64 twin on the CPU",
  simulate: simulateCpu,
  evaluator: async (_, loss, views) => ({
    evaluate: (plan, options) => evaluateCpu(plan, loss, views, options),
    dispose: () => {},
  }),
  ranges: async (_, loss, views) => (await import("./ranges.js")).rangesCpu(loss, views),
  likelihood: async (_, observed, views) => (await import("./likelihood.js")).likelihoodCpu(observed, views),
  sensitivities: async (...asked) => (await import("./sensitivities.js")).sensitivitiesCpu(...asked),
  check: () => {},
  dispose: () => {},
};
