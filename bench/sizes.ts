/**
 * Sparse random networks of leaky neurons with current synapses, in steps of 1 ms: each neuron sends to so many, a fifth of them
 * inhibit, delays are 1.5 ms, nothing is random after the start.
 *
 * `npm run bench -- sizes` measures how time grows with neurons, connections, paths and spikes, and solves 100,000 neurons with
 * 10,000,000 connections (`--largest`: these alone); `npm run bench -- networks` prints 1,000 and 4,000 neurons. Both stand beside
 * Brian 2, where it is installed (`PYTHON` names the interpreter that has it, else /usr/bin/python3).
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CellDefinition } from "../src/cell/cell.js";
import { Engine } from "../src/engine.js";
import type { NetworkDefinition } from "../src/network/network.js";
import { writeResult } from "./support.js";

const leaky: CellDefinition = {
  name: "leaky",
  state: { v: "(I + x - v) / tauM", x: "-x / tauS" },
  event: "v - 1",
  reset: { v: "0" },
  receive: { x: "x + w" },
  start: { v: "v0" },
  parameters: { tauM: 20, tauS: 5, v0: 0 },
};

interface Size {
  readonly neurons: number;
  /** Connections of each neuron. */
  readonly out: number;
  readonly current: number;
  /** Weights of what a neuron sends, in all: they fall with the number of its connections. Default 10. */
  readonly total?: number;
}

/** Numbers spread over [0, 1), the same everywhere. */
const spread = (count: number, from: number): number[] =>
  Array.from({ length: count }, (_, k) => ((from + k) * 0.6180339887498949) % 1);

function sparse({ neurons, out, current, total = 10 }: Size): NetworkDefinition {
  const exciting = Math.round(0.8 * neurons);
  const inhibiting = neurons - exciting;
  const population = (count: number, from: number) => {
    return { cell: leaky, neurons: count, current, parameters: { v0: spread(count, from) } };
  };
  const projection = (from: string, to: string, share: number, weight: number, seed: number) => {
    return { from, to, weights: { random: { out: Math.round(share * out), constant: weight, seed } }, delays: 1.5 };
  };
  const weight = total / out;
  return {
    populations: { e: population(exciting, 0), i: population(inhibiting, exciting) },
    projections: [
      projection("e", "e", 0.8, weight, 1),
      projection("e", "i", 0.2, weight, 2),
      projection("i", "e", 0.8, -5 * weight, 3),
      projection("i", "i", 0.2, -5 * weight, 4),
    ],
  };
}

interface Measured {
  readonly spikes: number;
  /** The best of some runs, for one simulated second: of all processors, and by the clock on the wall. */
  readonly processorMs: number;
  readonly wallMs: number;
}

const digits = (x: number, n = 3): number => Number(x.toPrecision(n));

async function measure(engine: Engine, definition: NetworkDefinition, paths = 1, runs = 5): Promise<Measured> {
  const network = engine.network(definition);
  let [processor, wall] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  let spikes = 0;
  // The first run compiles kernels and makes buffers.
  for (let r = 0; r <= runs; r++) {
    const [t0, c0] = [performance.now(), process.cpuUsage()];
    const solved = await network.simulate({ paths, t1: 1000, dt: 1, distribution: "neuron" });
    spikes = (await solved.meanCount()) * paths;
    const { user, system } = process.cpuUsage(c0);
    solved.dispose();
    if (r === 0) continue;
    processor = Math.min(processor, (user + system) / 1000);
    wall = Math.min(wall, performance.now() - t0);
  }
  return { spikes, processorMs: digits(processor), wallMs: digits(wall) };
}

/** Brian 2 on the same network; nothing where it is not installed. */
function brian(engine: Engine, size: Size, dt: number, runs = 5): { spikes: number; processorMs: number } | undefined {
  const python = process.env.PYTHON ?? "/usr/bin/python3";
  if (spawnSync(python, ["-c", "import brian2"]).status !== 0) return undefined;
  const { connections, parameters } = engine.network(sparse(size)).network;
  const { rowStart, targets, weights } = connections;
  const sources = new Uint32Array(targets.length);
  for (let k = 0; k < size.neurons; k++) sources.fill(k, rowStart[k], rowStart[k + 1]);
  const folder = mkdtempSync(join(tmpdir(), "saltation-brian-"));
  try {
    const v0 = parameters.find((p) => p.name.endsWith("v0"))!.values;
    for (const [name, values] of Object.entries({ sources, targets, weights, v0 })) {
      writeFileSync(join(folder, name), values);
    }
    writeFileSync(join(folder, "network.json"), JSON.stringify(size));
    const { stdout, stderr, status } = spawnSync(python, ["bench/brian.py", folder, String(dt), String(runs)]);
    if (status !== 0) throw new Error(`brian.py: ${stderr}`);
    const { seconds, spikes } = JSON.parse(String(stdout).trim().split("\n").at(-1)!) as {
      seconds: number[];
      spikes: number;
    };
    return { spikes, processorMs: digits(1000 * Math.min(...seconds)) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

type Row = Record<string, string | number>;

/** 1,000 and 4,000 neurons. */
export async function thousands(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const neurons of [1000, 4000]) {
    const size = { neurons, out: 100, current: 1.05 };
    for (const backend of ["simd", "webgpu"] as const) {
      const engine = await Engine.create({ backend });
      const { spikes, processorMs, wallMs } = await measure(engine, sparse(size), 1, backend === "simd" ? 5 : 1);
      const what = `saltation, ${engine.adapterName}`;
      rows.push({ neurons, connections: 100 * neurons, what, "step ms": 1, spikes, processorMs, wallMs });
      engine.dispose();
    }
    const engine = await Engine.create({ backend: "cpu" });
    for (const dt of [1, 0.1]) {
      const other = brian(engine, size, dt);
      const what = "Brian 2, cpp_standalone, one thread";
      if (other) rows.push({ neurons, connections: 100 * neurons, what, "step ms": dt, ...other });
    }
    engine.dispose();
  }
  return rows;
}

export interface GrowthRow extends Measured, Size {
  readonly vary: "neurons" | "connections of a neuron" | "paths" | "spikes";
  readonly x: number;
  readonly paths: number;
}

/** 100,000 neurons with 10,000,000 connections, and the same in Brian 2: how many spikes, and the rate of a neuron (per second). */
async function largest(engine: Engine): Promise<object> {
  const size = { neurons: 100_000, out: 100, current: 1.05 };
  const began = performance.now();
  const definition = sparse(size);
  const network = engine.network(definition);
  const definedMs = performance.now() - began;
  const own = await measure(engine, definition, 1, 1);
  const peakMiB = Math.round(engine.gpu!.peakBytes / 2 ** 20);
  const connections = network.network.connections.targets.length;
  const rate = (spikes: number): number => digits(spikes / size.neurons, 5);
  const others = [1, 0.1].flatMap((dt) => {
    const other = brian(engine, size, dt, 1);
    return other ? [{ "step ms": dt, ...other, rate: rate(other.spikes) }] : [];
  });
  return { ...size, connections, ...own, rate: rate(own.spikes), definedMs: digits(definedMs), peakMiB, brian: others };
}

export async function run(args: string[]): Promise<void> {
  const engine = await Engine.create({ backend: "simd" });
  const all = await largest(engine);
  console.log(all);
  if (args.includes("--largest")) {
    const before = JSON.parse(readFileSync("bench/results/sizes.json", "utf8")) as object;
    writeResult("sizes", { ...before, largest: all });
    engine.dispose();
    return;
  }
  const rows: GrowthRow[] = [];
  const add = async (vary: GrowthRow["vary"], x: number | undefined, size: Size, paths = 1): Promise<void> => {
    const measured = await measure(engine, sparse(size), paths, 2);
    rows.push({ vary, x: x ?? measured.spikes, ...size, paths, ...measured });
    console.log(rows.at(-1));
  };

  for (const neurons of [250, 1000, 4000, 16000]) await add("neurons", neurons, { neurons, out: 100, current: 1.05 });
  // Weak ones, so that neurons fire as often whatever their number.
  for (const out of [10, 30, 100, 300, 1000])
    await add("connections of a neuron", out, { neurons: 4000, out, current: 1.05, total: 1 });
  for (const paths of [1, 2, 4, 8, 16]) await add("paths", paths, { neurons: 1000, out: 100, current: 1.05 }, paths);
  for (const current of [1.01, 1.1, 1.4, 2, 3]) await add("spikes", undefined, { neurons: 4000, out: 100, current });
  writeResult("sizes", { adapter: engine.adapterName, rows, largest: all });
  engine.dispose();
}
