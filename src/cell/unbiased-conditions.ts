import type { Cell } from "./cell.js";
import type { UnbiasedCondition } from "./findings.js";
import { anyUse, checkUnbiased } from "./unbiased.js";

/**
 * The conditions under which mean gradients of a cell's spike times are derivatives of means, for any use of the cell: with
 * noise, and in a network where spikes arrive. Results say what holds for their own job (`ValueAndGradient.unbiased`).
 */
export const unbiasedConditions = ({ written, definition }: Cell): UnbiasedCondition[] =>
  checkUnbiased(written, anyUse({ ...written, definition }));
