/**
 * Named expressions of a cell (`let`): parsed once, in order of need, and one node wherever they are used. What they
 * read decides where: one that reads a state cannot be used where states have no value yet.
 */
import { fail } from "../checks.js";
import { quoted } from "../quoted.js";
import { type Graph, inputNames, type Node } from "./graph.js";
import { parseEquation, type Scope } from "./parse.js";

const identifiers = /[A-Za-z_]\w*/g;

/** Names so ordered that each comes after those that it needs. @throws SaltationError naming a circle. */
function inOrder(equations: Readonly<Record<string, unknown>>): string[] {
  const done = new Set<string>();
  const open: string[] = [];
  const visit = (name: string): void => {
    if (done.has(name)) return;
    const begin = open.indexOf(name);
    if (begin >= 0) fail(`cell.let.${name}`, `needs itself: ${[...open.slice(begin), name].join(" → ")}`);
    open.push(name);
    const needed = new Set(String(equations[name]).match(identifiers));
    for (const n of needed) if (Object.hasOwn(equations, n)) visit(n);
    open.pop();
    done.add(name);
  };
  Object.keys(equations).forEach(visit);
  return [...done];
}

export class Lets {
  private readonly nodes = new Map<string, Node>();

  /** @param names all that any equation of the cell may read. */
  constructor(
    private readonly g: Graph,
    equations: Readonly<Record<string, unknown>>,
    names: ReadonlyMap<string, Node>,
  ) {
    for (const name of inOrder(equations)) {
      const scope = new Map([...names, ...this.nodes]);
      this.nodes.set(name, parseEquation(g, `cell.let.${name}`, equations[name], scope));
    }
  }

  /**
   * The scope of one equation: its own names, and the named expressions that read no others.
   * @param section where it stands, for messages, e.g. `start`.
   * @param instead what stands there for nodes that have no value there.
   */
  scope(names: ReadonlyMap<string, Node>, section: string, instead?: ReadonlyMap<Node, Node>): Scope {
    const nodes = instead
      ? new Map([...this.nodes].map(([name, node]) => [name, this.g.substitute(node, instead)] as const))
      : this.nodes;
    const values = new Set([...names.values()].map((n) => n.name));
    const missing = (node: Node): string[] => [...inputNames([node])].filter((n) => !values.has(n));
    const usable = [...nodes].filter(([, node]) => missing(node).length === 0);
    const all = new Map([...names, ...usable]);
    return {
      get: (name) => all.get(name),
      keys: () => all.keys(),
      why: (name) => {
        const node = nodes.get(name);
        const unknown = node && missing(node).map((n) => n.replace(/^y\./, ""));
        return unknown && `${quoted(name)} (of let) reads ${unknown.join(", ")}, which has no value in ${section}`;
      },
    };
  }
}
