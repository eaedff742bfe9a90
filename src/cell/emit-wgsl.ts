/**
 * The WGSL of a cell. Kernels know no equations: they are written against the names emitted here (State, Slope,
 * cell_flow, cell_reset, …), those of jumps and events from the cell's tables. The emitted text holds nothing of what a
 * user wrote but numbers.
 *
 * What depends on parameters alone is computed once per neuron, in `cell_prepare`, and divisions by it become products.
 * Values that flow and its derivative share and that are dear (exponentials, divisions, …) are kept by `cell_flow_kept`
 * for `cell_flow_vjp`. Where increments are carried, states and the accumulators of gradients are (state-struct.ts).
 */
import { carryFunction } from "../../shaders/shared/carry.wgsl.js";
import { specialFunctions } from "../../shaders/shared/special.wgsl.js";
import type { Cell } from "./cell.js";
import { parameterInput, stateInput } from "./cell.js";
import { emitter, Invariants } from "./emitter.js";
import { eventTable, portTable } from "./event-table.js";
import { type CellFunction, type CellFunctions, cellFunctions, dear, nonZero } from "./functions.js";
import { type Graph, isConstant, type Node, reachable } from "./graph.js";
import { integratedHazard, logHazard } from "./hazard.js";
import type { OwnRateFunctions } from "./own-rates-wgsl.js";
import { stateStruct } from "./state-struct.js";
import type { Input } from "./tables.js";
import { wgsl } from "./wgsl.js";

export interface WgslCellOptions {
  /** Noise channels that are switched on, by index. */
  channels: readonly number[];
  /** Parameters, by index, whose gradients are accumulated in grad_<index>; tangents are along these alone, of all where it is missing. */
  gradients?: readonly number[];
  /** Whether the current's gradient is accumulated in grad_current, or tangents are along it. */
  currentGradient?: boolean;
  /** Also emit derivatives (for backward kernels), or full tangents (for sensitivity kernels). */
  derivatives?: "none" | "reverse" | "forward";
  /**
   * Also emit the logarithm of the hazard, with its derivative where derivatives are `reverse`; and where there are several
   * events, the integrated hazard as that of the spike.
   */
  hazard?: boolean;
  /** Whether states, their derivatives and gradients carry what rounding leaves of them. */
  carried?: boolean;
  /** What states with rates of their own need beside these (own-rates-wgsl.ts), where there are such. */
  ownRates?: OwnRateFunctions;
}

/** Arguments of a function, and of its derivative along a direction, that stand for what it reads. */
const argument: { readonly [input in Input]: string } = {
  y: "y: State",
  I: "current: f32",
  u: "u: f32",
  w: "w: f32",
  x: "x: Slope",
  dW: "x: Slope",
};
const tangentArgument: { readonly [input in Input]?: string } = {
  y: "dy: State",
  I: "d_current: f32",
  w: "d_weight: f32",
  x: "dx: Slope",
};

/** How each input of the graph is read in the emitted text. */
function inputReads({ states, parameters, furtherRandom }: Cell, channels: readonly number[]): Map<string, string> {
  const reads = new Map([
    ["I", "current"],
    ["u", "u"],
    ["w", "w"],
    ["dI", "d_current"],
    ["dw", "d_weight"],
  ]);
  states.forEach((n, i) => {
    reads.set(stateInput(n), `y.y${i}`).set(`c.${n}`, `c.y${i}`).set(`dy.${n}`, `dy.y${i}`);
  });
  parameters.forEach((n, i) => {
    reads.set(parameterInput(n), `par_${i}`).set(`dp.${n}`, `dpar_${i}`);
  });
  furtherRandom.forEach(({ input }, i) => {
    reads.set(input, `draw_${i + 1}`);
  });
  channels.forEach((c, i) => {
    reads.set(`x.${c}`, `x.x${i}`).set(`dx.${c}`, `dx.x${i}`);
  });
  return reads;
}

/** What a function adds to one of its inputs, where it does no more than that: zero where it gives the input back. */
function incrementOf(graph: Graph, node: Node, input: string): Node | undefined {
  if (node.op === "input" && node.name === input) return graph.zero;
  const [a, b] = node.args as [Node, Node];
  if (node.op === "sub") {
    const left = incrementOf(graph, a, input);
    return left && graph.sub(left, b);
  }
  if (node.op !== "add") return undefined;
  const left = incrementOf(graph, a, input);
  if (left) return graph.add(left, b);
  const right = incrementOf(graph, b, input);
  return right && graph.add(a, right);
}

/** A variable that cotangents are added to. */
const accumulator = (name: string, carried: boolean): string[] =>
  carried
    ? [
        `var<private> ${name}: f32;`,
        `var<private> low_${name}: f32;`,
        `fn add_${name}(d: f32) { let j = add_carrying(${name}, low_${name}, d); ${name} = j.x; low_${name} = j.y; }`,
      ]
    : [`var<private> ${name}: f32;`];

/** Emits the cell module of a kernel. */
export function emitCellWgsl(
  cell: Cell,
  options: WgslCellOptions,
  functions: CellFunctions = cellFunctions(cell, options.channels),
): string {
  const { graph: g } = cell;
  const { channels, derivatives = "none", carried = false, currentGradient = false } = options;
  const { flow, events, event, jumps, rates } = functions;
  const requested = new Set(options.gradients ?? []);
  const invariants = new Invariants(g);
  const reads = inputReads(cell, channels);
  const emit = emitter(wgsl, reads, invariants);
  const state = stateStruct(cell.states.length, carried);
  /** Of a single event its function is the integrated hazard. */
  const integrated = options.hazard && events.length > 1 ? [integratedHazard(cell)] : [];
  const surfaces = new Set([event, ...events, ...integrated]);

  const text: string[] = [];
  const define = (
    name: string,
    args: readonly string[],
    result: string,
    lines: readonly string[],
    value: string,
  ): void => {
    text.push(`fn cell_${name}(${args.join(", ")})${result && ` -> ${result}`} {`, ...lines);
    text.push(...(value ? [`  return ${value};`] : []), "}");
  };
  const read = ({ inputs }: Pick<CellFunction, "inputs">): string[] => inputs.map((input) => argument[input]);
  const readAlong = (f: CellFunction): string[] => [
    ...read(f),
    ...f.inputs.flatMap((input) => tangentArgument[input] ?? []),
  ];

  const defineNumber = (name: string, args: readonly string[], node: Node): void => {
    const { lines, names } = emit([node]);
    define(name, args, "f32", lines, names[0]!);
  };
  const defineState = (name: string, args: readonly string[], nodes: readonly Node[]): void => {
    const { lines, names } = emit(nodes);
    define(name, args, "State", lines, state.of(names));
  };

  /** The cotangents of parameters and current that are asked for, and statements that add them up. */
  const gradients = ({ cotangents }: Pick<CellFunction, "cotangents">, scale = "") => {
    const { parameters, current } = cotangents;
    const wanted: [string, Node][] = nonZero(parameters)
      .filter((i) => requested.has(i))
      .map((i) => [`grad_${i}`, parameters[i]!]);
    if (currentGradient && !isConstant(current, 0)) wanted.push(["grad_current", current]);
    return {
      nodes: wanted.map(([, node]) => node),
      added: (names: readonly string[]): string[] =>
        wanted.map(([to], i) => (carried ? `  add_${to}(${scale}${names[i]!});` : `  ${to} += ${scale}${names[i]!};`)),
    };
  };
  /** A function that does nothing but add up gradients. */
  const defineGradients = (
    name: string,
    args: readonly string[],
    f: Pick<CellFunction, "cotangents">,
    scale = "",
  ): void => {
    const { nodes, added } = gradients(f, scale);
    const { lines, names } = emit(nodes);
    define(name, args, "", [...lines, ...added(names)], "");
  };

  /**
   * A function from states (or cotangents, or tangents) to such: what it only adds to is carried.
   * @param from the argument that the results stem from.
   */
  const defineJump = (
    name: string,
    args: readonly string[],
    nodes: readonly Node[],
    from: "y" | "c" | "dy",
    gradient = { nodes: [] as Node[], added: (_: readonly string[]): string[] => [] },
  ): void => {
    const increments = nodes.map((n, i) => (carried ? incrementOf(g, n, `${from}.${cell.states[i]!}`) : undefined));
    const { lines, names } = emit([...nodes.map((n, i) => increments[i] ?? n), ...gradient.nodes]);
    lines.push(...gradient.added(names.slice(nodes.length)));
    const [highs, lows] = [names.slice(0, nodes.length), nodes.map(() => "0.0f")];
    increments.forEach((increment, i) => {
      if (!increment) return;
      const [y, rest] = [`${from}.y${i}`, `${from}.${state.low(i)}`];
      const still = isConstant(increment, 0);
      if (!still) lines.push(`  let j${i} = add_carrying(${y}, ${rest}, ${names[i]!});`);
      highs[i] = still ? y : `j${i}.x`;
      lows[i] = still ? rest : `j${i}.y`;
    });
    define(name, args, "State", lines, state.of(highs, lows));
  };

  // Values.
  defineState("flow", read(flow), flow.value);
  defineState("drift", [argument.y, argument.I], cell.drift);
  for (const e of surfaces) {
    // To first order, with what is left of the states.
    const slopes = carried ? nonZero(e.cotangents.states) : [];
    const { lines, names } = emit([...e.value, ...slopes.map((i) => e.cotangents.states[i]!)]);
    const rest = slopes.map((i, n) => `${names[n + 1]!} * y.${state.low(i)}`).join(" + ");
    define(e.name, read(e), "f32", lines, `${names[0]!}${rest && ` + (${rest})`}`);
    defineState(`${e.name}_gradient`, read(e), e.cotangents.states);
  }
  for (const jump of jumps) defineJump(jump.name, read(jump), jump.value, "y");
  if (rates) {
    defineState(rates.name, read(rates), rates.value);
    if (derivatives === "reverse") defineGradients(`${rates.name}_vjp`, [...read(rates), "c: State"], rates);
    if (derivatives === "forward") defineState(`${rates.name}_jvp`, readAlong(rates), rates.tangent);
    const own = rates.value.map((rate) => !isConstant(rate, 0));
    text.push(...options.ownRates!(state, own, derivatives !== "none"));
  }

  if (options.hazard) {
    const hazard = logHazard(cell);
    const { lines, names } = emit(hazard.value);
    // Here an exponential that float32 does not hold is infinite, and so is told; elsewhere it stays the largest number.
    text.push(
      "fn exp_or_infinite(x: f32) -> f32 {",
      "  let y = sal_exp(x);",
      "  return select(y, y * x, x > 88.37f);",
      "}",
    );
    const told = lines.map((line) => line.replaceAll("sal_exp(", "exp_or_infinite("));
    define(hazard.name, read(hazard), "f32", told, names[0]!);
    if (derivatives === "reverse")
      defineJump(`${hazard.name}_vjp`, read(hazard), hazard.cotangents.states, "c", gradients(hazard));
  }

  const kept: Node[] = [];
  if (derivatives === "reverse") {
    const { states: yBar, channels: xBar } = flow.cotangents;
    const { nodes, added } = gradients(flow);
    const roots = [...yBar, ...xBar, ...nodes];
    const inFlow = new Set(reachable(flow.value));
    kept.push(...reachable(roots).filter((n) => inFlow.has(n) && dear.has(n.op) && !invariants.covers(n)));
    {
      const { lines, names } = emit([...flow.value, ...kept]);
      const value = [state.of(names.slice(0, flow.value.length)), ...names.slice(flow.value.length)].join(", ");
      define("flow_kept", read(flow), "FlowKept", lines, `FlowKept(${value})`);
    }
    {
      const { lines, names } = emit(roots, new Map(kept.map((n, i) => [n, `kept.k${i}`] as const)));
      const xNames = names.slice(yBar.length, yBar.length + xBar.length);
      lines.push(...added(names.slice(yBar.length + xBar.length)));
      const slope = xNames.length > 0 ? `Slope(${xNames.join(", ")})` : "Slope(0.0f)";
      const value = `FlowCotangent(${state.of(names.slice(0, yBar.length))}, ${slope})`;
      define("flow_vjp", [...read(flow), "kept: FlowKept", "c: State"], "FlowCotangent", lines, value);
    }
    const [moving, making] = [true, false].map((reads) => jumps.filter((j) => j.inputs.includes("y") === reads));
    for (const jump of moving!)
      defineJump(`${jump.name}_vjp`, [...read(jump), "c: State"], jump.cotangents.states, "c", gradients(jump));
    for (const jump of jumps.filter((j) => j.inputs.includes("w")))
      defineNumber(`${jump.name}_weight`, [...read(jump), "c: State"], jump.cotangents.weight);
    for (const jump of making!) defineGradients(`${jump.name}_vjp`, [...read(jump), "c: State"], jump);
    for (const e of surfaces) defineGradients(`${e.name}_parameters`, [...read(e), "scale: f32"], e, "scale * ");
  }
  if (derivatives !== "none") {
    // Tangent with parameters and current held fixed: what the derivative of a sub-step by its length needs.
    const still = new Map([...cell.parameters.map((n) => `dp.${n}`), "dI"].map((n) => [g.input(n), g.zero] as const));
    const nodes = flow.tangent.map((n) => g.substitute(n, still));
    defineState("flow_jvp_fixed", [...read(flow), "dy: State", "dx: Slope"], nodes);
  }
  if (derivatives === "forward") {
    // Along what is asked for; the rest stays.
    const fixed = [
      ...cell.parameters.flatMap((n, i) => (options.gradients && !requested.has(i) ? [`dp.${n}`] : [])),
      ...(options.gradients && !currentGradient ? ["dI"] : []),
    ].map((n) => [g.input(n), g.zero] as const);
    const along = ({ tangent }: CellFunction): Node[] => tangent.map((n) => g.substitute(n, new Map(fixed)));
    defineState("flow_jvp", readAlong(flow), along(flow));
    for (const jump of jumps) defineJump(`${jump.name}_jvp`, readAlong(jump), along(jump), "dy");
    for (const e of events) defineNumber(`${e.name}_jvp`, readAlong(e), along(e)[0]!);
  }
  text.push(portTable(cell, derivatives), eventTable(cell, derivatives));

  // `cell_prepare` comes last: by now all invariants are known.
  const { lines: prepare, names: prepared } = emitter(wgsl, reads)(invariants.nodes);
  prepare.push(...invariants.nodes.map((node, i) => `  ${invariants.name(node)} = ${prepared[i]!};`));

  const variable = (name: string): string => `var<private> ${name}: f32;`;
  const struct = (name: string, fields: readonly string[]): string =>
    `struct ${name} { ${fields.map((n) => `${n}: f32`).join(", ")} }`;
  return [
    ...(carried ? [carryFunction] : []),
    struct("State", state.fields),
    struct("Slope", channels.length > 0 ? channels.map((_, i) => `x${i}`) : ["none"]),
    ...(derivatives === "reverse"
      ? [
          `struct FlowKept { f: State${kept.map((_, i) => `, k${i}: f32`).join("")} }`,
          "struct FlowCotangent { y: State, x: Slope }",
          ...[...[...requested].map((i) => `grad_${i}`), "grad_current"].flatMap((n) => accumulator(n, carried)),
        ]
      : []),
    ...cell.parameters.map((_, i) => variable(`par_${i}`)),
    ...cell.furtherRandom.map((_, i) => variable(`draw_${i + 1}`)),
    ...(derivatives === "forward" ? cell.parameters.map((_, i) => variable(`dpar_${i}`)) : []),
    ...invariants.nodes.map((node) => variable(invariants.name(node))),
    "fn cell_prepare() {",
    ...prepare,
    "}",
    ...state.functions,
    ...[specialFunctions([...prepare, ...text].join("\n"))].filter(Boolean),
    ...text,
  ].join("\n");
}
