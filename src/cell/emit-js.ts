/**
 * Expression graph → JavaScript in float64. The emitted text holds nothing of what a user wrote: only numbers,
 * operators, `Math` functions, array reads at fixed positions and temporaries named t0, t1, …
 */
import type { Cell } from "./cell.js";
import { parameterInput, stateInput } from "./cell.js";
import { type CellFunction, type CellFunctions, cellFunctions, nonZero } from "./functions.js";
import { erf, type Node, reachable } from "./graph.js";
import { logHazard } from "./hazard.js";

type Vector = Float64Array;

/**
 * A cell's functions in float64. Arrays: states y, yBar, c, dy [states]; parameters p, dp [parameters];
 * pBar [parameters + 1], the last entry the cotangent of the current; x, xBar, dx [channels].
 * `…Vjp` assigns state and channel cotangents and *adds* to pBar.
 */
export interface CompiledCell {
  readonly cell: Cell;
  flow(out: Vector, y: Vector, p: Vector, I: number, x: Vector): void;
  flowVjp(yBar: Vector, xBar: Vector, pBar: Vector, y: Vector, p: Vector, I: number, x: Vector, c: Vector): void;
  flowJvp(
    out: Vector,
    y: Vector,
    p: Vector,
    I: number,
    x: Vector,
    dy: Vector,
    dp: Vector,
    dI: number,
    dx: Vector,
  ): void;
  event(y: Vector, p: Vector): number;
  eventGradient(yBar: Vector, pBar: Vector, y: Vector, p: Vector): void;
  /** log λ of the event, see hazard.ts. */
  logHazard(y: Vector, p: Vector, I: number): number;
  logHazardGradient(yBar: Vector, pBar: Vector, y: Vector, p: Vector, I: number): void;
  reset(out: Vector, y: Vector, p: Vector, u: number): void;
  resetVjp(yBar: Vector, pBar: Vector, y: Vector, p: Vector, u: number, c: Vector): void;
  resetJvp(out: Vector, y: Vector, p: Vector, u: number, dy: Vector, dp: Vector): void;
  receive(out: Vector, y: Vector, p: Vector, w: number): void;
  /** Returns the cotangent of the weight. */
  receiveVjp(yBar: Vector, pBar: Vector, y: Vector, p: Vector, w: number, c: Vector): number;
  receiveJvp(out: Vector, y: Vector, p: Vector, w: number, dy: Vector, dp: Vector, dw: number): void;
  start(out: Vector, p: Vector, u: number): void;
  startVjp(pBar: Vector, p: Vector, u: number, c: Vector): void;
  startJvp(out: Vector, p: Vector, u: number, dp: Vector): void;
  kick(out: Vector, y: Vector, p: Vector, x: Vector): void;
  kickVjp(yBar: Vector, pBar: Vector, y: Vector, p: Vector, x: Vector, c: Vector): void;
  kickJvp(out: Vector, y: Vector, p: Vector, x: Vector, dy: Vector, dp: Vector): void;
}

/** How each input of the graph is read in the emitted text. */
function inputReads(cell: Cell): Map<string, string> {
  const reads = new Map<string, string>([
    ["I", "I"],
    ["u", "u"],
    ["w", "w"],
    ["dI", "dI"],
    ["dw", "dw"],
  ]);
  cell.states.forEach((n, i) => {
    reads.set(stateInput(n), `y[${i}]`).set(`c.${n}`, `c[${i}]`).set(`dy.${n}`, `dy[${i}]`);
  });
  cell.parameters.forEach((n, i) => {
    reads.set(parameterInput(n), `p[${i}]`).set(`dp.${n}`, `dp[${i}]`);
  });
  cell.channels.forEach((_, i) => {
    reads.set(`x.${i}`, `x[${i}]`).set(`dx.${i}`, `dx[${i}]`);
  });
  return reads;
}

function number(value: number): string {
  return value < 0 ? `(${value})` : String(value);
}

function operation(node: Node, a: readonly string[]): string {
  switch (node.op) {
    case "add":
      return `${a[0]} + ${a[1]}`;
    case "sub":
      return `${a[0]} - ${a[1]}`;
    case "mul":
      return `${a[0]} * ${a[1]}`;
    case "div":
      return `${a[0]} / ${a[1]}`;
    case "neg":
      return `-${a[0]}`;
    case "select":
      return `${a[0]} < ${a[1]} ? ${a[2]} : ${a[3]}`;
    case "softplus":
      return `Math.max(${a[0]}, 0) + Math.log1p(Math.exp(-Math.abs(${a[0]})))`;
    case "erf":
      return `erf(${a[0]})`;
    case "gate":
      return `${a[0]} === 0 ? 0 : ${a[1]}`;
    default:
      return `Math.${node.op}(${a.join(", ")})`;
  }
}

/** Text of the temporaries that the roots need, and how to read each root. All reads come before any write. */
function body(roots: readonly Node[], reads: ReadonlyMap<string, string>): { text: string; names: string[] } {
  const names = new Map<Node, string>();
  const lines: string[] = [];
  for (const node of reachable(roots)) {
    if (node.op === "constant") names.set(node, number(node.value));
    else {
      const text =
        node.op === "input"
          ? reads.get(node.name)!
          : operation(
              node,
              node.args.map((n) => names.get(n)!),
            );
      const name = `t${lines.length}`;
      lines.push(`const ${name} = ${text};`);
      names.set(node, name);
    }
  }
  return { text: lines.join("\n"), names: roots.map((n) => names.get(n)!) };
}

type Target = (value: string) => string;

/** Compiles a cell's functions to JavaScript. */
export function compileCell(cell: Cell, functions: CellFunctions = cellFunctions(cell)): CompiledCell {
  const reads = inputReads(cell);
  const currentSlot = cell.parameters.length;

  const emit = (args: string, nodes: readonly Node[], targets: readonly Target[]): never => {
    const { text, names } = body(nodes, reads);
    const writes = names.map((name, i) => targets[i]!(name)).join("\n");
    return new Function("erf", `"use strict"; return (${args}) => {\n${text}\n${writes}\n};`)(erf) as never;
  };
  const assign = (array: string, count: number): Target[] =>
    Array.from({ length: count }, (_, i) => (value: string) => `${array}[${i}] = ${value};`);
  const valuesOf = (f: CellFunction, args: string): never => emit(args, f.value, assign("out", f.value.length));
  const tangentOf = (f: CellFunction, args: string): never => emit(args, f.tangent, assign("out", f.tangent.length));
  /** State (and channel) cotangents assigned, parameters' and current's added, the weight's returned. */
  const cotangentsOf = (
    f: Pick<CellFunction, "cotangents">,
    args: string,
    withStates = true,
    withChannels = false,
  ): never => {
    const { states, parameters, channels, current, weight } = f.cotangents;
    const nodes: Node[] = [];
    const targets: Target[] = [];
    if (withStates) {
      nodes.push(...states);
      targets.push(...assign("yBar", states.length));
    }
    if (withChannels) {
      nodes.push(...channels);
      targets.push(...assign("xBar", channels.length));
    }
    for (const i of nonZero(parameters)) {
      nodes.push(parameters[i]!);
      targets.push((value) => `pBar[${i}] += ${value};`);
    }
    nodes.push(current, weight);
    targets.push((value) => (value === "0" ? "" : `pBar[${currentSlot}] += ${value};`));
    targets.push((value) => `return ${value};`);
    return emit(args, nodes, targets);
  };

  const hazard = logHazard(cell);
  const hazardCotangents = { ...hazard, channels: [], weight: cell.graph.zero };
  return {
    cell,
    flow: valuesOf(functions.flow, "out, y, p, I, x"),
    flowVjp: cotangentsOf(functions.flow, "yBar, xBar, pBar, y, p, I, x, c", true, true),
    flowJvp: tangentOf(functions.flow, "out, y, p, I, x, dy, dp, dI, dx"),
    event: emit("y, p", functions.event.value, [(value) => `return ${value};`]),
    eventGradient: cotangentsOf(functions.event, "yBar, pBar, y, p"),
    logHazard: emit("y, p, I", [hazard.value], [(value) => `return ${value};`]),
    logHazardGradient: cotangentsOf({ cotangents: hazardCotangents }, "yBar, pBar, y, p, I"),
    reset: valuesOf(functions.reset, "out, y, p, u"),
    resetVjp: cotangentsOf(functions.reset, "yBar, pBar, y, p, u, c"),
    resetJvp: tangentOf(functions.reset, "out, y, p, u, dy, dp"),
    receive: valuesOf(functions.receive, "out, y, p, w"),
    receiveVjp: cotangentsOf(functions.receive, "yBar, pBar, y, p, w, c"),
    receiveJvp: tangentOf(functions.receive, "out, y, p, w, dy, dp, dw"),
    start: valuesOf(functions.start, "out, p, u"),
    startVjp: cotangentsOf(functions.start, "pBar, p, u, c", false),
    startJvp: tangentOf(functions.start, "out, p, u, dp"),
    kick: valuesOf(functions.kick, "out, y, p, x"),
    kickVjp: cotangentsOf(functions.kick, "yBar, pBar, y, p, x, c"),
    kickJvp: tangentOf(functions.kick, "out, y, p, x, dy, dp"),
  };
}
