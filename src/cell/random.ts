/**
 * Random numbers that are fresh at each jump of an event and at the start. In the graph the first uniform is "u", which
 * hazards are built on; others are "u.<number>" and normals "z.<number>", numbered as they are declared, from 1.
 */
import { fail as failIn, show } from "../checks.js";
import type { Graph, Node } from "./graph.js";

export type RandomKind = "uniform" | "normal";

/** A number beside "u". */
export interface FurtherRandom {
  readonly kind: RandomKind;
  /** Its input in the graph. */
  readonly input: string;
}

/** An input of a jump, where it stands beside another jump that has the same. */
export const second = (name: string): string => `${name}'`;

/** Whether an input of the graph is a random number. */
export const isRandom = (name: string): boolean => /^(u|[uz]\.\d)'?$/.test(name);

/** Whether it is uniform in (0, 1]. */
export const isUniform = (name: string): boolean => isRandom(name) && name[0] === "u";

/** Whether it is the weight of a spike. */
export const isWeight = (name: string): boolean => name === "w" || name === second("w");

const most = 8;

/**
 * @param given names and kinds, of a definition; one uniform "u" if not given.
 * @throws SaltationError for what is neither uniform nor normal.
 */
export function randomsOf(
  g: Graph,
  given: Readonly<Record<string, unknown>> = { u: "uniform" },
): { names: [string, Node][]; further: FurtherRandom[] } {
  const entries = Object.entries(given);
  if (entries.length > most) failIn("cell.random", `${entries.length} numbers; at most ${most} are taken`);
  const further: FurtherRandom[] = [];
  let first = true;
  const names = entries.map(([name, kind]): [string, Node] => {
    if (kind !== "uniform" && kind !== "normal")
      return failIn(`cell.random.${name}`, `expected "uniform" or "normal", got ${show(kind)}`);
    if (kind === "uniform" && first) {
      first = false;
      return [name, g.input("u")];
    }
    const input = `${kind === "uniform" ? "u" : "z"}.${further.length + 1}`;
    further.push({ kind, input });
    return [name, g.input(input)];
  });
  return { names, further };
}
