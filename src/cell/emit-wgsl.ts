/**
 * Expression graph → WGSL. Kernels know no equations: they are written against the names emitted here (State, Slope,
 * cell_flow, cell_reset, …). The emitted text holds nothing of what a user wrote but numbers.
 *
 * What depends on parameters alone is computed once per neuron, in `cell_prepare`, and divisions by it become products.
 * Values that flow and its derivative share and that are dear (exponentials, divisions, …) are kept by `cell_flow_kept`
 * for `cell_flow_vjp`.
 *
 * Where increments are carried, a State has a second number for each state variable, what rounding left of it so far
 * (shaders/shared/carry.wgsl.ts), and so have cotangents, tangents and the accumulators of gradients.
 */
import { carryFunction } from "../../shaders/shared/carry.wgsl.js";
import { specialFunctions } from "../../shaders/shared/special.wgsl.js";
import { SaltationError } from "../errors.js";
import type { Cell } from "./cell.js";
import { parameterInput, stateInput } from "./cell.js";
import { type CellFunctions, cellFunctions, dear, nonZero } from "./functions.js";
import { type Graph, inputNames, isConstant, type Node, reachable, settle } from "./graph.js";
import { logHazard } from "./hazard.js";

export interface WgslCellOptions {
  /** Noise channels that are switched on, by index. */
  channels: readonly number[];
  /** Parameters, by index, whose gradients are accumulated in grad_<index>. */
  gradients?: readonly number[];
  /** Whether the current's gradient is accumulated in grad_current. */
  currentGradient?: boolean;
  /** Also emit derivatives (for backward kernels), or full tangents (for sensitivity kernels). */
  derivatives?: "none" | "reverse" | "forward";
  /** Also emit the logarithm of the hazard, with its derivative where derivatives are `reverse`. */
  hazard?: boolean;
  /** Whether states, their derivatives and gradients carry what rounding leaves of them. */
  carried?: boolean;
}

/** A float32 literal. @throws SaltationError for a number beyond float32. */
export function float32Literal(value: number): string {
  const f = Math.fround(value);
  if (!Number.isFinite(f)) {
    throw new SaltationError(
      "invalid-input",
      `cell: the number ${value} in its equations does not fit a 32-bit float; rescale it`,
    );
  }
  const text = String(f);
  return `${/[.e]/.test(text) ? text : `${text}.0`}f`;
}

/** A power; as little of it as base and exponent ask for, as it is long. */
function wgslPower(node: Node, a: string, b: string): string {
  const [base, exponent] = node.args as [Node, Node];
  if (base.op === "constant" && base.value > 0) return `sal_exp(${b} * sal_log(${a}))`;
  if (exponent.op !== "constant") return `sal_pow(${a}, ${b})`;
  if (!Number.isInteger(exponent.value)) return `sal_exp(${b} * sal_log_of(${a}))`;
  const size = `sal_exp(${b} * sal_log_of(abs(${a})))`;
  return exponent.value % 2 === 0 ? size : `sign(${a}) * ${size}`;
}

/** Whether an expression may be no number where its inputs are: by a root, a logarithm, a power or a quotient. */
const mayBeNaN = (root: Node): boolean =>
  reachable([root]).some(
    ({ op, args }) =>
      op === "log" ||
      op === "sqrt" ||
      op === "pow" ||
      (op === "div" && [...inputNames([args[1]!])].some((name) => !name.startsWith("p."))),
  );

const isInput = (node: Node, name: string): boolean => node.op === "input" && node.name === name;

/** One operation in WGSL; `sal_…` functions are those of shaders/shared/elementary. */
export function wgslOperation(node: Node, a: readonly string[]): string {
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
      return `-(${a[0]})`;
    case "exp":
      return `sal_exp(${a[0]})`;
    case "log":
      // A uniform u is above 0.
      return isInput(node.args[0]!, "u") ? `sal_log(${a[0]})` : `sal_log_of(${a[0]})`;
    case "pow":
      return wgslPower(node, a[0]!, a[1]!);
    case "sqrt":
      return `sal_sqrt(${a[0]})`;
    case "sin":
    case "cos":
    case "tanh":
    case "softplus":
    case "expm1":
    case "log1p":
    case "erf":
      return `sal_${node.op}(${a[0]})`;
    case "select":
      return `select(${a[3]}, ${a[2]}, ${a[0]} < ${a[1]})`;
    case "gate":
      return `select(${a[1]}, 0.0f, ${a[0]} == 0.0f)`;
    case "min":
    case "max":
      return `${node.args.some(mayBeNaN) ? "sal_" : ""}${node.op}(${a.join(", ")})`;
    default:
      return `${node.op}(${a.join(", ")})`;
  }
}

/** Collects what depends on parameters alone, across all emitted functions. */
class Invariants {
  readonly slots = new Map<Node, number>();
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

  name(node: Node): string {
    let slot = this.slots.get(node);
    if (slot === undefined) {
      slot = this.slots.size;
      this.slots.set(node, slot);
    }
    return `inv_${slot}`;
  }

  reciprocal(node: Node): string {
    return this.name(this.graph.div(this.graph.one, node));
  }
}

/** Adds a line that names a value. */
function newLine(lines: string[], value: string): string {
  const name = `t${lines.length}`;
  lines.push(`  let ${name} = ${value};`);
  return name;
}

/** What a function adds to one of its inputs, where it does no more than that: zero where it gives the input back. */
function incrementOf(graph: Graph, node: Node, input: string): Node | undefined {
  if (isInput(node, input)) return graph.zero;
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

interface Emitted {
  lines: string[];
  names: string[];
}

/** Emits the cell module of a kernel. */
export function emitCellWgsl(cell: Cell, options: WgslCellOptions, functions?: CellFunctions): string {
  const f = functions ?? cellFunctions(cell, options.channels);
  const { graph: g } = cell;
  const derivatives = options.derivatives ?? "none";
  const requested = new Set(options.gradients ?? []);
  const states = cell.states.map((_, i) => i);
  const parameterIndex = new Map(cell.parameters.map((n, i) => [parameterInput(n), i] as const));
  const invariants = new Invariants(g);

  const reads = new Map<string, string>([
    ["I", "current"],
    ["u", "u"],
    ["w", "w"],
    ["dI", "d_current"],
    ["dw", "d_weight"],
  ]);
  cell.states.forEach((n, i) => {
    reads.set(stateInput(n), `y.y${i}`).set(`c.${n}`, `c.y${i}`).set(`dy.${n}`, `dy.y${i}`);
  });
  cell.parameters.forEach((n, i) => {
    reads.set(parameterInput(n), `par_${i}`).set(`dp.${n}`, `dpar_${i}`);
  });
  options.channels.forEach((c, i) => {
    reads.set(`x.${c}`, `x.x${i}`).set(`dx.${c}`, `dx.x${i}`);
  });

  /** `given`: nodes that stand ready under a name. */
  const emit = (roots: readonly Node[], given: ReadonlyMap<Node, string> = new Map()): Emitted => {
    const names = new Map<Node, string>();
    const lines: string[] = [];
    /** The name of a node that needs no line of its own. */
    const ready = (node: Node): string | undefined => {
      if (node.op === "constant") return float32Literal(node.value);
      if (given.has(node)) return given.get(node)!;
      if (node.op === "input") return reads.get(node.name)!;
      return invariants.covers(node) ? invariants.name(node) : undefined;
    };
    const byInvariant = (node: Node): boolean =>
      node.op === "div" && invariants.covers(node.args[1]!) && node.args[1]!.op !== "constant";
    const needs = (node: Node): readonly Node[] =>
      node.op === "constant" || given.has(node) || invariants.covers(node)
        ? []
        : byInvariant(node)
          ? [node.args[0]!]
          : node.args;
    // Depth first and in argument order, so that nothing is computed that only a given or invariant node needed.
    const visit = (root: Node): string =>
      settle(root, names, needs, (node) => {
        const name = ready(node);
        if (name !== undefined) return name;
        const args = node.args.map((n) => names.get(n)!);
        const value = byInvariant(node)
          ? `${args[0]} * ${invariants.reciprocal(node.args[1]!)}`
          : wgslOperation(node, args);
        return newLine(lines, value);
      });
    const rootNames = roots.map(visit);
    return { lines, names: rootNames };
  };

  const { carried = false } = options;
  const low = (i: number): number => states.length + i;
  const noLows = states.map(() => "0.0f");
  const stateOf = (names: readonly string[], lows: readonly string[] = noLows): string =>
    `State(${[...names, ...(carried ? lows : [])].join(", ")})`;
  const text: string[] = [];
  const define = (head: string, lines: readonly string[], last: string): void => {
    text.push(`${head} {`, ...lines, ...(last ? [`  ${last}`] : []), "}");
  };
  const valueFunction = (head: string, nodes: readonly Node[]): void => {
    const { lines, names } = emit(nodes);
    define(`fn ${head} -> State`, lines, `return ${stateOf(names)};`);
  };
  /**
   * A function from states (or cotangents, or tangents) to such: what it only adds to is carried.
   * @param inputs names of the inputs that the results stem from, and what they are called in WGSL.
   * @param more roots beside the results; their names go to `after`, for statements.
   */
  const jumpFunction = (
    head: string,
    nodes: readonly Node[],
    input: (state: string) => string,
    called: string,
    more: readonly Node[] = [],
    after: (names: readonly string[]) => string[] = () => [],
  ): void => {
    const increments = nodes.map((n, i) => (carried ? incrementOf(g, n, input(cell.states[i]!)) : undefined));
    const { lines, names } = emit([...nodes.map((n, i) => increments[i] ?? n), ...more]);
    lines.push(...after(names.slice(nodes.length)));
    const [highs, lows] = [names.slice(0, nodes.length), [...noLows]];
    increments.forEach((increment, i) => {
      if (!increment) return;
      const [y, rest] = [`${called}.y${i}`, `${called}.y${low(i)}`];
      const still = isConstant(increment, 0);
      if (!still) lines.push(`  let j${i} = add_carrying(${y}, ${rest}, ${names[i]!});`);
      highs[i] = still ? y : `j${i}.x`;
      lows[i] = still ? rest : `j${i}.y`;
    });
    define(`fn ${head} -> State`, lines, `return ${stateOf(highs, lows)};`);
  };
  /** A statement that adds to an accumulator. */
  const addTo = (accumulator: string, text: string): string =>
    carried ? `  add_${accumulator}(${text});` : `  ${accumulator} += ${text};`;
  /** Statements that add parameter cotangents to their accumulators. */
  const accumulate = (indices: readonly number[], names: readonly string[], scale = ""): string[] =>
    indices.map((i, k) => addTo(`grad_${i}`, `${scale}${names[k]!}`));
  const wantedParameters = (cotangents: readonly Node[]): number[] =>
    nonZero(cotangents).filter((i) => requested.has(i));

  // Values.
  valueFunction("cell_flow(y: State, current: f32, x: Slope)", f.flow.value);
  valueFunction("cell_drift(y: State, current: f32)", cell.drift);
  {
    // To first order, with what is left of the states.
    const slopes = carried ? nonZero(f.event.cotangents.states) : [];
    const { lines, names } = emit([...f.event.value, ...slopes.map((i) => f.event.cotangents.states[i]!)]);
    const rest = slopes.map((i, n) => `${names[n + 1]!} * y.y${low(i)}`).join(" + ");
    define("fn cell_event(y: State) -> f32", lines, `return ${names[0]!}${rest && ` + (${rest})`};`);
  }
  {
    const { lines, names } = emit(f.event.cotangents.states);
    define("fn cell_event_gradient(y: State) -> State", lines, `return ${stateOf(names)};`);
  }
  jumpFunction("cell_reset(y: State, u: f32)", f.reset.value, stateInput, "y");
  jumpFunction("cell_receive(y: State, w: f32)", f.receive.value, stateInput, "y");
  valueFunction("cell_start(u: f32)", f.start.value);
  jumpFunction("cell_kick(y: State, x: Slope)", f.kick.value, stateInput, "y");

  if (options.hazard) {
    const { value, states: yBar, parameters, current } = logHazard(cell);
    const { lines, names } = emit([value]);
    // Here an exponential that float32 does not hold is infinite, and so is told; elsewhere it stays the largest number.
    text.push(
      "fn exp_or_infinite(x: f32) -> f32 {",
      "  let y = sal_exp(x);",
      "  return select(y, y * x, x > 88.37f);",
      "}",
    );
    lines.splice(0, lines.length, ...lines.map((line) => line.replaceAll("sal_exp(", "exp_or_infinite(")));
    define("fn cell_log_hazard(y: State, current: f32) -> f32", lines, `return ${names[0]!};`);
    if (derivatives === "reverse") {
      const indices = wantedParameters(parameters);
      const withCurrent = options.currentGradient && !isConstant(current, 0);
      const { lines, names } = emit([
        ...yBar,
        ...indices.map((i) => parameters[i]!),
        ...(withCurrent ? [current] : []),
      ]);
      lines.push(...accumulate(indices, names.slice(states.length)));
      if (withCurrent) lines.push(addTo("grad_current", names[names.length - 1]!));
      const gradient = stateOf(names.slice(0, states.length));
      define("fn cell_log_hazard_vjp(y: State, current: f32) -> State", lines, `return ${gradient};`);
    }
  }

  const kept: Node[] = [];
  if (derivatives === "reverse") {
    const { states: yBar, channels: xBar, parameters: pBar, current: iBar } = f.flow.cotangents;
    const used = wantedParameters(pBar);
    const withCurrent = options.currentGradient && !isConstant(iBar, 0);
    const roots = [...yBar, ...xBar, ...used.map((i) => pBar[i]!), ...(withCurrent ? [iBar] : [])];
    const inFlow = new Set(reachable(f.flow.value));
    kept.push(...reachable(roots).filter((n) => inFlow.has(n) && dear.has(n.op) && !invariants.covers(n)));
    {
      const { lines, names } = emit([...f.flow.value, ...kept]);
      const keptNames = names.slice(f.flow.value.length);
      const value = `FlowKept(${[stateOf(names.slice(0, f.flow.value.length)), ...keptNames].join(", ")})`;
      define("fn cell_flow_kept(y: State, current: f32, x: Slope) -> FlowKept", lines, `return ${value};`);
    }
    {
      const given = new Map(kept.map((n, i) => [n, `kept.k${i}`] as const));
      const { lines, names } = emit(roots, given);
      let at = 0;
      const take = (n: number): string[] => names.slice(at, (at += n));
      const yNames = take(yBar.length);
      const xNames = take(xBar.length);
      lines.push(...accumulate(used, take(used.length)));
      if (withCurrent) lines.push(addTo("grad_current", take(1)[0]!));
      const slope = xNames.length > 0 ? `Slope(${xNames.join(", ")})` : "Slope(0.0f)";
      define(
        "fn cell_flow_vjp(y: State, current: f32, x: Slope, kept: FlowKept, c: State) -> FlowCotangent",
        lines,
        `return FlowCotangent(${stateOf(yNames)}, ${slope});`,
      );
    }
    const vjp = (head: string, cotangents: { states: readonly Node[]; parameters: readonly Node[] }): void => {
      const indices = wantedParameters(cotangents.parameters);
      const parts = indices.map((i) => cotangents.parameters[i]!);
      jumpFunction(
        head,
        cotangents.states,
        (n) => `c.${n}`,
        "c",
        parts,
        (names) => accumulate(indices, names),
      );
    };
    vjp("cell_reset_vjp(y: State, u: f32, c: State)", f.reset.cotangents);
    vjp("cell_receive_vjp(y: State, w: f32, c: State)", f.receive.cotangents);
    vjp("cell_kick_vjp(y: State, x: Slope, c: State)", f.kick.cotangents);
    {
      const { lines, names } = emit([f.receive.cotangents.weight]);
      define("fn cell_receive_weight(y: State, w: f32, c: State) -> f32", lines, `return ${names[0]!};`);
    }
    {
      const indices = wantedParameters(f.start.cotangents.parameters);
      const { lines, names } = emit(indices.map((i) => f.start.cotangents.parameters[i]!));
      define("fn cell_start_vjp(u: f32, c: State)", [...lines, ...accumulate(indices, names)], "");
    }
    {
      const indices = wantedParameters(f.event.cotangents.parameters);
      const { lines, names } = emit(indices.map((i) => f.event.cotangents.parameters[i]!));
      define("fn cell_event_parameters(y: State, scale: f32)", [
        ...lines,
        ...accumulate(indices, names, "scale * "),
      ], "");
    }
  }
  if (derivatives !== "none") {
    // Tangent with parameters and current held fixed: what the derivative of a sub-step by its length needs.
    const still = new Map<Node, Node>([
      ...cell.parameters.map((n) => [g.input(`dp.${n}`), g.zero] as const),
      [g.input("dI"), g.zero] as const,
    ]);
    const nodes = f.flow.tangent.map((n) => g.substitute(n, still));
    valueFunction("cell_flow_jvp_fixed(y: State, current: f32, x: Slope, dy: State, dx: Slope)", nodes);
  }
  if (derivatives === "forward") {
    valueFunction(
      "cell_flow_jvp(y: State, current: f32, x: Slope, dy: State, d_current: f32, dx: Slope)",
      f.flow.tangent,
    );
    const along = (state: string): string => `dy.${state}`;
    jumpFunction("cell_reset_jvp(y: State, u: f32, dy: State)", f.reset.tangent, along, "dy");
    jumpFunction("cell_receive_jvp(y: State, w: f32, dy: State, d_weight: f32)", f.receive.tangent, along, "dy");
    valueFunction("cell_start_jvp(u: f32)", f.start.tangent);
    jumpFunction("cell_kick_jvp(y: State, x: Slope, dy: State)", f.kick.tangent, along, "dy");
    const { lines, names } = emit(f.event.tangent);
    define("fn cell_event_jvp(y: State, dy: State) -> f32", lines, `return ${names[0]!};`);
  }

  // `cell_prepare` comes last: by now all invariants are known. It may itself need further ones only as plain reads.
  const prepare: string[] = [];
  {
    const names = new Map<Node, string>();
    const visit = (root: Node): string =>
      settle(
        root,
        names,
        (node) => node.args,
        (node) => {
          if (node.op === "constant") return float32Literal(node.value);
          if (node.op === "input") return `par_${parameterIndex.get(node.name)!}`;
          const args = node.args.map((n) => names.get(n)!);
          return newLine(prepare, wgslOperation(node, args));
        },
      );
    const stores = [...invariants.slots].map(([node, slot]) => `  inv_${slot} = ${visit(node)};`);
    prepare.push(...stores);
  }

  const field = (list: readonly number[], letter: string): string => list.map((i) => `${letter}${i}: f32`).join(", ");
  /** A number for each state variable, and where increments are carried what is left of it. */
  const each = (template: (i: number) => string, rest: (i: number) => string): string =>
    [...states.map(template), ...(carried ? states.map((i) => rest(low(i))) : [])].join(", ");
  const nothing = (): string => "0.0f";
  const ofY = (i: number): string => `y.y${i}`;
  const choice = (i: number): string => `select(no.y${i}, yes.y${i}, c)`;
  const accumulator = (name: string): string[] =>
    carried
      ? [
          `var<private> ${name}: f32;`,
          `var<private> low_${name}: f32;`,
          `fn add_${name}(d: f32) { let j = add_carrying(${name}, low_${name}, d); ${name} = j.x; low_${name} = j.y; }`,
        ]
      : [`var<private> ${name}: f32;`];
  const slopes = options.channels.map((_, i) => i);
  return [
    ...(carried ? [carryFunction] : []),
    `struct State { ${field(carried ? [...states, ...states.map(low)] : states, "y")} }`,
    `struct Slope { ${slopes.length > 0 ? field(slopes, "x") : "none: f32"} }`,
    ...(derivatives === "reverse"
      ? [
          `struct FlowKept { f: State${kept.map((_, i) => `, k${i}: f32`).join("")} }`,
          "struct FlowCotangent { y: State, x: Slope }",
          ...[...requested].flatMap((i) => accumulator(`grad_${i}`)),
          ...accumulator("grad_current"),
        ]
      : []),
    ...cell.parameters.map((_, i) => `var<private> par_${i}: f32;`),
    ...(derivatives === "forward" ? cell.parameters.map((_, i) => `var<private> dpar_${i}: f32;`) : []),
    ...[...invariants.slots.values()].map((slot) => `var<private> inv_${slot}: f32;`),
    "fn cell_prepare() {",
    ...prepare,
    "}",
    `fn state_zero() -> State { return State(${each(nothing, nothing)}); }`,
    `fn state_axpy(y: State, a: f32, k: State) -> State { return State(${each((i) => `y.y${i} + a * k.y${i}`, ofY)}); }`,
    `fn state_scale(a: f32, k: State) -> State { return State(${each((i) => `a * k.y${i}`, nothing)}); }`,
    `fn state_add(y: State, k: State) -> State { return State(${each((i) => `y.y${i} + k.y${i}`, ofY)}); }`,
    `fn state_dot(a: State, b: State) -> f32 { return ${states.map((i) => `a.y${i} * b.y${i}`).join(" + ")}; }`,
    `fn state_select(no: State, yes: State, c: bool) -> State { return State(${each(choice, choice)}); }`,
    ...(carried
      ? [
          "// y + d, with what rounding leaves.",
          "fn state_carry(y: State, d: State) -> State {",
          ...states.map((i) => `  let j${i} = add_carrying(y.y${i}, y.y${low(i)}, d.y${i});`),
          `  return ${stateOf(
            states.map((i) => `j${i}.x`),
            states.map((i) => `j${i}.y`),
          )};`,
          "}",
        ]
      : []),
    `fn state_not_finite(y: State) -> bool { return ${states
      .map((i) => `(bitcast<u32>(y.y${i}) & 0x7f800000u) == 0x7f800000u`)
      .join(" || ")}; }`,
    ...[specialFunctions([...prepare, ...text].join("\n"))].filter(Boolean),
    ...text,
  ].join("\n");
}
