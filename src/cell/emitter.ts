/**
 * Expression graph → straight-line code: one walk for whatever language. Every operation gets a line and a name, and is
 * done once; what stands ready under a name is not done again.
 */
import { type Graph, type Node, type Op, settle } from "./graph.js";

/** How a language writes one step. */
export interface Language {
  literal(value: number): string;
  /**
   * One operation, never a constant or an input.
   * @param a names of what it is done on, and `args` the expressions of these, where it is written as they ask for.
   */
  operation(op: Op, a: readonly string[], args: readonly Node[]): string;
  /** A line that names a value. */
  let(name: string, value: string): string;
  /** Whether inputs get a line too: where results may be written over them, all are read before. */
  readonly readsFirst: boolean;
}

/** What depends on parameters alone, across functions: computed before them, under names of its own. */
export class Invariants {
  private readonly slots = new Map<Node, string>();
  private readonly known = new Map<Node, boolean>();

  constructor(private readonly graph: Graph) {}

  /** Whether a node depends on parameters (and constants) only. */
  covers(node: Node): boolean {
    const { known } = this;
    return settle(
      node,
      known,
      (n) => n.args,
      (n) => (n.op === "input" ? n.name.startsWith("p.") : n.args.every((a) => known.get(a))),
    );
  }

  /** The name of a node that is covered. */
  name(node: Node): string {
    const name = this.slots.get(node) ?? `inv_${this.slots.size}`;
    this.slots.set(node, name);
    return name;
  }

  reciprocal(node: Node): string {
    return this.name(this.graph.div(this.graph.one, node));
  }

  /** Those that were asked for. */
  get nodes(): Node[] {
    return [...this.slots.keys()];
  }
}

/** Lines, and where each root is found after them: a name or a literal. */
export interface Emitted {
  readonly lines: string[];
  readonly names: string[];
}

/** @param reads how each input is read. */
export const emitter =
  (language: Language, reads: Pick<ReadonlyMap<string, string>, "get">, invariants?: Invariants) =>
  /** @param given nodes that stand ready under a name. */
  (roots: readonly Node[], given: ReadonlyMap<Node, string> = new Map()): Emitted => {
    const names = new Map<Node, string>();
    const lines: string[] = [];
    const newLine = (value: string): string => {
      const name = `t${lines.length}`;
      lines.push(language.let(name, value));
      return name;
    };
    /** Whether a node is a quotient that becomes a product. */
    const byInvariant = ({ op, args }: Node): boolean | undefined =>
      op === "div" && args[1]!.op !== "constant" && invariants?.covers(args[1]!);
    // Depth first and in argument order, so that nothing is computed that only a given or invariant node needed.
    const needs = (node: Node): readonly Node[] =>
      given.has(node) || invariants?.covers(node) ? [] : byInvariant(node) ? [node.args[0]!] : node.args;
    const nameOf = (node: Node): string => {
      const { op, args } = node;
      if (op === "constant") return language.literal(node.value);
      const ready = given.get(node);
      if (ready) return ready;
      if (op === "input") {
        const read = reads.get(node.name)!;
        return language.readsFirst ? newLine(read) : read;
      }
      if (invariants?.covers(node)) return invariants.name(node);
      const a = args.map((n) => names.get(n)!);
      if (!byInvariant(node)) return newLine(language.operation(op, a, args));
      return newLine(language.operation("mul", [a[0]!, invariants!.reciprocal(args[1]!)], args));
    };
    return { names: roots.map((root) => settle(root, names, needs, nameOf)), lines };
  };

/** Operations that are written alike in most languages. */
export const infix: { readonly [op in Op]?: string } = { add: "+", sub: "-", mul: "*", div: "/" };
