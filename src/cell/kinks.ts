/** Kinks of a flow: max, min, abs, and conditions whose branches meet, of states that flow. They are not located (switches.ts). */
import { type Cell, stateInput } from "./cell.js";
import { amplitudesOf } from "./channels.js";
import { inputNames, isConstant, type Node, reachable } from "./graph.js";

/** What of a node has a kink: two sides that are compared, or one that is compared with 0. */
function compared({ op, args }: Node): readonly Node[] {
  if (op === "abs") return args;
  return op === "max" || op === "min" || op === "select" ? args.slice(0, 2) : [];
}

/** What is said of the kinks of a cell's flow; nothing where there are none. */
export function kinksOf({ states, drift, channels }: Cell): string {
  const flowing = new Set(states.filter((_, i) => !isConstant(drift[i]!, 0)).map(stateInput));
  const found = reachable([...drift, ...amplitudesOf(channels)]).find((node) =>
    [...inputNames(compared(node))].some((name) => flowing.has(name)),
  );
  if (!found) return "";
  const what = found.op === "select" ? "a condition whose branches meet" : found.op;
  return (
    `; a step goes over the kink of ${what}: an event that marks the side, such as { "when": "x", "jump": { "side": "1" } } for ` +
    "side * x in place of max(0, x), is located, and owes nothing to the step"
  );
}
