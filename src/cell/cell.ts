/**
 * A cell: the equations of one neuron (or of one general event SDE), given as text, checked, and held as one
 * expression graph from which value and derivative code for both WGSL and JavaScript is emitted.
 */
import { checkOptions, fail as failIn, inherited, type Names, show } from "../checks.js";
import { isPlain, quoted } from "../quoted.js";
import { stratonovichDrift } from "./calculus.js";
import { amplitudesOf, type Channel, channelsOf } from "./channels.js";
import { type CheckedCell, checkExactness, type Exactness } from "./exactness.js";
import { Graph, inputNames, type Node } from "./graph.js";
import { hybrid, type ParsedEvent, timeState, withTime } from "./hybrid.js";
import { type Binding, declaredInputs, type InputKind, inputNode, inputState, withInputs } from "./inputs.js";
import { Lets } from "./lets.js";
import { alongJump } from "./marcus.js";
import { knownFunctions, listed, parseEquation, refuseStairs, type Scope } from "./parse.js";
import { type MarcusJump, type PortDefinition, portsOf } from "./ports.js";
import { type FurtherRandom, type RandomKind, randomsOf } from "./random.js";
import { type Event, type Input, type Jump, portName } from "./tables.js";
import { withLevels } from "./upstroke.js";

/** An event as a user writes it. */
export interface EventDefinition {
  /** The event function: the event happens when it crosses 0 upwards. */
  when: string;
  /** What the state becomes; may use a fresh uniform `u` in (0, 1]. Others stay as they are. */
  jump?: Record<string, string>;
  /** Whether it is a spike: recorded, and sent to targets (default false). */
  emits?: boolean;
  /** Whether it ends the path (default false). */
  terminal?: boolean;
}

const eventNames: Names<EventDefinition> = { when: true, jump: true, emits: "boolean", terminal: "boolean" };

/** A cell as a user writes it. All equations are text; times are in the unit of the parameters. */
export interface CellDefinition {
  name: string;
  /** Named expressions, for use in any equation below that knows what they read; they may use one another. */
  let?: Record<string, string>;
  /** Input signals by name, that any equation may read and a network gives; default `["I"]`, the input current. */
  inputs?: string[];
  /** Drift of each state variable, dy/dt, in terms of states, parameters and inputs. */
  state: Record<string, string>;
  /** Noise amplitude of a state variable: of a Brownian motion of its own, or of some that states share, by name. */
  noise?: Record<string, string | Record<string, string>>;
  /** Noise channels, by name, that all neurons of a network have in common: one Brownian motion for all. */
  shared?: string[];
  /** In which sense noise is meant whose amplitude depends on the state: `stratonovich` (default) or `ito`. */
  calculus?: "stratonovich" | "ito";
  /** Event function: the neuron fires when it crosses zero upwards. Short for an event "spike" of `events` that emits. */
  event?: string;
  /** What the neuron that fired becomes; may use a fresh uniform `u` in (0, 1]. Others stay as they are. */
  reset?: Record<string, string>;
  /** Events by name, beside `event` or in its place; one of all must be a spike. */
  events?: Record<string, EventDefinition>;
  /**
   * What a target becomes when a spike of weight `w` arrives, by state: an equation, or the field along which the state moves
   * for a unit of fictitious time (`marcus`). Or several ports by name, such a map for each, which connections choose from:
   * `{ exc: { ge: "ge + w" }, inh: { gi: "gi + w" }, shot: { marcus: { v: "w * v" } } }`.
   */
  receive?: Record<string, string | MarcusJump> | Record<string, PortDefinition>;
  /** Random numbers by name, fresh at each jump of an event and at the start; one uniform `u` in (0, 1] by default. */
  random?: Record<string, RandomKind>;
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
  inputs: true,
  state: true,
  let: true,
  noise: true,
  shared: true,
  calculus: true,
  event: true,
  reset: true,
  events: true,
  receive: true,
  random: true,
  start: true,
  parameters: true,
  positive: true,
  units: true,
};

export interface Cell {
  readonly definition: CellDefinition;
  readonly name: string;
  /** @internal */
  readonly graph: Graph;
  /** State variables; the last `hidden` of them are no variables of the definition. */
  readonly states: readonly string[];
  /** @internal Random numbers of a jump beside the first uniform. */
  readonly furtherRandom: readonly FurtherRandom[];
  /** @internal Time, which branch of a condition flows, and whether an event must fall before it can happen. */
  readonly hidden: number;
  /** @internal The cell as it was written, without modes: what conditions on it are asked of. */
  readonly written: CheckedCell;
  /** Whether equations read the time t. */
  readonly readsTime: boolean;
  /** Names of the ports at which spikes arrive; "receive" is the one of a cell that names none. */
  readonly ports: readonly string[];
  /** Those of the definition, and inputs that are none of the flow alone, which have no default. */
  readonly parameters: readonly string[];
  readonly defaults: Readonly<Record<string, number>>;
  /** Input signals by name, with how each comes to the equations. */
  readonly inputs: ReadonlyMap<string, InputKind>;
  /** @internal The time at which paths begin. */
  readonly t0: number;
  /** Parameters that must be above 0. */
  readonly positive: readonly string[];
  /** @internal */
  readonly channels: readonly Channel[];
  /** @internal */
  readonly drift: readonly Node[];
  /** @internal Those of events, receive and start. */
  readonly jumps: readonly Jump[];
  /** @internal */
  readonly events: readonly Event[];
  /** Whether no noise amplitude depends on the state; then Itô and Stratonovich agree and `euler` may be used. */
  readonly additiveNoise: boolean;
  /** Whether an equation reads the input current `I`. */
  readonly usesCurrent: boolean;
  /** Whether pathwise gradients of this cell are exact, condition by condition. */
  readonly exactness: Exactness;
}

export const stateInput = (name: string): string => `y.${name}`;
export const parameterInput = (name: string): string => `p.${name}`;

const reserved = new Set(["I", "u", "w", "t", "pi", ...knownFunctions.keys()]);
/** Functions that came when there were cells with parameters of these names: a call tells the two apart. */
const newerFunctions = new Set(["sinh", "cosh", "floor", "ceil", "sign", "step", "mod"]);
/** Parameters of the network, beside the cell's. */
const networkParameters = new Set(["weights", "current", "delays"]);
const identifier = /^[A-Za-z][A-Za-z0-9_]{0,63}$/;
const maximumStates = 32;
const maximumParameters = 256;
const maximumLets = 256;
const maximumName = 100;
const maximumEvents = 16;

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Parses and checks a cell.
 * @throws SaltationError `invalid-input` naming the equation and what is wrong in it.
 */
export function defineCell(definition: CellDefinition): Cell {
  return define(definition, { inputs: {}, t0: 0 });
}

/** Cells of a definition as networks need them. */
const bound = new WeakMap<CellDefinition, Map<string, Cell>>();

/** A cell with its inputs and the start of time as a network has them. */
export function boundCell(cell: Cell, binding: Binding): Cell {
  const same = Object.entries(binding.inputs).every(([name, kind]) => cell.inputs.get(name) === kind);
  if (same && (binding.t0 === cell.t0 || !cell.readsTime)) return cell;
  const known = bound.get(cell.definition) ?? new Map<string, Cell>();
  bound.set(cell.definition, known);
  const key = JSON.stringify([binding.t0, Object.entries(binding.inputs)]);
  let found = known.get(key);
  if (!found) {
    found = define(cell.definition, binding);
    known.set(key, found);
  }
  return found;
}

function define(definition: CellDefinition, binding: Binding): Cell {
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
  for (const key of ["let", "noise", "reset", "events", "receive", "random", "start", "units"] as const) {
    if (definition[key] !== undefined && !isRecord(definition[key])) {
      fail(
        key,
        `expected an object of ${key === "units" ? "texts" : key === "events" ? "events" : "equations"}, got ${show(definition[key])}`,
      );
    }
  }

  const states = Object.keys(definition.state);
  const own = Object.keys(definition.parameters);
  const letNames = Object.keys(definition.let ?? {});
  if (states.length === 0) fail("state", "a cell needs at least one state variable");
  if (states.length > maximumStates) fail("state", `${states.length} variables; at most ${maximumStates} are taken`);
  if (own.length > maximumParameters)
    fail("parameters", `${own.length} parameters; at most ${maximumParameters} are taken`);
  if (letNames.length > maximumLets) fail("let", `${letNames.length} expressions; at most ${maximumLets} are taken`);
  /** A field by a name that may be anything. */
  const at = (section: string, n: string): string => `${section}.${/^\w{1,64}$/.test(n) ? n : quoted(n)}`;
  const randomNames = Object.keys(definition.random ?? {}).filter((n) => n !== "u");
  for (const [section, list] of [
    ["state", states],
    ["parameters", own],
    ["random", randomNames],
    ["let", letNames],
  ] as const) {
    for (const n of list) {
      if (!identifier.test(n))
        fail(at(section, n), "a name is a letter followed by letters, digits or _, 64 characters at most");
      const trouble = inherited(n);
      if (trouble) fail(`${section}.${n}`, trouble);
      if (section === "parameters" && networkParameters.has(n))
        fail(`parameters.${n}`, `"${n}" is a parameter of every network; choose another name`);
      if (reserved.has(n) && (section === "let" || !newerFunctions.has(n)))
        fail(`${section}.${n}`, `"${n}" has a meaning of its own; choose another name`);
      if (section !== "state" && states.includes(n)) fail(`${section}.${n}`, "is a state variable too; rename one");
      if ((section === "let" || section === "random") && own.includes(n))
        fail(`${section}.${n}`, "is a parameter too; rename one");
      if (section === "let" && randomNames.includes(n)) fail(`let.${n}`, "is a random number too; rename one");
    }
  }
  const declared = declaredInputs(definition.inputs, (n) => {
    if (states.includes(n)) return `"${n}" is a state variable too; rename one`;
    if (own.includes(n)) return `"${n}" is a parameter too; rename one`;
    if (randomNames.includes(n)) return `"${n}" is a random number too; rename one`;
    if (letNames.includes(n)) return `"${n}" is an expression of let too; rename one`;
    if (networkParameters.has(n)) return `"${n}" is a parameter of every network; choose another name`;
    return n !== "I" && reserved.has(n) ? `"${n}" has a meaning of its own; choose another name` : undefined;
  });
  const inputs = declared.map(
    (n) => [n, binding.inputs[n] ?? (n === "I" ? "current" : "constant")] as readonly [string, InputKind],
  );
  const kinds = new Map(inputs);
  for (const n of own) {
    const value = definition.parameters[n];
    if (typeof value !== "number" || !Number.isFinite(value)) {
      fail(`parameters.${n}`, `expected a finite number as default, got ${show(value)}`);
    }
  }

  const positive = definition.positive ?? [];
  if (!Array.isArray(positive)) fail("positive", `expected a list of parameters, got ${show(positive)}`);
  positive.forEach((n, i) => {
    if (!own.includes(n)) fail(`positive[${i}]`, `no such parameter: ${show(n)}; known: ${listed(own)}`);
    const value = definition.parameters[n]!;
    if (value <= 0) fail(`parameters.${n}`, `expected a default above 0, as "positive" says, got ${value}`);
  });

  const measured = [...own, ...states, ...declared];
  for (const [n, unit] of Object.entries(definition.units ?? {})) {
    if (typeof unit !== "string" || unit.length > maximumName || !isPlain(unit))
      fail(at("units", n), `expected a short text, got ${show(unit)}`);
    if (!measured.includes(n))
      fail(at("units", n), `no such parameter, state variable or input; known: ${listed(measured)}`);
  }

  const g = new Graph();
  for (const n of positive) g.positive.add(parameterInput(n));
  const y = states.map((n) => [n, g.input(stateInput(n))] as const);
  const p = own.map((n) => [n, g.input(parameterInput(n))] as const);
  /** Time is a state that flows at a rate of 1, of cells whose equations read it. */
  const time = g.input(stateInput(timeState));
  const { names: randoms, further } = randomsOf(g, definition.random);
  const start = g.constant(binding.t0);
  /** Names of what an equation may read; without y it makes states anew, at the start. */
  const known = (...read: Input[]): Map<string, Node> =>
    new Map([
      ...(read.includes("y") ? y : []),
      ...p,
      ...(read.includes("u") ? randoms : []),
      ...inputs.map(([n, kind]) => [n, inputNode(g, n, kind, read.includes("y"))] as const),
      ...read.filter((n) => n !== "y" && n !== "u").map((n) => [n, g.input(n)] as const),
      ["t", read.includes("y") ? time : start],
    ]);
  /** What stands at the start for time and for inputs that are states. */
  const atStart = new Map<Node, Node>([
    [time, start],
    ...inputs.map(([n, kind]) => [inputNode(g, n, kind, true), inputNode(g, n, kind, false)] as const),
  ]);

  const lets = letNames.length > 0 ? new Lets(g, definition.let!, known("y", "u", "w")) : undefined;
  /** Names that an equation may use. */
  const scope = (section: string, ...read: Input[]): Scope =>
    lets?.scope(known(...read), section, read.includes("y") ? undefined : atStart) ?? known(...read);
  /** An equation by which paths flow. */
  const flowing = (field: string, text: unknown, names: Scope): Node => {
    const node = parseEquation(g, field, text, names);
    refuseStairs(field, node);
    return node;
  };

  /** A jump of one equation per state; a state without one stays, or is 0 where states are made anew. */
  const jumpOf = (
    field: string,
    name: string,
    given: Readonly<Record<string, unknown>> | undefined,
    inputs: Input[],
    along: Readonly<Record<string, unknown>> = {},
  ): Jump => {
    const [equations, names] = [given ?? {}, scope(field, ...inputs)];
    for (const n of [...Object.keys(equations), ...Object.keys(along)]) {
      if (!states.includes(n)) fail(at(field, n), `no such state variable; known: ${listed(states)}`);
    }
    const within = field.endsWith(".marcus") ? "" : ".marcus";
    const fields = states.map((n) =>
      n in along ? parseEquation(g, `cell.${field}.${n}${within}`, along[n], names) : undefined,
    );
    const moved = fields.some(Boolean)
      ? alongJump(
          g,
          states.map((n) => names.get(n)!),
          fields,
        )
      : [];
    const value = states.map((n, i) => {
      if (fields[i]) return moved[i]!;
      if (n in equations) return parseEquation(g, `cell.${field}.${n}`, equations[n], names);
      return names.get(n) ?? g.zero;
    });
    return { name, value, inputs };
  };
  const jump = (name: "reset" | "start", ...inputs: Input[]): Jump => jumpOf(name, name, definition[name], inputs);

  const drift = states.map((n) => flowing(`cell.state.${n}`, definition.state[n], scope("state", "y")));
  const noise = definition.noise ?? {};
  for (const n of Object.keys(noise)) {
    if (!states.includes(n)) fail(at("noise", n), `no such state variable; known: ${listed(states)}`);
  }
  const shared = definition.shared ?? [];
  if (!Array.isArray(shared)) fail("shared", `expected a list of noise channels, got ${show(shared)}`);
  const named = Object.values(noise).flatMap((given) => (isRecord(given) ? Object.keys(given) : []));
  shared.forEach((n, i) => {
    const what =
      named.length > 0 ? `known: ${listed(new Set(named))}` : 'name one in noise, as { v: { common: "sigma" } }';
    if (!named.includes(n)) fail(`shared[${i}]`, `no such noise channel: ${show(n)}; ${what}`);
  });
  const parsedChannels = channelsOf(states, noise, shared, (text, n, channel) => {
    const field = channel === undefined ? `noise.${n}` : at(`noise.${n}`, channel);
    if (channel !== undefined && !identifier.test(channel))
      fail(field, "a name is a letter followed by letters, digits or _, 64 characters at most");
    return flowing(`cell.${field}`, text, scope("noise", "y"));
  });
  const stateInputs = new Set(states.map(stateInput));
  const readsState = (nodes: readonly Node[]): boolean => [...inputNames(nodes)].some((n) => stateInputs.has(n));
  const channels = parsedChannels.map((c): Channel => ({ ...c, additive: !readsState(amplitudesOf([c])) }));
  if (channels.length > maximumStates) fail("noise", `${channels.length} channels; at most ${maximumStates} are taken`);
  const events: ParsedEvent[] = [];
  if (definition.event !== undefined) {
    const surface = flowing("cell.event", definition.event, scope("event", "y"));
    events.push({ name: "spike", surface, jump: jump("reset", "y", "u"), emits: true, terminal: false });
  } else if (definition.reset !== undefined) fail("reset", 'belongs to "event", which is missing');
  for (const [n, given] of Object.entries(definition.events ?? {})) {
    const field = at("events", n);
    if (!identifier.test(n)) fail(field, "a name is a letter followed by letters, digits or _, 64 characters at most");
    if (n === "spike" && definition.event !== undefined) fail(field, '"event" is an event of that name; keep one');
    checkOptions(`cell.${field}`, given, eventNames);
    if (given.jump !== undefined && !isRecord(given.jump))
      fail(`${field}.jump`, `expected an object of equations, got ${show(given.jump)}`);
    const { emits = false, terminal = false } = given;
    const surface = flowing(`cell.${field}.when`, given.when, scope(`${field}.when`, "y"));
    const named = `jump_${events.length}`;
    events.push({ name: n, surface, jump: jumpOf(`${field}.jump`, named, given.jump, ["y", "u"]), emits, terminal });
  }
  if (events.length > maximumEvents) fail("events", `${events.length} events; at most ${maximumEvents} are taken`);
  if (!events.some((e) => e.emits)) {
    const mend =
      events.length > 0
        ? 'set "emits": true in one of "events"'
        : 'give an "event", "-1" of a cell that is read by its state alone';
    fail(events.length > 0 ? "events" : "event", `no event is a spike, so that nothing would be recorded; ${mend}`);
  }
  const ports = portsOf(definition.receive, states, (n) => identifier.test(n));
  const received = ports.map(({ field, equations, fields }, i) =>
    jumpOf(field, portName(i), equations, ["y", "w"], fields),
  );
  const made = [...received, jump("start", "u")];
  const jumpValues = [...made, ...events.map((e) => e.jump)].flatMap((j) => j.value);
  const surfaces = events.map((e) => e.surface);
  // Beside the drift nothing takes a current: there `I` is read as other inputs are.
  const asInput = (): Cell => define(definition, { ...binding, inputs: { ...binding.inputs, I: "constant" } });
  if (kinds.get("I") === "current" && inputNames([...amplitudesOf(channels), ...surfaces, ...jumpValues]).has("I"))
    return asInput();

  const { calculus = "stratonovich" } = definition;
  if (calculus !== "stratonovich" && calculus !== "ito")
    fail("calculus", `expected "stratonovich" or "ito", got ${show(calculus)}`);
  const stateNodes = y.map(([, node]) => node);
  const additiveNoise = channels.every((c) => c.additive);
  const flow = calculus === "ito" ? stratonovichDrift(g, stateNodes, drift, channels) : drift;
  const parsed = { states, drift: flow, channels, events, jumps: made, defaults: definition.parameters };
  const read = inputNames([...flow, ...jumpValues, ...surfaces, ...amplitudesOf(channels)]);
  const readsTime = read.has(time.name);
  const timed = withInputs(g, readsTime ? withTime(g, parsed, time, start) : parsed, inputs);
  const whole = hybrid(g, withLevels(g, timed));
  // A condition that compares a state with `I` is located, which a current cannot be.
  if (whole.comparesCurrent) return asInput();
  const unchecked = {
    definition,
    name,
    graph: g,
    states: whole.states,
    hidden: whole.states.length - states.length,
    furtherRandom: further,
    readsTime,
    ports: ports.map((p) => p.name),
    parameters: [...own, ...inputs.flatMap(([n, kind]) => (kind === "current" ? [] : [n]))],
    inputs: kinds,
    t0: binding.t0,
    defaults: { ...definition.parameters },
    positive,
    channels: whole.channels,
    drift: whole.drift,
    jumps: whole.jumps,
    events: whole.events,
    additiveNoise,
    usesCurrent: ["I", "p.I", `y.${inputState("I")}`].some((n) => read.has(n)),
  };
  // Events that only say that another may happen again are left out.
  const judged = { ...unchecked, events: whole.judged };
  // As it was written: conditions are choices in the flow.
  const written = {
    ...timed,
    graph: g,
    ports: unchecked.ports,
    inputs: kinds,
    events: timed.events.map((e) => ({ ...e, level: e.surface, peaks: true })),
    jumps: [...timed.events.map((e) => e.jump), ...timed.jumps],
  };
  return { ...unchecked, written, exactness: checkExactness(judged) };
}
