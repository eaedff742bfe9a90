/** A network as a NIR graph, as far as NIR can say it; what it cannot is refused, or told. */
import { fail } from "../checks.js";
import { constantValues, isSampledCurrent } from "../driver/current.js";
import { weightAt } from "../network/connections.js";
import { type Network, valueAt } from "../network/network.js";
import { quoted } from "../quoted.js";
import { limits } from "./limits.js";
import type { NirArray, NirGraph, NirNode } from "./nir-file.js";
import { nirUnits, unitOfCell } from "./nir-units.js";

export interface NirExportOptions {
  /** Populations that lead to an Output; default those that send to no other. */
  readonly outputs?: readonly string[];
}

export interface NirExport {
  readonly graph: NirGraph;
  /** Area of a spike in the network, which NIR does not say: it goes with the file as metadata where it is not 1. */
  readonly spikeArea: number;
  /** What NIR does not say of the network: a line each. */
  readonly warnings: readonly string[];
}

/** A population with its cell's values, as NIR has them. */
interface Said {
  readonly type: string;
  readonly values: Record<string, Float64Array>;
  readonly bias: Float64Array;
  readonly area: number;
}

interface Place {
  readonly name: string;
  readonly first: number;
  readonly count: number;
  readonly sources: boolean;
}

const column = (network: Network, place: Place, name: string): Float64Array => {
  const parameter = network.parameters.find((p) => p.name === name)!;
  return Float64Array.from({ length: place.count }, (_, k) => valueAt(parameter, place.first + k));
};

/** What slif loses: its mean dynamics are those of CubaLIF, with the threshold where its hazard is 1 / tauS. */
function ofSlif(network: Network, place: Place, warnings: string[]): Said {
  const of = (name: string): Float64Array => column(network, place, name);
  const at = `network.populations.${place.name}.current`;
  const current = network.populations.find(({ name }) => name === place.name)?.signals?.get("I") ?? network.current;
  if (isSampledCurrent(current))
    fail(at, "is sampled, and NIR holds constants alone; give one number, or one a neuron");
  const constant = constantValues(current, place.count, at);
  const [mu1, mu2, vTh, vReset] = ["mu1", "mu2", "vTh", "vReset"].map(of) as [
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  const what = `of ${quoted(place.name)} (slif)`;
  warnings.push(`the hazard ${what} becomes a threshold at vTh: beta, tauS and alpha are lost`);
  if ([...of("sigma1"), ...of("sigma2")].some((s) => s !== 0))
    warnings.push(`the noise ${what} is lost: sigma1, sigma2`);
  if ([...of("v0"), ...of("i0")].some((x) => x !== 0)) warnings.push(`the initial states ${what} are lost: v0, i0`);
  const tau = mu2.map((rate) => 1 / rate);
  return {
    type: "CubaLIF",
    values: {
      tau_syn: tau,
      tau_mem: mu1.map((rate) => 1 / rate),
      // An arrival adds its weight to i, and NIR's synapse w_in / tau_syn times that.
      w_in: tau,
      r: new Float64Array(place.count).fill(1),
      // v' = mu1 (i + I - v)
      v_leak: constant.length === 1 ? new Float64Array(place.count).fill(constant[0]!) : constant,
      v_threshold: vTh,
      // At the threshold v is vTh.
      v_reset: vTh.map((v, k) => v - vReset[k]!),
    },
    bias: new Float64Array(place.count),
    area: 1,
  };
}

function said(network: Network, place: Place, cell: Network["cell"], warnings: string[]): Said {
  if (cell.name === "slif") return ofSlif(network, place, warnings);
  const unit = unitOfCell(cell.definition);
  if (!unit) {
    fail(
      `network.populations.${place.name}.cell`,
      `"${cell.name}" is no neuron of NIR; those are slif, and the cells that an imported file has (${[...nirUnits.keys()].join(", ")})`,
    );
  }
  const areas = column(network, place, "area");
  return {
    type: unit.type,
    values: Object.fromEntries(Object.entries(unit.parameters).map(([nir, own]) => [nir, column(network, place, own)])),
    bias: column(network, place, "bias"),
    area: areas.every((a) => a === areas[0])
      ? areas[0]!
      : fail(`network.populations.${place.name}.parameters.area`, "differs between neurons; NIR has one kind of spike"),
  };
}

const array = (data: Float64Array, shape: readonly number[] = [data.length]): NirArray => ({ shape, data });

/** Connections of one projection: weights and delays by [to][from]. */
interface Bundle {
  readonly from: Place;
  readonly to: Place;
  readonly weights: Float64Array;
  /** NaN where there is no connection. */
  readonly delays: Float64Array;
}

/** Connections between each two populations. */
function bundles(network: Network, places: readonly Place[]): Bundle[] {
  const { connections } = network;
  const found = new Map<string, Bundle>();
  const owner = (node: number): Place => places.find(({ first, count }) => node >= first && node < first + count)!;
  for (const from of places) {
    for (let k = 0; k < from.count; k++) {
      for (let e = connections.rowStart[from.first + k]!; e < connections.rowStart[from.first + k + 1]!; e++) {
        const to = owner(connections.targets[e]!);
        const key = `${from.name} ${to.name}`;
        let bundle = found.get(key);
        if (!bundle) {
          if (from.count * to.count > limits.numbers) {
            fail(
              "network.projections",
              `${from.name} → ${to.name} has ${from.count * to.count} pairs; at most ${limits.numbers} are written`,
            );
          }
          const size = from.count * to.count;
          bundle = { from, to, weights: new Float64Array(size), delays: new Float64Array(size).fill(Number.NaN) };
          found.set(key, bundle);
        }
        const at = (connections.targets[e]! - to.first) * from.count + k;
        const delay =
          connections.delayOf && connections.delayOf[e]! >= 0 ? connections.delays[connections.delayOf[e]!]! : 0;
        if (!Number.isNaN(bundle.delays[at]!) && bundle.delays[at] !== delay) {
          fail(
            "network.projections",
            `several connections lead from a neuron of ${quoted(from.name)} to one of ${quoted(to.name)}, of different delays; NIR has one of a channel`,
          );
        }
        bundle.weights[at]! += weightAt(connections, e);
        bundle.delays[at] = delay;
      }
    }
  }
  return [...found.values()];
}

/** Delays as those of senders, or those of targets. */
function channelDelays({ from, to, delays }: Bundle): { before?: Float64Array; after?: Float64Array } {
  const along = (
    count: number,
    at: (channel: number, n: number) => number,
    others: number,
  ): Float64Array | undefined => {
    const out = new Float64Array(count);
    for (let c = 0; c < count; c++) {
      const own = Array.from({ length: others }, (_, n) => delays[at(c, n)]!).filter((d) => !Number.isNaN(d));
      if (own.some((d) => d !== own[0])) return undefined;
      out[c] = own[0] ?? 0;
    }
    return out;
  };
  if (delays.every((d) => Number.isNaN(d) || d === 0)) return {};
  const before = along(from.count, (k, j) => j * from.count + k, to.count);
  if (before) return { before };
  const after = along(to.count, (j, k) => j * from.count + k, from.count);
  if (after) return { after };
  return fail(
    "network.projections",
    `${from.name} → ${to.name} has delays of its connections, and NIR delays channels: all of a sender, or all to a target`,
  );
}

/**
 * @param network checked.
 * @throws SaltationError `invalid-input` where NIR would say something else.
 */
export function nirOfNetwork(network: Network, options: NirExportOptions = {}): NirExport {
  const warnings: string[] = [];
  const places: readonly Place[] =
    network.populations.length > 0
      ? network.populations
      : [{ name: "neurons", first: 0, count: network.neurons, sources: false }];
  const cellOf = (place: Place): Network["cell"] =>
    network.populations.find((p) => p.name === place.name)?.cell ?? network.cell;
  const nodes = new Map<string, NirNode>();
  const edges: [string, string][] = [];
  const biases = new Map<string, Float64Array>();
  const areas = new Set<number>();
  for (const place of places) {
    if (place.sources) {
      nodes.set(place.name, { type: "Input", values: { shape: array(Float64Array.of(place.count)) } });
      continue;
    }
    const { type, values, bias, area } = said(network, place, cellOf(place), warnings);
    areas.add(area);
    nodes.set(place.name, {
      type,
      values: Object.fromEntries(Object.entries(values).map(([key, data]) => [key, array(data)])),
    });
    if (bias.some((b) => b !== 0)) biases.set(place.name, bias);
  }
  if (areas.size > 1) fail("network.populations", "have spikes of different areas; NIR has one kind of spike");
  if (network.inputSpikes.times.length > 0) warnings.push("input spikes are lost: they are no part of NIR");
  const free = (name: string): string => (nodes.has(name) ? free(`${name}_`) : name);
  const joined = bundles(network, places);
  for (const bundle of joined) {
    const { from, to, weights } = bundle;
    const { before, after } = channelDelays(bundle);
    const bias = biases.get(to.name);
    biases.delete(to.name);
    const chain: [string, NirNode][] = [
      ...(before ? [["delay", { type: "Delay", values: { delay: array(before) } }] as [string, NirNode]] : []),
      [
        bias ? "affine" : "linear",
        {
          type: bias ? "Affine" : "Linear",
          values: { weight: array(weights, [to.count, from.count]), ...(bias ? { bias: array(bias) } : {}) },
        },
      ],
      ...(after ? [["delay", { type: "Delay", values: { delay: array(after) } }] as [string, NirNode]] : []),
    ];
    let last = from.name;
    for (const [what, node] of chain) {
      const name = free(`${from.name}_${to.name}_${what}`);
      nodes.set(name, node);
      edges.push([last, name]);
      last = name;
    }
    edges.push([last, to.name]);
  }
  for (const [name, bias] of biases) constantInto(name, nodes.get(name)!, bias);
  const outputs = options.outputs ?? places.filter((p) => !p.sources && !joined.some(sendsOn(p))).map((p) => p.name);
  if (outputs.length === 0) fail("outputs", "are missing: each population sends to another, so that none is the last");
  for (const name of outputs) {
    const place = places.find((p) => p.name === name && !p.sources);
    if (!place) fail("outputs", `no population of neurons is called ${quoted(name)}`);
    const output = free(outputs.length > 1 ? `output_${name}` : "output");
    nodes.set(output, { type: "Output", values: { shape: array(Float64Array.of(place.count)) } });
    edges.push([name, output]);
  }
  return { graph: { nodes, edges }, spikeArea: [...areas][0] ?? 1, warnings };
}

/** Whether a bundle leads from a population to another. */
const sendsOn =
  (place: Place) =>
  ({ from, to }: Bundle): boolean =>
    from.name === place.name && to.name !== place.name;

/** A constant into a population to which nothing comes: where its equations have a place for it. */
function constantInto(name: string, node: NirNode, bias: Float64Array): void {
  const { r, v_leak: leak } = node.values;
  if (node.type.startsWith("Cuba") || !leak || !r) {
    fail(
      `network.populations.${name}.parameters.bias`,
      `is a constant that NIR has in an Affine alone, and no projection leads to ${quoted(name)}`,
    );
  }
  (node.values as Record<string, NirArray>).v_leak = array(leak.data.map((v, k) => v + r.data[k]! * bias[k]!));
}
