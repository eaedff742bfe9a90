/** Of a cell that is each of several (src/network/union-cell.ts), what chooses among them: a parameter, the same at all times. */
import { type Graph, inputNames, type Node, reachable } from "./graph.js";

/** The parameter: the number of the cell that a neuron has. */
export const whichCell = "whichCell";

/** The same as an input of a graph. */
export const chooser = `p.${whichCell}`;

/** Cells that one network takes: so many are tried where something is found out by values. */
export const mostCells = 6;

/** The number of a cell, by a number from 0 up to 1; what lies beyond the last stands for the last. */
export const cellAt = (r: number): number => Math.min(mostCells - 1, Math.floor(r * mostCells));

const isChoice = ({ op, args }: Node): boolean => op === "select" && args[0]!.name === chooser;

/**
 * In which of the cells a condition chooses something: elsewhere its surface is nowhere.
 * @param flow what conditions stand in.
 * @returns of a condition `left` < `right` and its surface, that surface where it is of use, and -1 in neurons of other cells.
 */
export function surfacesByCell(g: Graph, flow: readonly Node[]): (left: Node, right: Node, surface: Node) => Node {
  const choices = reachable(flow).filter(isChoice);
  if (choices.length === 0) return (_left, _right, surface) => surface;
  const input = choices[0]!.args[0]!;
  const count = Math.max(...choices.map(({ args }) => args[1]!.value + 1.5));
  const conditions = Array.from({ length: count }, (_, c) => {
    const only = new Map([[input, g.constant(c)]]);
    const selects = reachable(flow.map((node) => g.substitute(node, only))).filter(({ op }) => op === "select");
    return new Set(selects.flatMap(({ args: [a, b] }) => [`${a!.id},${b!.id}`, `${b!.id},${a!.id}`]));
  });
  return (left, right, surface) => {
    if (inputNames([left, right]).has(chooser)) return surface;
    const own = conditions.map((of) => (of.has(`${left.id},${right.id}`) ? surface : g.constant(-1)));
    return own.reduceRight((rest, one, c) => g.select(input, g.constant(c + 0.5), one, rest));
  };
}
