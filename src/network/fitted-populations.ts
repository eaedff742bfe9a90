/** Networks of populations with fitted values in the place of their own, as definitions that can be written and read again. */
import { currentAsGiven } from "../driver/current.js";
import { type Connections, type ProjectionPlace, weightPlace } from "./connections.js";
import { defineNetwork, type NetworkDefinition } from "./network.js";
import type { CellPopulation, PopulationDefinition } from "./populations.js";
import type { ProjectionDefinition } from "./projections.js";

/** Values by name, in the shapes in which they were given: `hidden.mu1`, `hidden→out.weights` (or `->`), `hidden.current`. */
type Values = Readonly<Record<string, unknown>>;

/** The name of what a value is of, and what it is there. */
function splitName(name: string): [of: string, own: string] {
  const at = name.lastIndexOf(".");
  return [name.slice(0, at).replace(/->/g, "→"), name.slice(at + 1)];
}

function fittedPopulation(given: CellPopulation, own: ReadonlyMap<string, unknown>): CellPopulation {
  const { parameters = {}, inputs = {}, current } = given;
  const found = { parameters: { ...parameters }, inputs: { ...inputs }, current };
  for (const [name, value] of own) {
    const called = name === "current" && "I" in inputs ? "I" : name;
    if (called in inputs) found.inputs[called] = currentAsGiven(inputs[called], value);
    else if (called === "current" || called === "I") found.current = currentAsGiven(current, value);
    else found.parameters[called] = value as number;
  }
  return {
    ...given,
    ...(Object.keys(found.parameters).length > 0 ? { parameters: found.parameters } : {}),
    ...(Object.keys(found.inputs).length > 0 ? { inputs: found.inputs } : {}),
    ...(found.current === undefined ? {} : { current: found.current }),
  };
}

/** Numbers in nested lists, one after another. */
const flat = (values: unknown): number[] => [values].flat(Number.POSITIVE_INFINITY) as number[];

/** Compressed rows of a projection's connections, each with its entry among those of the network. */
function rowsOf(
  connections: Connections,
  { first, count, to }: { first: number; count: number; to: number },
  place: ProjectionPlace,
) {
  const { rowStart, targets } = connections;
  const { offset, length } = place.weights;
  const found = { rowStart: [0], targets: [] as number[], entries: [] as number[] };
  for (let k = first; k < first + count; k++) {
    for (let e = rowStart[k]!; e < rowStart[k + 1]!; e++) {
      const at = weightPlace(connections, e);
      if (at < offset || at >= offset + length) continue;
      found.targets.push(targets[e]! - to);
      found.entries.push(e);
    }
    found.rowStart.push(found.targets.length);
  }
  return found;
}

/** One weight for all, where a projection can say it so. */
function oneWeight(given: ProjectionDefinition, weight: unknown): ProjectionDefinition["weights"] | undefined {
  if (given.tied !== true || typeof weight !== "number") return undefined;
  const { weights } = given;
  if ("oneToOne" in weights) return { oneToOne: weight };
  if ("allToAll" in weights) return { allToAll: weight };
  if (!("random" in weights)) return undefined;
  const { normal: _, uniform: __, ...pairs } = weights.random;
  return { random: { ...pairs, constant: weight } };
}

/** Weights as numbers in the form in which they were given, where each connection has one of its own. */
function ownWeights(
  { weights, tied }: ProjectionDefinition,
  values: unknown,
): ProjectionDefinition["weights"] | undefined {
  if (tied !== undefined) return undefined;
  if ("dense" in weights) return { dense: values as number[][] };
  if ("edges" in weights) return { edges: values as [number, number, number][] };
  if ("rowStart" in weights) return { ...weights, weights: values as number[] };
  return "oneToOne" in weights ? { oneToOne: values as number[] } : undefined;
}

/** A projection with fitted weights and delays. What was drawn, or is tied, becomes compressed rows where its weights were fitted. */
function fittedProjection(
  given: ProjectionDefinition,
  own: ReadonlyMap<string, unknown>,
  place: ProjectionPlace,
  { connections, populations }: ReturnType<typeof defineNetwork>,
): ProjectionDefinition {
  const [weights, delays] = [own.get("weights"), own.get("delays") as ProjectionDefinition["delays"]];
  const kept = { ...given, ...(delays === undefined ? {} : { delays }) };
  if (weights === undefined) return kept;
  const written = oneWeight(given, weights) ?? ownWeights(given, weights);
  if (written) return { ...kept, weights: written };
  const [from, to] = [given.from, given.to].map((name) => populations.find((p) => p.name === name)!);
  const { entries, ...rows } = rowsOf(connections, { first: from!.first, count: from!.count, to: to!.first }, place);
  // Of its values, in the order of the flat vector, which stands where in what was fitted.
  const places = flat(place.weights.numbers(Array.from({ length: place.weights.length }, (_, i) => i)));
  const vector = new Float64Array(place.weights.length);
  flat(weights).forEach((weight, i) => {
    vector[given.tied === undefined ? places[i]! : i] = weight;
  });
  const at = (e: number): number => weightPlace(connections, e) - place.weights.offset;
  // A delay of each connection goes into the order of the rows too.
  const { delays: before } = given;
  const each = place.delays && typeof before !== "number";
  const fitted = delays === undefined ? undefined : flat(delays);
  const delayOf = (e: number): number => {
    const d = connections.delayOf[e]!;
    return fitted ? fitted[d - place.delays!.offset]! : connections.delays[d]!;
  };
  return {
    ...kept,
    weights: { ...rows, weights: entries.map((e) => vector[at(e)]!) },
    ...(each ? { delays: entries.map(delayOf) } : {}),
    ...(given.tied === undefined || given.tied === true ? {} : { tied: entries.map(at) }),
  };
}

/** A network of populations with fitted values in the place of its own. */
export function fittedPopulations(definition: NetworkDefinition, values: Values): NetworkDefinition {
  const by = new Map<string, Map<string, unknown>>();
  for (const [name, value] of Object.entries(values)) {
    const [of, own] = splitName(name);
    by.set(of, (by.get(of) ?? new Map<string, unknown>()).set(own, value));
  }
  const network = defineNetwork(definition);
  const { populations = {}, projections } = definition;
  const fitted = Object.entries(populations).map(([name, given]): [string, PopulationDefinition] => {
    const own = by.get(name);
    if (!own || "sources" in given) return [name, given];
    if ("poisson" in given) return [name, { ...given, poisson: currentAsGiven(given.poisson, own.get("rate")) }];
    return [name, fittedPopulation(given, own)];
  });
  return {
    ...definition,
    populations: Object.fromEntries(fitted),
    ...(projections === undefined
      ? {}
      : {
          projections: projections.map((given) => {
            const name = given.name ?? `${given.from}→${given.to}`;
            const own = by.get(name.replace(/->/g, "→"));
            const place = network.connections.projections!.find((p) => p.name === name)!;
            return own ? fittedProjection(given, own, place, network) : given;
          }),
        }),
  };
}
