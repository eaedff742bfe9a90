/** NIR files as NIR's own Python writes them: texts, arrays packed by gzip, pairs of edges. */
import type { Group } from "h5wasm";
import { makeHdf5 } from "./hdf5.js";

/** A node: its type, and its parameters as lists (of lists), or a graph in it. */
export interface NodeOf {
  type: string;
  nodes?: Record<string, NodeOf>;
  edges?: [string, string][];
  [parameter: string]: unknown;
}

export const input = (...shape: number[]): NodeOf => ({ type: "Input", shape });
export const output = (...shape: number[]): NodeOf => ({ type: "Output", shape });
export const chain = (...names: string[]): [string, string][] =>
  names.slice(1).map((name, i): [string, string] => [names[i]!, name]);

function put(group: Group, { type, nodes, edges, ...parameters }: NodeOf): void {
  const text = (name: string, data: string): void => {
    group.create_dataset({ name, data, shape: [], dtype: "S" });
  };
  text("type", type);
  for (const [name, given] of Object.entries(parameters)) {
    const rows = given as number[] | number[][];
    const shape = Array.isArray(rows[0]) ? [rows.length, rows[0].length] : [rows.length];
    const data = name === "shape" ? BigInt64Array.from(rows.flat(), BigInt) : Float64Array.from(rows.flat());
    const packed = data.length > 1 ? { chunks: shape, compression: "gzip" as const } : {};
    group.create_dataset({ name, data, shape, ...packed });
  }
  if (!nodes) return;
  const all = group.create_group("nodes");
  for (const [name, node] of Object.entries(nodes)) put(all.create_group(name), node);
  group.create_dataset({ name: "edges", data: edges!.flat(), shape: [edges!.length, 2], dtype: "S" });
}

export const nirFile = (nodes: Record<string, NodeOf>, edges: [string, string][]): Promise<Uint8Array> =>
  makeHdf5((file) => {
    file.create_dataset({ name: "version", data: "1.0", shape: [], dtype: "S" });
    put(file.create_group("node"), { type: "NIRGraph", nodes, edges });
  });
