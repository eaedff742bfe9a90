/** The cells that verdicts on a network are of: of several populations each population's own, not the one that they are solved as. */
import { boundCell, type Cell } from "../cell/cell.js";
import type { Network } from "./network.js";

export interface JudgedCell {
  readonly cell: Cell;
  /** The populations that have it, by name, and their neurons; absent where all neurons have one cell. */
  readonly populations?: readonly { readonly name: string; readonly first: number; readonly count: number }[];
}

/** The cells of a network, each once, with signals and time coming to its equations as they do where all are solved as one. */
export function judgedCells({ cell, populations }: Pick<Network, "cell" | "populations">): JudgedCell[] {
  const found = new Map<Cell, NonNullable<JudgedCell["populations"]>[number][]>();
  for (const { name, first, count, cell: own } of populations)
    if (own) found.set(own, [...(found.get(own) ?? []), { name, first, count }]);
  if (found.size <= 1) return [{ cell }];
  return [...found].map(([own, populations]) => {
    const kinds = [...cell.inputs].filter(([name]) => own.inputs.has(name));
    return { cell: boundCell(own, { inputs: Object.fromEntries(kinds), t0: cell.t0 }), populations };
  });
}

/** Whose cell it is, for the beginning of a line; nothing where all neurons have it. */
export const whoseCell = ({ cell, populations }: JudgedCell): string =>
  populations ? `${populations.map(({ name }) => name).join(", ")} ("${cell.name}"): ` : "";

/** Whether pathwise gradients of all of its cells are exact. */
export const isExact = (network: Pick<Network, "cell" | "populations">): boolean =>
  judgedCells(network).every(({ cell }) => cell.exactness.exact);
