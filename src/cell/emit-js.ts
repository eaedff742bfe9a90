/**
 * Expression graph → JavaScript in float64. The emitted text holds nothing of what a user wrote: only numbers,
 * operators, `Math` functions, array reads at fixed positions and temporaries named t0, t1, …
 */
import type { Cell } from "./cell.js";
import { parameterInput, stateInput } from "./cell.js";
import { emitter } from "./emitter.js";
import { type CellFunction, type CellFunctions, cellFunctions, nonZero } from "./functions.js";
import { erf, isConstant, type Node, reachable } from "./graph.js";
import { integratedHazard, logHazard } from "./hazard.js";
import { javascript } from "./javascript.js";
import { draws, type Input, portName } from "./tables.js";

type Vector = Float64Array;

/**
 * A cell's functions in float64. Arrays: states y, yBar, c [states]; parameters p [parameters]; pBar [parameters + 1], the last
 * entry the cotangent of the current; x [channels]. `…Gradient` assigns yBar and *adds* to pBar. `…Vjp` does so to those of
 * `bar`, and returns the cotangent of the weight.
 *
 * Each takes what its row of the tables reads, one by one: they are emitted, and the twin calls them at every stage of a step.
 *
 * These are the functions that solvers call. Every row of the cell's tables has such functions under its name: a jump
 * called "blast" has blast, blastVjp and blastJvp; of several events the second has event_1 and event_1Gradient.
 */

/** Cotangents of what a function reads: those of states and channels are assigned, those of parameters are added to. */
export interface Cotangents {
  /** [states]; may be the array of what is put in. */
  readonly y: Vector;
  /** [channels], of a flow. */
  readonly x?: Vector;
  /** [parameters + 1], the last of the current. */
  readonly p: Vector;
}

/** A direction in what a function reads: of states, parameters, current, weight, channels. */
export interface Direction {
  readonly y: Vector;
  readonly p: Vector;
  readonly I?: number;
  readonly w?: number;
  readonly x?: Vector;
}

/** An event's surface and jump. */
export interface Happening {
  readonly emits: boolean;
  readonly terminal: boolean;
  readonly peaks: boolean;
  /** Whether it takes a fresh uniform. */
  readonly draws: boolean;
  surface(y: Vector, p: Vector): number;
  surfaceGradient(yBar: Vector, pBar: Vector, y: Vector, p: Vector): void;
  jump(out: Vector, y: Vector, p: Vector, u: number): void;
  jumpVjp(bar: Cotangents, y: Vector, p: Vector, u: number, c: Vector): void;
  jumpJvp(out: Vector, y: Vector, p: Vector, u: number, d: Direction): void;
}

/** What arrives at a port does. */
export interface Port {
  receive(out: Vector, y: Vector, p: Vector, w: number): void;
  receiveVjp(bar: Cotangents, y: Vector, p: Vector, w: number, c: Vector): number;
  receiveJvp(out: Vector, y: Vector, p: Vector, w: number, d: Required<Pick<Direction, "y" | "p" | "w">>): void;
}

export interface CompiledCell {
  readonly cell: Cell;
  /** What each event does, by its number in the cell's table. */
  readonly happenings: readonly Happening[];
  /** By their numbers. */
  readonly ports: readonly Port[];
  /** Random numbers beside u, which jumps of events and the start read: set before these are called. */
  readonly further: Vector;
  flow(out: Vector, y: Vector, p: Vector, I: number, x: Vector): void;
  flowVjp(bar: Required<Cotangents>, y: Vector, p: Vector, I: number, x: Vector, c: Vector): void;
  flowJvp(out: Vector, y: Vector, p: Vector, I: number, x: Vector, d: Required<Omit<Direction, "w">>): void;
  /** Which states have rates that they are integrated by, where there are such. */
  readonly rated?: readonly boolean[];
  /** Rates of states that are integrated by them, where there are such; 0 of others. */
  rates?(out: Vector, y: Vector, p: Vector): void;
  ratesVjp?(bar: Cotangents, y: Vector, p: Vector, c: Vector): void;
  ratesJvp?(out: Vector, y: Vector, p: Vector, d: Direction): void;
  /** The highest of the surfaces of events. */
  event(y: Vector, p: Vector): number;
  eventGradient(yBar: Vector, pBar: Vector, y: Vector, p: Vector): void;
  /** log λ of the event, see hazard.ts. */
  logHazard(y: Vector, p: Vector, I: number): number;
  logHazardGradient(yBar: Vector, pBar: Vector, y: Vector, p: Vector, I: number): void;
  /** The hazard integrated since the spike before, less α, where uniforms are 1: the event function of the spike. */
  integrated(y: Vector, p: Vector): number;
  integratedGradient(yBar: Vector, pBar: Vector, y: Vector, p: Vector): void;
  start(out: Vector, p: Vector, u: number): void;
  startVjp(bar: Pick<Cotangents, "p">, p: Vector, u: number, c: Vector): void;
  startJvp(out: Vector, p: Vector, u: number, d: Pick<Direction, "p">): void;
  kick(out: Vector, y: Vector, p: Vector, x: Vector): void;
  kickVjp(bar: Cotangents, y: Vector, p: Vector, x: Vector, c: Vector): void;
  kickJvp(out: Vector, y: Vector, p: Vector, x: Vector, d: Direction): void;
}

/** How each input of the graph is read in the emitted text. */
function inputReads({ states, parameters, channels, furtherRandom }: Cell): Map<string, string> {
  const reads = new Map(["I", "u", "w", "dI", "dw"].map((n) => [n, n] as const));
  states.forEach((n, i) => {
    reads.set(stateInput(n), `y[${i}]`).set(`c.${n}`, `c[${i}]`).set(`dy.${n}`, `dy[${i}]`);
  });
  parameters.forEach((n, i) => {
    reads.set(parameterInput(n), `p[${i}]`).set(`dp.${n}`, `dp[${i}]`);
  });
  furtherRandom.forEach(({ input }, i) => {
    reads.set(input, `m.further[${i}]`);
  });
  channels.forEach((_, i) => {
    reads.set(`x.${i}`, `x[${i}]`).set(`dx.${i}`, `dx[${i}]`);
  });
  return reads;
}

/** What stands for what a function reads, and for the direction of its derivative. */
const argument: Record<Input, string> = { y: "y", I: "I", u: "u", w: "w", x: "x", dW: "x" };
const tangentArgument: { readonly [input in Input]?: string } = { y: "dy", I: "dI", w: "dw", x: "dx" };

/** Those that what is read stands for, the parameters' after the states'. */
function listed(inputs: readonly Input[], names: { readonly [input in Input]?: string }, parameters: string): string[] {
  const others = inputs.filter((input) => input !== "y").flatMap((input) => names[input] ?? []);
  return [...(inputs.includes("y") ? [names.y!] : []), parameters, ...others];
}

type Target = (value: string) => string;

const returned: Target = (value) => `return ${value};`;
const assigned = (array: string, { length }: readonly Node[]): Target[] =>
  Array.from({ length }, (_, i) => (value: string) => `${array}[${i}] = ${value};`);

/** Compiles a cell's functions to JavaScript. */
export function compileCell(cell: Cell, functions: CellFunctions = cellFunctions(cell)): CompiledCell {
  const emit = emitter(javascript, inputReads(cell));
  const members: string[] = [];
  /** @param taken what takes an argument apart. */
  const define = (
    name: string,
    args: readonly string[],
    nodes: readonly Node[],
    targets: readonly Target[],
    taken: readonly string[] = [],
  ): void => {
    // In the order in which the graph was built.
    const order = reachable(nodes);
    const { lines, names } = emit([...order, ...nodes]);
    const writes = names.slice(order.length).map((name, i) => targets[i]!(name));
    members.push(`${name}: (${args.join(", ")}) => {\n${[...taken, ...lines, ...writes].join("\n")}\n}`);
  };
  const read = ({ inputs }: Pick<CellFunction, "inputs">): string[] => listed(inputs, argument, "p");
  const defineGradient = (name: string, f: Omit<CellFunction, "tangent">, ...seeds: string[]): void => {
    const { states, parameters, channels, current, weight } = f.cotangents;
    const [yBar, xBar] = [f.inputs.includes("y") ? states : [], f.inputs.includes("x") ? channels : []];
    const used = nonZero(parameters);
    const bars = [...(yBar.length > 0 ? ["yBar"] : []), ...(f.inputs.includes("x") ? ["xBar"] : []), "pBar"];
    const alone = seeds.length === 0;
    const added =
      (i: number): Target =>
      (value) =>
        value === "0" ? "" : `pBar[${i}] += ${value};`;
    define(
      name,
      [...(alone ? bars : ["bar"]), ...read(f), ...seeds],
      [...yBar, ...xBar, ...used.map((i) => parameters[i]!), current, weight],
      [...assigned("yBar", yBar), ...assigned("xBar", xBar), ...used.map(added), added(parameters.length), returned],
      alone ? [] : bars.map((name) => `const ${name} = bar.${name[0]};`),
    );
  };

  const { flow, events, event, jumps, rates } = functions;
  for (const f of [flow, ...jumps, ...(rates ? [rates] : [])]) {
    const out = assigned("out", f.value);
    define(f.name, ["out", ...read(f)], f.value, out);
    defineGradient(`${f.name}Vjp`, f, "c");
    const along = listed(f.inputs, tangentArgument, "dp").map((name) => `const ${name} = d.${name[1]};`);
    define(`${f.name}Jvp`, ["out", ...read(f), "d"], f.tangent, out, along);
  }
  for (const e of new Set([event, ...events])) {
    define(e.name, read(e), e.value, [returned]);
    defineGradient(`${e.name}Gradient`, e);
  }
  const rows = cell.events.map((event, e) => {
    const [surface, { name }] = [events[e]!.name, event.jump];
    const { emits, terminal, peaks } = event;
    const facts = Object.entries({ emits, terminal, peaks, draws: draws(event) }).map(([key, is]) => `${key}: ${is}`);
    const own = [`surface: m.${surface}`, `surfaceGradient: m.${surface}Gradient`];
    const jumps = [`jump: m.${name}`, `jumpVjp: m.${name}Vjp`, `jumpJvp: m.${name}Jvp`];
    return `{ ${[...facts, ...own, ...jumps].join(", ")} }`;
  });
  const ports = cell.ports.map((_, i) => {
    const name = portName(i);
    return `{ receive: m.${name}, receiveVjp: m.${name}Vjp, receiveJvp: m.${name}Jvp }`;
  });
  const hazard = logHazard(cell);
  define("logHazard", read(hazard), hazard.value, [returned]);
  defineGradient("logHazardGradient", hazard);
  const integrated = integratedHazard(cell);
  define("integrated", read(integrated), integrated.value, [returned]);
  defineGradient("integratedGradient", integrated);
  // One literal of them all: engines call its members at twice the speed of those added one by one.
  const text = `"use strict"; const m = { cell, happenings: [], ports: [], further: new Float64Array(${cell.furtherRandom.length}), ${members.join(", ")} };
m.happenings.push(${rows.join(", ")}); m.ports.push(${ports.join(", ")}); return m;`;
  const compiled = new Function("cell", "erf", text)(cell, erf);
  return rates ? Object.assign(compiled, { rated: rates.value.map((rate) => !isConstant(rate, 0)) }) : compiled;
}
