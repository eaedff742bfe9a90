/** What is known of the values of expressions, whatever those of their inputs are. */
import { type Graph, inputNames, type Node } from "./graph.js";

/** Whether an expression is above 0. */
export function above0(g: Graph, { op, args, value, name }: Node): boolean {
  if (op === "constant") return value > 0;
  if (op === "input") return g.positive.has(name);
  return (op === "mul" || op === "div") && args.every((n) => above0(g, n));
}

/** Whether an exponential of an expression cannot overflow; a bound that parameters set counts as one that holds. */
export function bounded({ op, args, value }: Node): boolean {
  if (op === "constant") return value < 80;
  if (op === "min") return args.some((n) => bounded(n) || [...inputNames([n])].every((name) => name.startsWith("p.")));
  return op === "neg" && args[0]!.op === "abs";
}
