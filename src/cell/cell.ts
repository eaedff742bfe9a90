/**
 * A cell: the equations of one neuron (or of one general event SDE), given as text, checked, and held as one
 * expression graph from which value and derivative code for both WGSL and JavaScript is emitted.
 */
import { checkOptions, fail as failIn, inherited, type Names, show } from "../checks.js";
import { isPlain, quoted } from "../quoted.js";
import { checkExactness, type Exactness } from "./exactness.js";
import type { UnbiasedCondition } from "./findings.js";
import { Graph, inputNames, type Node } from "./graph.js";
import { knownFunctions, listed, parseEquation } from "./parse.js";
import type { Event, Input, Jump } from "./tables.js";
import { anyUse, checkUnbiased } from "./unbiased.js";

/** A cell as a user writes it. All equations are text; times are in the unit of the parameters. */
export interface CellDefinition {
  name: string;
  /** Drift of each state variable, dy/dt, in terms of states, parameters and the input current `I`. */
  state: Record<string, string>;
  /** Noise amplitude of a state variable: one independent Brownian channel each, in the Stratonovich sense. */
  noise?: Record<string, string>;
  /** Event function: the neuron fires when it crosses zero upwards. */
  event: string;
  /** What the neuron that fired becomes; may use a fresh uniform `u` in (0, 1]. Others stay as they are. */
  reset?: Record<string, string>;
  /** What a target becomes when a spike of weight `w` arrives. */
  receive?: Record<string, string>;
  /** Initial state in terms of parameters and a uniform `u`; 0 where not given. */
  start?: Record<string, string>;
  /** Parameters and their defaults. */
  parameters: Record<string, number>;
  /** Parameters that must be above 0, such as time constants: other values are refused, at first and in training. */
  positive?: string[];
  /** Units of parameters and state variables, for tables and figures: text that nothing is computed with. */
  units?: Record<string, string>;
}

const cellNames: Names<CellDefinition> = {
  name: true,
  state: true,
  noise: true,
  event: true,
  reset: true,
  receive: true,
  start: true,
  parameters: true,
  positive: true,
  units: true,
};

export interface Channel {
  /** Index of the state variable that the channel drives. */
  readonly state: number;
  /** Its amplitude g(y, θ). */
  readonly amplitude: Node;
}

export interface Cell {
  readonly definition: CellDefinition;
  readonly name: string;
  /** @internal */
  readonly graph: Graph;
  readonly states: readonly string[];
  readonly parameters: readonly string[];
  readonly defaults: Readonly<Record<string, number>>;
  /** Parameters that must be above 0. */
  readonly positive: readonly string[];
  /** @internal */
  readonly channels: readonly Channel[];
  /** @internal */
  readonly drift: readonly Node[];
  /** @internal reset, receive and start. */
  readonly jumps: readonly Jump[];
  /** @internal */
  readonly events: readonly Event[];
  /** Whether no noise amplitude depends on the state; then Itô and Stratonovich agree and `euler` may be used. */
  readonly additiveNoise: boolean;
  /** Whether the drift uses the input current `I`. */
  readonly usesCurrent: boolean;
  /** Whether pathwise gradients of this cell are exact, condition by condition. */
  readonly exactness: Exactness;
  /**
   * Whether means of pathwise gradients are derivatives of means, condition by condition, for any use of the cell: with
   * noise, and in a network where spikes arrive. Results say what holds for their own job (`ValueAndGradient.unbiased`).
   */
  readonly unbiased: readonly UnbiasedCondition[];
}

export const stateInput = (name: string): string => `y.${name}`;
export const parameterInput = (name: string): string => `p.${name}`;

const reserved = new Set(["I", "u", "w", "t", "pi", ...knownFunctions.keys()]);
/** Parameters of the network, beside the cell's. */
const networkParameters = new Set(["weights", "current"]);
const identifier = /^[A-Za-z][A-Za-z0-9_]{0,63}$/;
const maximumStates = 32;
const maximumParameters = 256;
const maximumName = 100;

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Parses and checks a cell.
 * @throws SaltationError `invalid-input` naming the equation and what is wrong in it.
 */
export function defineCell(definition: CellDefinition): Cell {
  const fail = (field: string, what: string): never => failIn(`cell.${field}`, what);
  checkOptions("cell", definition, cellNames);
  const { name } = definition;
  if (typeof name !== "string" || name === "") fail("name", `expected a name, got ${show(name)}`);
  if (name.length > maximumName)
    fail("name", `${quoted(name)} is ${name.length} characters long; at most ${maximumName} are taken`);
  if (!isPlain(name)) fail("name", `${quoted(name)} has control characters; take them out`);
  for (const key of ["state", "parameters"] as const) {
    if (!isRecord(definition[key])) fail(key, `expected an object, got ${show(definition[key])}`);
  }
  for (const key of ["noise", "reset", "receive", "start", "units"] as const) {
    if (definition[key] !== undefined && !isRecord(definition[key])) {
      fail(key, `expected an object of ${key === "units" ? "texts" : "equations"}, got ${show(definition[key])}`);
    }
  }

  const states = Object.keys(definition.state);
  const parameters = Object.keys(definition.parameters);
  if (states.length === 0) fail("state", "a cell needs at least one state variable");
  if (states.length > maximumStates) fail("state", `${states.length} variables; at most ${maximumStates} are taken`);
  if (parameters.length > maximumParameters)
    fail("parameters", `${parameters.length} parameters; at most ${maximumParameters} are taken`);
  /** A field by a name that may be anything. */
  const at = (section: string, n: string): string => `${section}.${/^\w{1,64}$/.test(n) ? n : quoted(n)}`;
  for (const [section, list] of [
    ["state", states],
    ["parameters", parameters],
  ] as const) {
    for (const n of list) {
      if (!identifier.test(n))
        fail(at(section, n), "a name is a letter followed by letters, digits or _, 64 characters at most");
      const trouble = inherited(n);
      if (trouble) fail(`${section}.${n}`, trouble);
      if (section === "parameters" && networkParameters.has(n))
        fail(`parameters.${n}`, `"${n}" is a parameter of every network; choose another name`);
      if (reserved.has(n)) fail(`${section}.${n}`, `"${n}" has a meaning of its own; choose another name`);
      if (section === "parameters" && states.includes(n))
        fail(`parameters.${n}`, "is a state variable too; rename one");
    }
  }
  for (const n of parameters) {
    const value = definition.parameters[n];
    if (typeof value !== "number" || !Number.isFinite(value)) {
      fail(`parameters.${n}`, `expected a finite number as default, got ${show(value)}`);
    }
  }

  const positive = definition.positive ?? [];
  if (!Array.isArray(positive)) fail("positive", `expected a list of parameters, got ${show(positive)}`);
  positive.forEach((n, i) => {
    if (!parameters.includes(n)) fail(`positive[${i}]`, `no such parameter: ${show(n)}; known: ${listed(parameters)}`);
    const value = definition.parameters[n]!;
    if (value <= 0) fail(`parameters.${n}`, `expected a default above 0, as "positive" says, got ${value}`);
  });

  const measured = [...parameters, ...states];
  for (const [n, unit] of Object.entries(definition.units ?? {})) {
    if (typeof unit !== "string" || unit.length > maximumName || !isPlain(unit))
      fail(at("units", n), `expected a short text, got ${show(unit)}`);
    if (!measured.includes(n)) fail(at("units", n), `no such parameter or state variable; known: ${listed(measured)}`);
  }

  const g = new Graph();
  for (const n of positive) g.positive.add(parameterInput(n));
  const y = states.map((n) => [n, g.input(stateInput(n))] as const);
  const p = parameters.map((n) => [n, g.input(parameterInput(n))] as const);
  /** Names that an equation may use. */
  const scope = (...inputs: Input[]): Map<string, Node> =>
    new Map([
      ...(inputs.includes("y") ? y : []),
      ...p,
      ...inputs.filter((n) => n !== "y").map((n) => [n, g.input(n)] as const),
    ]);

  /** A jump of one equation per state; a state without one stays, or is 0 where states are made anew. */
  const jump = (name: "reset" | "receive" | "start", ...inputs: Input[]): Jump => {
    const [equations, names] = [definition[name] ?? {}, scope(...inputs)];
    for (const n of Object.keys(equations)) {
      if (!states.includes(n)) fail(at(name, n), `no such state variable; known: ${listed(states)}`);
    }
    const value = states.map((n) => {
      if (n in equations) return parseEquation(g, `cell.${name}.${n}`, equations[n], names);
      return names.get(n) ?? g.zero;
    });
    return { name, value, inputs };
  };

  const drift = states.map((n) => parseEquation(g, `cell.state.${n}`, definition.state[n], scope("y", "I")));
  const noise = definition.noise ?? {};
  for (const n of Object.keys(noise)) {
    if (!states.includes(n)) fail(at("noise", n), `no such state variable; known: ${listed(states)}`);
  }
  const channels = states.flatMap((n, state) =>
    n in noise ? [{ state, amplitude: parseEquation(g, `cell.noise.${n}`, noise[n], scope("y")) }] : [],
  );
  const surface = parseEquation(g, "cell.event", definition.event, scope("y"));
  const reset = jump("reset", "y", "u");
  const jumps = [reset, jump("receive", "y", "w"), jump("start", "u")];
  const events = [{ name: "spike", surface, jump: reset, emits: true, terminal: false }];

  const stateInputs = new Set(states.map(stateInput));
  const additiveNoise = channels.every((c) => [...inputNames([c.amplitude])].every((n) => !stateInputs.has(n)));
  const unchecked = {
    definition,
    name,
    graph: g,
    states,
    parameters,
    defaults: { ...definition.parameters },
    positive,
    channels,
    drift,
    jumps,
    events,
    additiveNoise,
    usesCurrent: inputNames(drift).has("I"),
  };
  let unbiased: readonly UnbiasedCondition[] | undefined;
  return {
    ...unchecked,
    exactness: checkExactness(unchecked),
    // Judged when it is asked for: it takes some milliseconds.
    get unbiased() {
      unbiased ??= checkUnbiased(unchecked, anyUse(unchecked));
      return unbiased;
    },
  };
}
