/**
 * Whether an expression vanishes for all values of its inputs: by its values at points of a fixed sequence. An expression
 * that vanishes at many independent points vanishes identically, but for a chance of the order of rounding.
 */
import { Evaluation, inputNames, isConstant, type Node } from "./graph.js";
import { chooser, mostCells } from "./which-cell.js";

/**
 * What a check may cost, in operations of expressions built or evaluated: some tenths of a second. Counted and not timed, so that the
 * same definition gets the same verdict everywhere.
 */
const mostOperations = 1_000_000;

export class Effort {
  private left = mostOperations;

  /** @returns false where the effort is spent: then nothing more is to be done. */
  spend(operations: number): boolean {
    this.left -= operations;
    return this.left >= 0;
  }
}

/** Why it could not be told whether an expression vanishes. */
export const noValue = "has no finite value at any of the points tried";
// Without toLocaleString, which takes longer the first time than all the rest of an import's top levels.
export const tooLong = "takes more than 1,000,000 operations to check";

/** A fixed low-discrepancy sequence instead of chance: the same definition always gets the same verdict. */
export const sequence = (trial: number, i: number): number => (trial * Math.sqrt(2 + 3 * i + i * i) + 0.37 * i) % 1;

/**
 * Whether an expression vanishes for all values of its inputs; where that cannot be told, why.
 * @param terms those that cancel in it: its size.
 */
export function vanishes(root: Node, terms: readonly Node[], effort = new Effort()): boolean | string {
  if (isConstant(root, 0)) return true;
  if (root.op === "constant") return false;
  const roots = [root, ...terms];
  const evaluation = new Evaluation(roots);
  const { size } = evaluation;
  const names = [...inputNames(roots)].sort();
  let tried = 0;
  for (let trial = 1; trial <= 200 && tried < 24; trial++) {
    if (!effort.spend(size)) return tooLong;
    const point = new Map(
      names.map((n, i) => [n, n === chooser ? trial % mostCells : 0.05 + 1.9 * sequence(trial, i)] as const),
    );
    const [value, ...sizes] = evaluation.at(point) as [number, ...number[]];
    if (![value, ...sizes].every(Number.isFinite)) continue;
    tried++;
    const scale = Math.max(1e-300, ...sizes.map(Math.abs));
    if (Math.abs(value) > 1e-9 * scale) return false;
  }
  return tried > 0 || noValue;
}
