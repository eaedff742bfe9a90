/**
 * Expressions of losses and read-outs, by the parser and graph of cells: compiled once, with their derivatives, to values on the
 * host and to WGSL.
 */
import { vectorJacobian } from "../cell/differentiate.js";
import { emitter } from "../cell/emitter.js";
import { Evaluation, Graph, inputNames, type Node, reachable } from "../cell/graph.js";
import { parseEquation } from "../cell/parse.js";
import { wgsl } from "../cell/wgsl.js";

/** A compiled expression. */
export interface Expression {
  /** Names that it reads, in the order in which they were given. */
  readonly reads: readonly string[];
  /** Its value, and its derivatives by the names that it reads. */
  at(inputs: ReadonlyMap<string, number>): { readonly value: number; readonly slopes: readonly number[] };
  /** Lines of WGSL, and where its value and derivatives are found after them. @param of how a name is read. */
  code(of: (name: string) => string): {
    readonly lines: readonly string[];
    readonly value: string;
    readonly slopes: readonly string[];
  };
  /** Whether a condition, or a step of a staircase, depends on one of these names. */
  turnsBy(names: ReadonlySet<string>): boolean;
}

/**
 * @param field where it stands, for messages.
 * @param names what it may read.
 * @param constants numbers by name.
 * @throws SaltationError `invalid-input` saying what is not understood.
 */
export function compileExpression(
  field: string,
  text: unknown,
  names: Iterable<string>,
  constants: ReadonlyMap<string, number> = new Map(),
): Expression {
  const g = new Graph();
  const scope = new Map<string, Node>();
  for (const name of names) scope.set(name, g.input(name));
  for (const [name, value] of constants) scope.set(name, g.constant(value));
  const root = parseEquation(g, field, text, scope);
  const used = inputNames([root]);
  const reads = [...scope.keys()].filter((name) => used.has(name));
  const inputs = reads.map((name) => g.input(name));
  const slopes = vectorJacobian(g, [root], [g.one], inputs);
  const evaluation = new Evaluation([root, ...slopes]);
  return {
    reads,
    at(values) {
      const [value, ...derivatives] = evaluation.at(values);
      return { value: value!, slopes: derivatives };
    },
    code(of) {
      const { lines, names: found } = emitter(wgsl, { get: of })([root, ...slopes]);
      return { lines, value: found[0]!, slopes: found.slice(1) };
    },
    turnsBy: (some) =>
      reachable([root]).some(({ op, args }) => {
        const tested = op === "select" ? args.slice(0, 2) : op === "floor" ? args : [];
        return [...inputNames(tested)].some((name) => some.has(name));
      }),
  };
}
