/** The functions of a plan's cell in float64, with the rates of its stiff states. */
import { type CompiledCell, compileCell } from "../cell/emit-js.js";
import { cellFunctions } from "../cell/functions.js";
import { withGivenSpikes } from "../cell/hazard.js";
import type { SolvePlan } from "../plan/plan.js";
import { ratesOf } from "../plan/stiff.js";

/** @param given for a likelihood: spikes are given, and other events alone happen by themselves. */
export function compileFor(plan: SolvePlan, given = false): CompiledCell {
  const cell = given ? withGivenSpikes(plan.network.cell) : plan.network.cell;
  if (plan.exponential.length === 0) return compileCell(cell);
  return compileCell(cell, cellFunctions(cell, undefined, ratesOf(plan)));
}
