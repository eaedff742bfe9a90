/**
 * NIR files (neuroir.org; J. E. Pedersen et al., Neuromorphic intermediate representation, Nature Communications 15, 2024): a graph
 * of nodes in HDF5, as NIR's own version 1 reads and writes it. What nodes mean is in nir-units.ts and nir-import.ts.
 */
import type { Group } from "h5wasm";
import { quoted } from "../quoted.js";
import { type Hdf5File, loadHdf5, openHdf5 } from "./hdf5.js";
import { limits } from "./limits.js";

export interface NirArray {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

export interface NirNode {
  readonly type: string;
  /** Its parameters by NIR's names. */
  readonly values: Readonly<Record<string, NirArray>>;
  /** Of a NIRGraph, what lies in it. */
  readonly graph?: NirGraph;
}

export interface NirGraph {
  readonly nodes: ReadonlyMap<string, NirNode>;
  readonly edges: readonly (readonly [from: string, to: string])[];
}

/** Graphs in one another, at most. */
const mostDepth = 8;

/** What describes a node and is no parameter. */
const aside = new Set(["type", "metadata", "input_type", "output_type", "nodes", "edges"]);

const textAt = (file: Hdf5File, path: string): string | undefined =>
  file.kind(path) === "text" ? file.text(path) : undefined;

/** Whether an HDF5 file holds a NIR graph. */
export const isNir = (file: Hdf5File): boolean => textAt(file, "node/type") === "NIRGraph";

function readNode(file: Hdf5File, path: string, depth: number): NirNode {
  const type = textAt(file, `${path}/type`);
  if (type === undefined) throw new Error(`holds ${quoted(path)}, which has no type of a NIR node`);
  if (type === "NIRGraph") return { type, values: {}, graph: readGraph(file, path, depth) };
  const values: Record<string, NirArray> = {};
  for (const name of file.names(path).slice(0, limits.objects)) {
    if (aside.has(name) || name in {} || file.kind(`${path}/${name}`) !== "numbers") continue;
    values[name] = file.numbers(`${path}/${name}`);
  }
  return { type, values };
}

function readGraph(file: Hdf5File, path: string, depth: number): NirGraph {
  if (depth > mostDepth) throw new Error(`holds graphs in one another beyond a depth of ${mostDepth}`);
  if (file.kind(`${path}/nodes`) !== "group") throw new Error(`holds ${quoted(path)}, a graph without nodes`);
  const names = file.names(`${path}/nodes`);
  if (names.length > limits.objects) throw new Error(`holds ${names.length} nodes; at most ${limits.objects} are read`);
  const nodes = new Map(names.map((name) => [name, readNode(file, `${path}/nodes/${name}`, depth + 1)]));
  const at = `${path}/edges`;
  // A graph without edges has an empty array of any kind.
  const { shape, data } = file.kind(at) === "text" ? file.texts(at) : { shape: [0, 2], data: [] };
  if (data.length > 0 && (shape.length !== 2 || shape[1] !== 2)) {
    throw new Error(`holds ${quoted(at)} of shape [${shape.join(", ")}], where pairs of nodes are wanted`);
  }
  const edges = Array.from({ length: data.length / 2 }, (_, e) => [data[2 * e]!, data[2 * e + 1]!] as const);
  for (const edge of edges) {
    const missing = edge.find((name) => !nodes.has(name));
    if (missing === undefined) continue;
    const among = `in ${quoted(path)}: ${[...nodes.keys()]
      .slice(0, 12)
      .map((name) => quoted(name))
      .join(", ")}`;
    throw new Error(`holds an edge ${quoted(edge[0])} → ${quoted(edge[1])}, and no node ${quoted(missing)} ${among}`);
  }
  return { nodes, edges };
}

/** The graph of an open file. @throws Error that goes on from the file's name. */
export function readNirGraph(file: Hdf5File): NirGraph {
  if (!isNir(file)) throw new Error("is no NIR file: it has no node of type NIRGraph");
  return readGraph(file, "node", 0);
}

/** @throws Error that goes on from the file's name. */
export async function readNirFile(bytes: Uint8Array): Promise<NirGraph> {
  const file = await openHdf5(bytes);
  try {
    return readNirGraph(file);
  } finally {
    file.close();
  }
}

/** The version of NIR whose files these are like. */
const version = "1.0";

let made = 0;

/** A NIR file. @param metadata texts and numbers of the whole graph, which no reader relies on. */
export async function writeNirFile(
  graph: NirGraph,
  metadata: Readonly<Record<string, number>> = {},
): Promise<Uint8Array> {
  const { library, module } = await loadHdf5();
  const { FS } = module as unknown as { FS: { readFile(name: string): Uint8Array; unlink(name: string): void } };
  const name = `/nir-${made++}`;
  const file = new library.File(name, "w");
  const text = (group: Group, name: string, data: string): void => {
    group.create_dataset({ name, data, shape: [], dtype: "S" });
  };
  const write = (group: Group, { nodes, edges }: NirGraph): void => {
    text(group, "type", "NIRGraph");
    const all = group.create_group("nodes");
    for (const [name, { type, values, graph: inner }] of nodes) {
      const node = all.create_group(name);
      if (inner) write(node, inner);
      else text(node, "type", type);
      for (const [key, { shape, data }] of Object.entries(values)) {
        node.create_dataset({
          name: key,
          data: key === "shape" ? BigInt64Array.from(data, BigInt) : data,
          shape: [...shape],
        });
      }
    }
    group.create_dataset({ name: "edges", data: edges.flat(), shape: [edges.length, 2], dtype: "S" });
  };
  try {
    text(file, "version", version);
    const node = file.create_group("node");
    write(node, graph);
    if (Object.keys(metadata).length > 0) {
      const about = node.create_group("metadata");
      for (const [name, value] of Object.entries(metadata)) {
        about.create_dataset({ name, data: Float64Array.of(value), shape: [] });
      }
    }
    file.close();
    return FS.readFile(name).slice();
  } finally {
    FS.unlink(name);
  }
}
