/** NIR files on the command line: what one holds, a job made of one, and one made of a job's network. */
import { fail } from "../checks.js";
import { fileKind } from "../files/file-kind.js";
import { openHdf5 } from "../files/hdf5.js";
import { writeNir } from "../files/nir.js";
import { isNir, type NirGraph, type NirNode, readNirGraph } from "../files/nir-file.js";
import { type NirNetwork, networkOfNir } from "../files/nir-import.js";
import { networkOf } from "../job/build.js";
import type { SolveJob } from "../job/job.js";
import { loadNamedCell } from "../job/named-cell.js";
import type { NetworkDefinition } from "../network/network.js";
import { filesBeside, readJobFile } from "./job-file.js";
import { exitBadInput, print, printJson, sayWarnings } from "./output.js";
import { checkOutputs, writeOutput } from "./output-files.js";
import { readGiven } from "./read-file.js";
import { compactTable } from "./table.js";

/** The graph of a NIR file; undefined where a file is none. @throws SaltationError `invalid-input` where it is damaged. */
export async function nirGraphOf(field: string, path: string, bytes: Uint8Array): Promise<NirGraph | undefined> {
  if (fileKind(bytes) !== "hdf5") return undefined;
  try {
    const file = await openHdf5(bytes);
    try {
      return isNir(file) ? readNirGraph(file) : undefined;
    } finally {
      file.close();
    }
  } catch (error) {
    return fail(field, `${path} ${(error as Error).message}`);
  }
}

/** How large a node is, in words. */
function sizeOf(values: NirNode["values"], graph: NirGraph | undefined): string {
  if (graph) return `${graph.nodes.size} nodes`;
  // Of Input and Output the array is the shape itself.
  const shape = values.shape?.data ?? (values.weight ?? values.r ?? Object.values(values)[0])?.shape;
  return Array.from(shape ?? []).join(" × ");
}

/** What `saltation inspect` says of a NIR file. */
export function showNir(path: string, { nodes, edges }: NirGraph, json: boolean | undefined): void {
  const rows = [...nodes].map(([name, { type, values, graph }]) => ({
    node: name,
    type,
    size: sizeOf(values, graph),
    parameters: Object.keys(values),
    to: edges.filter(([from]) => from === name).map(([, to]) => to),
  }));
  if (json) {
    printJson({ file: path, format: "NIR", nodes: rows });
    return;
  }
  print(`${path}: NIR`);
  const table = compactTable(
    ["node", "type", "size", "parameters", "leads to"],
    ["left", "left", "left", "left", "left"],
  );
  for (const row of rows) table.push([row.node, row.type, row.size, row.parameters.join(", "), row.to.join(", ")]);
  print(table.toString());
  print(`a job of it: saltation convert ${path} job.json`);
}

/** Times for a network whose file has none: ten of its longest time constants, in steps of a tenth of its shortest. */
function timeOf(definition: NetworkDefinition): { t1: number; dt: number } {
  const all = Object.values(definition.populations!).flatMap((population) =>
    !("parameters" in population)
      ? []
      : Object.entries(population.parameters ?? {}).flatMap(([name, value]) =>
          name.startsWith("tau") ? (typeof value === "number" ? [value] : Array.from(value)) : [],
        ),
  );
  const [least, most] = all.length > 0 ? [Math.min(...all), Math.max(...all)] : [0.01, 0.01];
  const dt = Number((least / 10).toPrecision(1));
  return { dt, t1: dt * Math.ceil((10 * most) / dt) };
}

/** `saltation convert net.nir job.json`. */
export async function nirToJob(
  from: string,
  to: string,
  options: { spikeArea?: string; json?: boolean },
): Promise<void> {
  checkOutputs({ TO: to }, [from]);
  const bytes = readGiven("FROM", from);
  const graph = await nirGraphOf("FROM", from, bytes);
  if (!graph) fail("TO", `${to}: jobs are made of NIR files, and ${from} is none`);
  const area = options.spikeArea === undefined ? undefined : Number(options.spikeArea.trim() || Number.NaN);
  if (area !== undefined && !(area > 0 && Number.isFinite(area))) {
    fail("--spike-area", `expected a number of seconds above 0, got "${options.spikeArea}"`);
  }
  let read: NirNetwork;
  try {
    read = networkOfNir(graph, area === undefined ? {} : { spikeArea: area });
  } catch (error) {
    return fail("FROM", `${from} ${(error as Error).message}`);
  }
  const { definition: network, outputs, warnings } = read;
  const job = { network, time: timeOf(network), paths: 1 };
  sayWarnings(warnings);
  if (!writeOutput("TO", to, `${JSON.stringify(job, undefined, 1)}\n`)) process.exitCode = exitBadInput;
  else if (options.json) printJson({ from, to, format: "NIR", populations: read.nodes, outputs, warnings });
  else {
    const { populations, projections } = network;
    print(`${Object.keys(populations).length} populations, ${projections.length} projections: NIR to ${to}`);
    print(`its time, dt = ${job.time.dt} s, is from time constants: the file has none`);
    const sources = Object.entries(populations).flatMap(([name, population]) =>
      "sources" in population ? [name] : [],
    );
    if (sources.length > 0) print(`spikes of ${sources.join(", ")} come with samples, which are no part of NIR`);
  }
}

/** `saltation convert job.json net.nir`. */
export async function jobToNir(from: string, to: string, options: { json?: boolean }): Promise<void> {
  checkOutputs({ TO: to }, [from]);
  const job = readJobFile(from) as SolveJob;
  if (typeof job !== "object" || job === null || typeof job.network !== "object" || job.network === null) {
    fail("network", "is missing; a job has one");
  }
  await loadNamedCell(job);
  const definition = networkOf(job, filesBeside(from));
  const { bytes, warnings } = await writeNir(definition);
  sayWarnings(warnings);
  if (!writeOutput("TO", to, bytes)) process.exitCode = exitBadInput;
  else if (options.json) printJson({ from, to, format: "job", warnings });
  else print(`the network of ${from}: NIR in ${to}`);
}
