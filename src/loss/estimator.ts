/** How a gradient is estimated. */
import { oneOf } from "../checks.js";
import type { Loss } from "./loss.js";

/** `pathwise`: derivatives of paths, with the horizon term. `score`: how probable paths are (score.ts). */
export type Estimator = "pathwise" | "score";

/** The loss with its gradient so estimated. @throws SaltationError `invalid-input`. */
export async function estimatedBy(estimator: Estimator | undefined, loss: Loss): Promise<Loss> {
  if (estimator === undefined) return loss;
  const by = oneOf<Estimator>("estimator", estimator, ["pathwise", "score"]);
  return by === "score" && loss?.estimator !== "score" ? (await import("./score.js")).scored(loss) : loss;
}
