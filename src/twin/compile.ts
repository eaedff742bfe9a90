/** The functions of a plan's cell in float64, with the rates of its stiff states. */
import { type CompiledCell, compileCell } from "../cell/emit-js.js";
import { cellFunctions } from "../cell/functions.js";
import type { SolvePlan } from "../plan/plan.js";
import { ratesOf } from "../plan/stiff.js";

export function compileFor(plan: SolvePlan): CompiledCell {
  const { cell } = plan.network;
  if (plan.exponential.length === 0) return compileCell(cell);
  return compileCell(cell, cellFunctions(cell, undefined, ratesOf(plan)));
}
