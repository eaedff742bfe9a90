/** What stops a path from being solved, where another backend only sees that it is stopped. */

import { SaltationError } from "../errors.js";
import type { SolvePlan } from "../plan/plan.js";
import { compileFor } from "./compile.js";
import { PathSolver } from "./forward.js";
import { counterNoise } from "./noise.js";

/** What stops a path from being solved, if anything does. */
export function failureOf(plan: SolvePlan, path: number): SaltationError | undefined {
  try {
    new PathSolver(plan, compileFor(plan), counterNoise(plan)).solve(path, false);
    return undefined;
  } catch (error) {
    if (error instanceof SaltationError) return error;
    throw error;
  }
}
