/** The cells that verdicts on a network are of: of several populations each population's own, not the one that they are solved as. */
import type { Cell } from "../cell/cell.js";
import { isSampled } from "../cell/inputs.js";
import type { Network } from "./network.js";

export interface JudgedCell {
  readonly cell: Cell;
  /** The populations that have it, by name, and their neurons; absent where all neurons have one cell. */
  readonly populations?: readonly { readonly name: string; readonly first: number; readonly count: number }[];
}

/** The cells of a network, each once. */
export function judgedCells({ cell, populations }: Pick<Network, "cell" | "populations">): JudgedCell[] {
  const found = new Map<Cell, NonNullable<JudgedCell["populations"]>[number][]>();
  for (const { name, first, count, cell: own } of populations)
    if (own) found.set(own, [...(found.get(own) ?? []), { name, first, count }]);
  // How signals come to equations is known of the cell that all are solved as.
  if (found.size <= 1 || [...cell.inputs.values()].some(isSampled)) return [{ cell }];
  return [...found].map(([own, places]) => ({ cell: own, populations: places }));
}

/** Whose cell it is, for the beginning of a line; nothing where all neurons have it. */
export const whoseCell = ({ cell, populations }: JudgedCell): string =>
  populations ? `${populations.map(({ name }) => name).join(", ")} ("${cell.name}"): ` : "";

/** Whether pathwise gradients of all of its cells are exact. */
export const isExact = (network: Pick<Network, "cell" | "populations">): boolean =>
  judgedCells(network).every(({ cell }) => cell.exactness.exact);
