/** Where the conditions of a cell are located, in words: expressions of the graph as equations are written. */
import type { Node, Op } from "../../../src/cell/graph.js";
import { timeState } from "../../../src/cell/hybrid.js";
import type { Cell } from "../../../src/index.js";

/** Operators, by how tightly they bind. */
const operators: { readonly [op in Op]?: readonly [string, number] } = {
  add: [" + ", 1],
  sub: [" - ", 1],
  mul: [" * ", 2],
  div: [" / ", 2],
  pow: ["^", 4],
};

/** Nodes of an expression that are written out: shared ones are written each time, and there may be very many. */
const mostNodes = 60;

/** An expression as text, with … for what is too long. */
export function textOf(root: Node): string {
  let left = mostNodes;
  const text = (node: Node, outer: number): string => {
    if (--left < 0) return "…";
    const { op, args } = node;
    if (op === "constant") return String(Number(node.value.toPrecision(6)));
    if (op === "input") return inputText(node.name);
    if (op === "neg") return bracketed(`-${text(args[0]!, 3)}`, 3, outer);
    if (op === "select") {
      const [a, b, yes, no] = args.map((n) => text(n, 1)) as [string, string, string, string];
      return bracketed(`${a} < ${b} ? ${yes} : ${no}`, 0, outer);
    }
    const operator = operators[op];
    if (!operator) return `${op}(${args.map((n) => text(n, 0)).join(", ")})`;
    const [sign, binds] = operator;
    // Factors are ordered by when they were met: numbers go first.
    const [a, b] = op === "mul" && args[1]!.op === "constant" ? [args[1]!, args[0]!] : [args[0]!, args[1]!];
    // What stands right of −, / and ^ has brackets where it binds as they do; left of ^, too.
    const [first, second] = [op === "pow" ? binds + 1 : binds, op === "add" || op === "mul" ? binds : binds + 1];
    return bracketed(`${text(a, first)}${sign}${text(b, second)}`, binds, outer);
  };
  return text(root, 0);
}

const bracketed = (text: string, binds: number, outer: number): string => (binds < outer ? `(${text})` : text);

const inputText = (name: string): string => {
  const bare = name.replace(/^[yp]\./, "");
  return bare === timeState ? "t" : bare.replace("~", "condition ").replace(/^input /, "");
};

/** The conditions that are located, by the names that verdicts call them by. */
export function located({ events }: Cell): { name: string; where: string }[] {
  // Names that users give have no spaces.
  return events
    .filter((e) => /^condition \d+$/.test(e.name))
    .map(({ name, level }) => {
      // By its mode: −S or S, for S the right side less the left one.
      const surface = level.op === "select" ? level.args[3]! : level;
      const [right, left] = surface.op === "sub" ? surface.args : [undefined, surface];
      const sides = [textOf(left!), right ? textOf(right) : "0"];
      // Of t > 0.5 too, the number goes last.
      return { name, where: (left!.op === "constant" ? sides.reverse() : sides).join(" = ") };
    });
}
