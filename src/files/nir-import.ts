/** A NIR graph as a network of populations and projections. */
import type { NetworkDefinition } from "../network/network.js";
import type { CellPopulation, PopulationDefinition } from "../network/populations.js";
import type { ProjectionDefinition } from "../network/projections.js";
import { quoted } from "../quoted.js";
import type { NirGraph, NirNode } from "./nir-file.js";
import { Maps, parameterOf, shapeSize, type Term } from "./nir-maps.js";
import { type NirUnit, nirUnits } from "./nir-units.js";

export interface NirNetwork {
  readonly definition: NetworkDefinition & {
    readonly populations: Record<string, PopulationDefinition>;
    readonly projections: ProjectionDefinition[];
  };
  /** The node that each population was. */
  readonly nodes: Readonly<Record<string, string>>;
  /** Populations that lead to an Output. */
  readonly outputs: readonly string[];
  /** What NIR does not say and was taken so, or what was left out: a line each. */
  readonly warnings: readonly string[];
}

export interface NirImportOptions {
  /**
   * Area of a spike in seconds; default 1, a Dirac delta as NIR's equations have it. A network that was trained in steps of dt, whose
   * spikes are 1 for a step, has spikes of area dt, which its file does not say.
   */
  readonly spikeArea?: number;
}

/** A graph whose inner graphs lie beside its own nodes, named by both; their Inputs and Outputs let through. */
export function flattened({ nodes, edges }: NirGraph): NirGraph {
  const flat = new Map<string, NirNode>();
  const all: [string, string][] = [];
  const doors = new Map<string, { in: string[]; out: string[] }>();
  for (const [name, node] of nodes) {
    if (!node.graph) {
      flat.set(name, node);
      continue;
    }
    const inner = flattened(node.graph);
    const door = { in: [] as string[], out: [] as string[] };
    for (const [within, part] of inner.nodes) {
      const named = `${name}.${within}`;
      if (nodes.has(named))
        throw new Error(`holds a node ${quoted(named)}, and one of this name within ${quoted(name)}`);
      const isDoor = part.type === "Input" || part.type === "Output";
      if (isDoor) door[part.type === "Input" ? "in" : "out"].push(named);
      flat.set(named, isDoor ? { type: "Pass", values: {} } : part);
    }
    for (const [from, to] of inner.edges) all.push([`${name}.${from}`, `${name}.${to}`]);
    doors.set(name, door);
  }
  for (const [from, to] of edges) {
    const [starts, ends] = [doors.get(from)?.out ?? [from], doors.get(to)?.in ?? [to]];
    if (starts.length !== 1 || ends.length !== 1) {
      throw new Error(
        `holds an edge ${quoted(from)} → ${quoted(to)} to or from a graph of several inputs or outputs, or of none`,
      );
    }
    all.push([starts[0]!, ends[0]!]);
  }
  return { nodes: flat, edges: all };
}

/** A name that populations may have, from any: each its own. */
function nameFor(node: string, taken: ReadonlySet<string>): string {
  const plain = node.replace(/[^\w-]/g, "_").slice(0, 56);
  const begun = /^[A-Za-z_]/.test(plain) && !(plain in {}) ? plain : `n${plain}`;
  let name = begun;
  for (let n = 2; taken.has(name); n++) name = `${begun}_${n}`;
  return name;
}

/** One number where all are the same. */
const shortest = (values: ArrayLike<number>): number | number[] => {
  const list = Array.from(values);
  return list.length > 0 && list.every((v) => v === list[0]) ? list[0]! : list;
};

function populationOf(
  name: string,
  node: NirNode,
  unit: NirUnit,
  warnings: string[],
): { count: number; parameters: Record<string, number | number[]> } {
  const count = parameterOf(name, node, "r").data.length;
  const parameters: Record<string, number | number[]> = {};
  for (const [nir, own] of Object.entries(unit.parameters)) {
    const otherwise = unit.optional[nir];
    if (node.values[nir] === undefined && otherwise !== undefined) {
      if (nir === "v_reset") {
        warnings.push(
          `${node.type} ${quoted(name)} has no v_reset, which is 0 then, also if it was trained with another reset`,
        );
      }
      parameters[own] = otherwise;
      continue;
    }
    const { data } = parameterOf(name, node, nir);
    // NIR lets w_in be one number.
    if (data.length !== count && !(nir === "w_in" && data.length === 1)) {
      throw new Error(`holds ${node.type} ${quoted(name)} with ${data.length} values of ${nir} and ${count} of r`);
    }
    const wrong = own.startsWith("tau") ? data.findIndex((v) => !(v > 0)) : -1;
    if (wrong >= 0)
      throw new Error(`holds ${node.type} ${quoted(name)}, whose ${nir}[${wrong}] is ${data[wrong]}, not above 0`);
    parameters[own] = shortest(data);
  }
  if (unit.spikes) {
    const at = (own: string, k: number): number => {
      const value = parameters[own]!;
      return typeof value === "number" ? value : value[k]!;
    };
    for (let k = 0; k < count; k++) {
      const reset = at("vReset", k);
      if (reset < at("vTh", k)) continue;
      throw new Error(
        `holds ${node.type} ${quoted(name)}, whose v_reset[${k}] = ${reset} is not below v_threshold: it would never stop firing`,
      );
    }
  }
  return { count, parameters };
}

function projectionOf(term: Term, from: string, to: string): ProjectionDefinition {
  const { weights, before, after } = term;
  const delay = (k: number, j: number): number => (before?.[k] ?? 0) + (after?.[j] ?? 0);
  const delayed = before !== undefined || after !== undefined;
  const uniform = [before, after].every((d) => d === undefined || d.every((v) => v === d[0]));
  if ("each" in weights) {
    const delays = Array.from({ length: term.from }, (_, k) => delay(k, k));
    return {
      from,
      to,
      weights: { oneToOne: shortest(weights.each) },
      ...(delayed ? { delays: shortest(delays) } : {}),
    };
  }
  const row = (value: (k: number, j: number) => number, k: number): number[] =>
    Array.from({ length: term.to }, (_, j) => value(k, j));
  const rows = (value: (k: number, j: number) => number): number[][] =>
    Array.from({ length: term.from }, (_, k) => row(value, k));
  return {
    from,
    to,
    weights: { dense: rows((k, j) => weights.matrix[j * term.from + k]!) },
    ...(delayed ? { delays: uniform ? delay(0, 0) : rows(delay) } : {}),
  };
}

/** @throws Error that goes on from the file's name. */
export function networkOfNir(graph: NirGraph, { spikeArea }: NirImportOptions): NirNetwork {
  const flat = flattened(graph);
  const maps = new Maps(flat);
  const warnings: string[] = [];
  const populations: Record<string, PopulationDefinition> = {};
  const projections: ProjectionDefinition[] = [];
  const nodes: Record<string, string> = {};
  const names = new Map<string, string>();
  const neurons: {
    node: string;
    population: string;
    definition: CellPopulation;
    unit: NirUnit;
  }[] = [];
  let cells = false;
  for (const node of ordered(flat)) {
    const part = flat.nodes.get(node)!;
    const unit = nirUnits.get(part.type);
    if (!unit && part.type !== "Input") continue;
    const population = nameFor(node, new Set(Object.keys(populations)));
    names.set(node, population);
    nodes[population] = node;
    if (!unit) {
      populations[population] = { sources: shapeSize(node, part) };
      continue;
    }
    const { count, parameters } = populationOf(node, part, unit, warnings);
    if (spikeArea !== undefined) parameters.area = spikeArea;
    cells = true;
    const definition = { cell: unit.cell, neurons: count, parameters };
    populations[population] = definition;
    neurons.push({ node, population, definition, unit });
  }
  if (!cells) throw new Error(`holds no neurons; known: ${[...nirUnits.keys()].join(", ")}`);
  for (const { node, population, definition } of neurons) {
    const { terms, size, bias } = maps.gather(node);
    if (size !== undefined && size !== definition.neurons) {
      throw new Error(`holds edges that bring ${size} values to the ${definition.neurons} neurons of ${quoted(node)}`);
    }
    if (bias?.some((b) => b !== 0))
      (definition as { parameters: Record<string, unknown> }).parameters.bias = shortest(bias);
    const place = (name: string): number => Object.keys(nodes).findIndex((population) => nodes[population] === name);
    for (const term of [...terms].sort((a, b) => place(a.sender) - place(b.sender)))
      projections.push(projectionOf(term, names.get(term.sender)!, population));
  }
  numbered(projections);
  const outputs = outputsOf(flat, maps, names, warnings);
  warnings.push(
    ...spoken(
      neurons.map(({ definition }) => definition),
      spikeArea,
      Object.values(populations),
    ),
  );
  return { definition: { populations, projections }, nodes, outputs, warnings };
}

/** Nodes by their distance from Inputs; a file has them by name. */
function ordered({ nodes, edges }: NirGraph): string[] {
  const next = new Map<string, string[]>();
  for (const [from, to] of edges) next.set(from, [...(next.get(from) ?? []), to]);
  const found = new Set([...nodes].filter(([, { type }]) => type === "Input").map(([name]) => name));
  // What is added while this goes on comes later.
  for (const name of found) for (const to of (next.get(name) ?? []).sort()) found.add(to);
  return [...found, ...[...nodes.keys()].filter((name) => !found.has(name))];
}

/** Names for projections between the same two populations. */
function numbered(projections: ProjectionDefinition[]): void {
  const seen = new Map<string, number>();
  for (const projection of projections) {
    const pair = `${projection.from}→${projection.to}`;
    const n = (seen.get(pair) ?? 0) + 1;
    seen.set(pair, n);
    if (n > 1) projection.name = `${pair}_${n}`;
  }
}

function outputsOf(flat: NirGraph, maps: Maps, names: ReadonlyMap<string, string>, warnings: string[]): string[] {
  const outputs = new Set<string>();
  for (const [name, { type }] of flat.nodes) {
    if (type !== "Output") continue;
    let open = [...maps.before(name)];
    const seen = new Set<string>();
    for (let from = open.pop(); from !== undefined; from = open.pop()) {
      if (seen.has(from)) continue;
      seen.add(from);
      const { type: kind } = flat.nodes.get(from)!;
      if (nirUnits.has(kind)) outputs.add(names.get(from)!);
      else if (kind === "Pass") open = [...open, ...maps.before(from)];
      else if (kind === "Input")
        warnings.push(`the Input ${quoted(from)} leads to the Output ${quoted(name)} as it is`);
      else
        throw new Error(
          `holds ${kind} ${quoted(from)} before the Output ${quoted(name)}, where a neuron is wanted, such as LI`,
        );
    }
  }
  return [...outputs];
}

/** What a file leaves open. */
function spoken(
  cells: readonly CellPopulation[],
  area: number | undefined,
  populations: readonly PopulationDefinition[],
): string[] {
  const lines: string[] = [];
  if (area === undefined) {
    lines.push(
      "a spike is a Dirac delta of area 1 s, as NIR's equations have it; a network that was trained in steps of dt has spikes of " +
        "area dt, which the file does not say (spikeArea)",
    );
  }
  if (populations.some((p) => "sources" in p))
    lines.push("an Input is a population of sources: it takes spikes, not currents");
  const rests = cells.flatMap(({ parameters }) => [parameters?.vLeak ?? 0, parameters?.vReset ?? 0].flat() as number[]);
  if (rests.some((v) => v !== 0))
    lines.push("NIR has no initial states: v starts at v_reset, that of LI and CubaLI at v_leak");
  return lines;
}
