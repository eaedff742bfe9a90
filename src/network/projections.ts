/**
 * Projections: connections from one population to another, whose weights and delays are views of their own. Typed arrays all the
 * way: there may be tens of millions of connections.
 */
import {
  checkOptions,
  fail,
  float32Number,
  isNumbers,
  type Names,
  type Numbers,
  show,
  wholeNumber,
} from "../checks.js";
import {
  allPairs,
  type Block,
  type BlockDelays,
  type Connections,
  listOfDelays,
  type Neurons,
  type Ported,
  type ProjectionPlace,
  portNumber,
  readDelays,
  readDense,
  readEdges,
  type ValuesPlace,
} from "./connections.js";
import { drawPairs, type Law, lawNames, pairNames, type RandomPairs, readLaw, seedOf } from "./random-connections.js";
import { intoRows, joinedFloats, joinedWords, rowOrder, starts } from "./rows.js";

/** Weights of a projection. Neurons are numbered within their populations. */
export type ProjectionWeights =
  /** All-to-all: a row of weights for each sending neuron. */
  | { dense: Numbers[] }
  | { edges: [from: number, to: number, weight: number][] }
  /** Compressed sparse rows: those of sender k are entries rowStart[k] to rowStart[k + 1]. */
  | { rowStart: Numbers; targets: Numbers; weights: Numbers }
  /** Neuron k to neuron k, between populations of one size: a weight for all, one each, or a law. */
  | { oneToOne: number | Numbers | Law }
  /** All-to-all, by one weight or a law. */
  | { allToAll: number | Law }
  /** Pairs drawn at random, and their weights by a law. */
  | { random: RandomPairs & Law };

export interface ProjectionDefinition {
  /** What tells it from others between the same two; default `from→to`. */
  name?: string;
  /** Names of populations. */
  from: string;
  to: string;
  /** The port of the targets at which spikes arrive; may be left out where their cell has one. */
  port?: string;
  weights: ProjectionWeights;
  /**
   * Time from a spike to its arrival, 0 or more: one for all, one for each connection in the order of the weights (of dense ones
   * in their shape), or a law (a normal's draws below 0 are 0). Without, spikes arrive at once.
   */
  delays?: number | Numbers | Numbers[] | Law;
  /** Connections that share a weight: `true` for all of them, or the number of its group for each in the order of the weights. */
  tied?: true | Numbers;
}

const projectionNames: Names<ProjectionDefinition> = {
  name: true,
  from: true,
  to: true,
  port: true,
  weights: true,
  delays: true,
  tied: true,
};

/** What a projection needs to know of a population. */
export interface Ends extends Neurons {
  readonly name: string;
  readonly sources: boolean;
  /** With its ports as the network numbers them; none where it has sources alone. */
  readonly cell?: Ported;
  /** Whether anything becomes of it where a spike arrives. */
  readonly receives?: boolean;
  /** The number that each of its ports has in the network. */
  readonly ports?: readonly number[];
}

/** A projection's connections, as given. `draw` is how their weights come about, where they are drawn. */
interface ReadWeights extends Omit<Block, "form" | "weights"> {
  readonly weights: Float64Array | ((count: number) => Float64Array);
}

/** Connections whose numbers are a list. */
const listed = (count: number): Pick<Block, "numbers" | "shape" | "delays"> => ({
  numbers: (given) => Array.from(given),
  shape: (given) => Array.from(given),
  delays: (at, given) => listOfDelays(at, given, count),
});

function readRows(
  field: string,
  { rowStart, targets, weights }: Record<"rowStart" | "targets" | "weights", unknown>,
  { from, to }: Record<"from" | "to", Neurons>,
): ReadWeights {
  for (const [key, value] of Object.entries({ rowStart, targets, weights }))
    if (!isNumbers(value)) fail(`${field}.${key}`, `expected a list, got ${show(value)}`);
  const [begin, target, weight] = [rowStart, targets, weights] as [Numbers, Numbers, Numbers];
  const count = target.length;
  if (begin.length !== from.count + 1 || begin[0] !== 0 || begin[from.count] !== count)
    fail(
      `${field}.rowStart`,
      `expected ${from.count + 1} entries from 0 to ${count} (the number of targets), got ${begin.length} from ` +
        `${show(begin[0])} to ${show(begin.at(-1))}`,
    );
  if (weight.length !== count)
    fail(`${field}.weights`, `has ${weight.length} entries for ${count} targets; one each is needed`);
  const [sent, received, values] = [new Uint32Array(count), new Uint32Array(count), new Float64Array(count)];
  for (let k = 0; k < from.count; k++) {
    const [first, end] = [begin[k]!, begin[k + 1]!];
    if (!(Number.isInteger(end) && end >= first && end <= count))
      fail(`${field}.rowStart[${k + 1}]`, `expected a whole number from ${first} to ${count}, got ${show(end)}`);
    for (let e = first; e < end; e++) {
      const j = target[e]!;
      if (!(Number.isInteger(j) && j >= 0 && j < to.count)) wholeNumber(`${field}.targets[${e}]`, j, 0, to.count - 1);
      sent[e] = from.first + k;
      received[e] = to.first + j;
      values[e] = Number.isFinite(Math.fround(weight[e]!))
        ? weight[e]!
        : float32Number(`${field}.weights[${e}]`, weight[e]);
    }
  }
  return { from: sent, to: received, weights: values, ...listed(count) };
}

/** Numbers of connections: one for all, one each, or a law. */
function readValues(field: string, given: unknown, count: number, otherwise: number): ReadWeights["weights"] {
  if (typeof given === "number") return new Float64Array(count).fill(float32Number(field, given));
  if (!isNumbers(given)) return readLaw(field, given as Law, { of: "weights", otherwise });
  if (given.length !== count) fail(field, `expected ${count} numbers (one per connection), got ${given.length}`);
  return Float64Array.from(given, (w, i) => float32Number(`${field}[${i}]`, w));
}

const formNames = ["dense", "edges", "rowStart", "oneToOne", "allToAll", "random"];

function readWeights(field: string, given: ProjectionWeights, from: Ends, to: Ends, otherwise: number): ReadWeights {
  if (typeof given !== "object" || given === null || Array.isArray(given))
    fail(field, `expected an object, got ${show(given)}`);
  const kinds = Object.keys(given).filter((key) => formNames.includes(key));
  const expected = "expected one of dense, edges, rowStart (with targets and weights), oneToOne, allToAll, random";
  const others = Object.keys(given).filter((key) => !kinds.includes(key));
  const rows = kinds[0] === "rowStart";
  if (kinds.length !== 1 || others.some((key) => !(rows && (key === "targets" || key === "weights"))))
    fail(field, `${expected}, got ${Object.keys(given).join(", ") || "nothing"}`);
  if ("dense" in given) return readDense(field, given.dense, from, to);
  if ("edges" in given) return readEdges(field, given.edges, from, to);
  if ("rowStart" in given) return readRows(field, given, { from, to });
  if ("oneToOne" in given) {
    if (from.count !== to.count)
      fail(
        `${field}.oneToOne`,
        `goes from ${from.count} neurons to ${to.count}; give as many in both, or another form`,
      );
    const own = ({ first, count }: Neurons): Uint32Array => Uint32Array.from({ length: count }, (_, k) => first + k);
    const weights = readValues(`${field}.oneToOne`, given.oneToOne, from.count, otherwise);
    return { from: own(from), to: own(to), weights, ...listed(from.count) };
  }
  if ("allToAll" in given) {
    const pairs = allPairs(from, to);
    return {
      ...pairs,
      weights: readValues(`${field}.allToAll`, given.allToAll, pairs.to.length, otherwise),
      ...listed(pairs.to.length),
    };
  }
  const at = `${field}.random`;
  checkOptions(at, given.random, { ...pairNames, ...lawNames });
  const { probability, in: inward, out, autapses, ...law } = given.random;
  const chosen = Object.entries({ probability, in: inward, out, autapses }).filter(([, v]) => v !== undefined);
  const seed = seedOf(at, law.seed, otherwise);
  const pairs = drawPairs(at, Object.fromEntries(chosen), { from, to, seed, recurrent: from.name === to.name });
  return { ...pairs, weights: readLaw(at, law, { of: "weights", otherwise }), ...listed(pairs.to.length) };
}

/** Which value each connection has, the values, and their way back to what was given. */
interface Values {
  readonly placeOf: Uint32Array | undefined;
  readonly values: Float64Array;
  shape(values: Float64Array): unknown;
  numbers(values: Float64Array): unknown;
}

/** A value of its own for each connection, in the order of the rows. */
function ownValues(read: ReadWeights, senders: number): Values {
  const given = typeof read.weights === "function" ? read.weights(read.to.length) : read.weights;
  const order = rowOrder(read.from, read.to, senders);
  if (!order)
    return { placeOf: undefined, values: given, shape: (v) => read.shape(v), numbers: (v) => read.numbers(v) };
  const placeOf = new Uint32Array(order.length);
  const values = new Float64Array(order.length);
  order.forEach((connection, place) => {
    placeOf[connection] = place;
    values[place] = given[connection]!;
  });
  const back = (of: Float64Array): Float64Array => Float64Array.from(placeOf, (place) => of[place]!);
  return { placeOf, values, shape: (v) => read.shape(back(v)), numbers: (v) => read.numbers(back(v)) };
}

/** A value for each group. */
function tiedValues(field: string, tied: unknown, read: ReadWeights): Values {
  const count = read.to.length;
  const all = tied === true;
  if (!all && !isNumbers(tied))
    fail(`${field}.tied`, `expected true, or a list of numbers of groups, got ${show(tied)}`);
  const given = tied as Numbers;
  if (!all && given.length !== count)
    fail(`${field}.tied`, `has ${given.length} entries for ${count} connections; one each is needed`);
  const groupOf = new Uint32Array(count);
  let groups = all ? 1 : 0;
  if (!all) {
    for (let c = 0; c < count; c++) {
      groupOf[c] = wholeNumber(`${field}.tied[${c}]`, given[c], 0, count - 1);
      groups = Math.max(groups, groupOf[c]! + 1);
    }
  }
  const drawn = typeof read.weights === "function" ? read.weights(groups) : undefined;
  const values = drawn ?? new Float64Array(groups).fill(Number.NaN);
  const met = new Uint8Array(groups);
  for (let c = 0; c < count; c++) {
    const group = groupOf[c]!;
    met[group] = 1;
    if (drawn) continue;
    const weight = (read.weights as Float64Array)[c]!;
    if (Number.isNaN(values[group]!)) values[group] = weight;
    else if (values[group] !== weight)
      fail(
        `${field}.tied`,
        `ties connections of weights ${values[group]} and ${weight}; give those of a group one weight`,
      );
  }
  const empty = met.indexOf(0);
  if (empty >= 0 && count > 0)
    fail(`${field}.tied`, `no connection is of group ${empty}; number the groups 0 to ${groups - 1} without gaps`);
  const shape = (v: Float64Array): unknown => (all ? v[0]! : Array.from(v));
  return { placeOf: groupOf, values: count > 0 ? values : new Float64Array(), shape, numbers: shape };
}

/** Delays as blocks have them, or drawn by a law. */
function delaysOf(
  field: string,
  given: ProjectionDefinition["delays"],
  read: ReadWeights,
  otherwise: number,
): BlockDelays {
  if (given === undefined || typeof given === "number" || isNumbers(given)) return readDelays(field, given, read);
  const drawn = readLaw(field, given as Law, { of: "delays", otherwise })(read.to.length).map((d) => Math.max(0, d));
  return readDelays(field, drawn, { ...read, delays: () => drawn });
}

/** The population of a name. */
function endOf(field: string, name: unknown, populations: ReadonlyMap<string, Ends>): Ends {
  const found = typeof name === "string" ? populations.get(name) : undefined;
  return found ?? fail(field, `no population is called ${show(name)}; known: ${[...populations.keys()].join(", ")}`);
}

function valuesPlace(offset: number, { values, shape, numbers }: Values): ValuesPlace {
  const typed = (v: ArrayLike<number>): Float64Array => (v instanceof Float64Array ? v : Float64Array.from(v));
  return { offset, length: values.length, shape: (v) => shape(typed(v)), numbers: (v) => numbers(typed(v)) };
}

/**
 * Reads projections. Weights lie in the order of the populations that send, so that most networks have theirs in that of the
 * rows.
 * @throws SaltationError `invalid-input` naming the projection, the field and what would be right.
 */
export function readProjections(given: unknown, populations: ReadonlyMap<string, Ends>): Connections {
  const whole = "network.projections";
  if (given !== undefined && !Array.isArray(given)) fail(whole, `expected a list of projections, got ${show(given)}`);
  const ends = [...populations.values()];
  const neurons = ends.reduce((n, p) => n + (p.sources ? 0 : p.count), 0);
  const senders = ends.reduce((n, p) => n + p.count, 0);
  const names = new Set<string>();
  const read = ((given ?? []) as ProjectionDefinition[]).map((projection, number) => {
    const field = `${whole}[${number}]`;
    checkOptions(field, projection, projectionNames);
    const from = endOf(`${field}.from`, projection.from, populations);
    const to = endOf(`${field}.to`, projection.to, populations);
    const { cell } = to;
    if (!cell) return fail(`${field}.to`, `"${to.name}" is a population of sources, at which nothing arrives`);
    if (to.receives === false)
      fail(
        `${field}.to`,
        `"${to.name}" has the cell "${cell.name}", of which nothing becomes where a spike arrives; give it "receive"`,
      );
    const name = projection.name ?? `${from.name}→${to.name}`;
    if (typeof name !== "string" || !/^[^.\s]{1,130}$/.test(name))
      fail(`${field}.name`, `expected a name without dots and blanks, got ${show(name)}`);
    if (names.has(name))
      fail(`${field}.name`, `another projection is called ${show(name)}; give each a name of its own`);
    names.add(name);
    const port = to.ports![portNumber(`${field}.port`, projection.port, cell)]!;
    const weights = readWeights(`${field}.weights`, projection.weights, from, to, number);
    const values =
      projection.tied === undefined ? ownValues(weights, senders) : tiedValues(field, projection.tied, weights);
    const delays = delaysOf(`${field}.delays`, projection.delays, weights, number);
    return { name, sender: from.first, from: weights.from, to: weights.to, port, values, delays };
  });
  read.sort((a, b) => a.sender - b.sender);
  const firstWeight = starts(read.map(({ values }) => values.values.length));
  const firstDelay = starts(read.map(({ delays }) => delays.values.length));
  const rows = intoRows(
    senders,
    read.map(({ from, to, port, delays }, p) => ({
      from,
      to,
      port,
      delayOf: (c: number): number => (delays.of(c) < 0 ? -1 : firstDelay[p]! + delays.of(c)),
    })),
  );
  const placeOf = joinedWords(
    read.map(({ values, to }, p) => {
      const places = new Uint32Array(to.length);
      for (let c = 0; c < places.length; c++) places[c] = firstWeight[p]! + (values.placeOf ? values.placeOf[c]! : c);
      return places;
    }),
  );
  const weightOf = new Uint32Array(placeOf.length);
  let inOrder = true;
  for (let e = 0; e < weightOf.length; e++) {
    weightOf[e] = placeOf[rows.given(e)]!;
    inOrder &&= weightOf[e] === e;
  }
  const projections = read.map(({ name, values, delays }, p): ProjectionPlace => {
    const shape = (v: Float64Array): unknown => delays.shape(v);
    return {
      name,
      weights: valuesPlace(firstWeight[p]!, values),
      delays:
        delays.values.length > 0
          ? valuesPlace(firstDelay[p]!, { placeOf: undefined, values: delays.values, shape, numbers: shape })
          : undefined,
    };
  });
  const each = (values: ArrayLike<number>, of: "weights" | "delays", way: "shape" | "numbers"): unknown => {
    const all = Float64Array.from(values);
    const shaped = projections.map((p) => p[of]?.[way](all.slice(p[of].offset, p[of].offset + p[of].length)) ?? null);
    return shaped;
  };
  return {
    neurons,
    form: "projections",
    ...rows,
    weights: joinedFloats(read.map(({ values }) => values.values)),
    ...(inOrder ? {} : { weightOf }),
    delays: joinedFloats(read.map(({ delays }) => delays.values)),
    projections,
    shape: (values) => each(values, "weights", "shape"),
    numbers: (values) => each(values, "weights", "numbers"),
    delayShape: (values) => each(values, "delays", "shape"),
  };
}
