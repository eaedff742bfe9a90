/** Whether paths that stop at an event can come to what a loss looks at. */
import { fail } from "../checks.js";
import type { SolvePlan } from "../plan/plan.js";

/**
 * @param spikes of a path that there must be room for.
 * @param what the loss does with them, with their number.
 * @throws SaltationError `invalid-input` where a path stops before.
 */
export function checkMaxSpikes({ maxSpikes }: SolvePlan, spikes: number, kind: string, what: string): void {
  if (maxSpikes === 0 || maxSpikes >= spikes) return;
  const looks = `loss "${kind}" ${what}`;
  fail("maxSpikes", `is ${maxSpikes}, at which paths stop, but ${looks}; give at least that, or leave it out`);
}
