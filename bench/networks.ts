/**
 * `npm run bench -- networks`: path·steps per second of networks of 1, 5, 22 and 200 neurons, forward and with gradient,
 * by both distributions of their work and by the float64 twin on one core; the solver's part of a training step of
 * Holberg & Salvi's second experiment (4 → 16 → 2 neurons, 128 paths, gradient by the 96 weights); memory of many paths; and
 * networks of 1,000 and 4,000 neurons beside Brian 2 (sizes.ts; with `--large` these alone).
 */
import { readFileSync } from "node:fs";
import { Engine, type EngineNetwork } from "../src/engine.js";
import type { NetworkDefinition } from "../src/network/network.js";
import { parameterLayout, requestedViews } from "../src/plan/layout.js";
import type { Distribution, Method, SolveOptions } from "../src/plan/plan.js";
import { createSolver, firstSlots, solveFrom } from "../src/solve/simulate.js";
import { thousands } from "./sizes.js";
import { option, writeResult } from "./support.js";

/** A small generator of its own, so that networks are the same everywhere. */
function generator(): () => number {
  let state = 1;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

const paper = { mu1: 6, mu2: 5, sigma1: 0.25, sigma2: 0.25, vReset: 1.2, v0: 1.1, i0: 0.6 };

/** Weights of the paper's network: uniform on (0.5, 1.5) times 3 over the size of the presynaptic layer. */
function layered(): NetworkDefinition {
  const next = generator();
  const block = (m: number, n: number): number[][] =>
    Array.from({ length: m }, () => Array.from({ length: n }, () => ((0.5 + next()) * 3) / m));
  return {
    layers: [4, 16, 2],
    parameters: paper,
    weights: { layers: [block(4, 16), block(16, 2)] },
    current: [1.5, 1.5, 1.5, 1.5, ...new Array<number>(18).fill(0)],
  };
}

/** Random edges with probability p and weights about 0. */
function random(neurons: number, p: number): NetworkDefinition {
  const next = generator();
  const edges: [number, number, number][] = [];
  for (let k = 0; k < neurons; k++) {
    for (let j = 0; j < neurons; j++) if (next() < p) edges.push([k, j, 0.4 * (next() - 0.5)]);
  }
  return { neurons, parameters: paper, weights: { edges }, current: 0.9 };
}

const networks: { name: string; network: NetworkDefinition; paths: number; cpuPaths: number }[] = [
  { name: "1 neuron", network: { current: 1.5 }, paths: 16384, cpuPaths: 2000 },
  { name: "5 neurons, all to all", network: random(5, 1), paths: 2048, cpuPaths: 200 },
  { name: "22 neurons (4, 16, 2)", network: layered(), paths: 1024, cpuPaths: 60 },
  { name: "200 neurons, 10 % of the edges", network: random(200, 0.1), paths: 64, cpuPaths: 3 },
];

interface Times {
  forward: number;
  backward: number;
  /** Time of all processors that this process took: on a software adapter, what the work cost, whatever else runs. */
  processors: readonly [forward: number, backward: number];
  efficiency: number | undefined;
}

/** Best times of five runs of a forward solve and of the backward recursion by the given parameters, in seconds. */
async function timeSolver(
  engine: Engine,
  network: EngineNetwork,
  options: SolveOptions & { paths: number },
  names: string[],
): Promise<Times> {
  const gpu = engine.gpu!;
  const { paths } = options;
  const plan = network.plan(options);
  const solver = await createSolver(gpu, plan, requestedViews(plan.network, parameterLayout(plan), names));
  const slots = { value: firstSlots(plan) };
  const [forward, backward, used0, used1]: number[][] = [[], [], [], []];
  const processors = (): number => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  };
  let efficiency: number | undefined;
  for (let r = 0; r < 6; r++) {
    const [t0, c0] = [performance.now(), processors()];
    const solved = await solveFrom(gpu, plan, solver, 0, slots, () => paths);
    const [t1, c1] = [performance.now(), processors()];
    const cotangents = gpu.upload("cotangents", new Float32Array(solved.slots * paths).fill(1 / paths));
    const rows = gpu.buffer("rows", 4 * solver.rowsPerPath * paths);
    const batch = gpu.batch("backward").clear(rows);
    const [t2, c2] = [performance.now(), processors()];
    solver.encodeBackward(batch, solved, { spikes: cotangents }, rows, 0, solved.status);
    const done = batch.read(rows, 0, 4);
    batch.submit();
    await done;
    const [t3, c3] = [performance.now(), processors()];
    const { committed, offered } = solved.status;
    if (offered > 0) efficiency = committed / offered;
    for (const used of [solved, cotangents, rows]) used.dispose();
    if (r === 0) continue; // the first run makes buffers
    forward!.push((t1 - t0) / 1000);
    backward!.push((t3 - t2) / 1000);
    used0!.push(c1 - c0);
    used1!.push(c3 - c2);
  }
  solver.dispose();
  const best = (list: number[] | undefined): number => Math.min(...list!);
  return { forward: best(forward), backward: best(backward), processors: [best(used0), best(used1)], efficiency };
}

const digits = (x: number, n = 3): number => Number(x.toPrecision(n));
const distributionsOf = (network: NetworkDefinition): Distribution[] =>
  network.neurons || network.layers ? ["invocation", "workgroup"] : ["auto"];

/** Networks of thousands beside Brian 2; with `--large` they alone, written into what is there of the others. */
async function large(): Promise<Record<string, string | number>[]> {
  const rows = await thousands();
  console.log("sparse networks with delays, a neuron per invocation: time for one simulated second");
  console.table(rows);
  return rows;
}

export async function run(args: string[]): Promise<void> {
  if (args.includes("--large")) {
    const others = JSON.parse(readFileSync("bench/results/networks.json", "utf8")) as object;
    writeResult("networks", { ...others, large: await large() });
    return;
  }
  const method = option(args, "--method", "levy") as Method;
  const gpu = await Engine.create({ backend: "webgpu" });
  const cpu = await Engine.create({ backend: "cpu" });
  const rows: Record<string, string | number>[] = [];
  for (const { name, network, paths, cpuPaths } of networks) {
    const options = { t1: 1, dt: 0.01, seed: 1, method };
    const names = network.neurons || network.layers ? ["weights"] : ["current"];
    const began = performance.now();
    await cpu.network(network).simulate({ ...options, paths: cpuPaths });
    const twin = (cpuPaths * 100) / ((performance.now() - began) / 1000);
    for (const distribution of distributionsOf(network)) {
      // Few paths: a batch of training.
      for (const p of paths > 128 ? [128, paths] : [paths]) {
        const t = await timeSolver(gpu, gpu.network(network), { ...options, paths: p, distribution }, names);
        const rate = (s: number): number => digits((p * 100) / s);
        rows.push({
          network: name,
          "a path per": distribution === "auto" ? "invocation" : distribution,
          paths: p,
          "forward path·steps/s": rate(t.forward),
          "with gradient": rate(t.forward + t.backward),
          "twin forward": digits(twin),
          "GPU / twin": digits(rate(t.forward) / twin, 2),
          "processor ms": t.processors.map((x) => digits(1000 * x)).join(" + "),
          "lane efficiency": t.efficiency === undefined ? "–" : digits(t.efficiency, 2),
        });
      }
    }
  }
  console.log(`${gpu.adapterName}; ${method}, dt 0.01, 100 steps; the twin on one core`);
  console.table(rows);

  const step: Record<string, string | number>[] = [];
  for (const [stepMethod, dt] of [
    ["euler", 0.01],
    ["levy", 0.05],
    ["levy", 0.01],
  ] as const) {
    for (const distribution of ["invocation", "workgroup"] as const) {
      const options = { t1: 1, dt, seed: 1, method: stepMethod, paths: 128, distribution };
      const t = await timeSolver(gpu, gpu.network(layered()), options, ["weights"]);
      step.push({
        method: stepMethod,
        dt,
        "a path per": distribution,
        "forward ms": digits(1000 * t.forward),
        "backward ms": digits(1000 * t.backward),
        "processor ms": t.processors.map((x) => digits(1000 * x)).join(" + "),
      });
    }
  }
  console.log(
    "4 → 16 → 2 neurons, 128 paths, t in [0, 1], gradient by 96 weights: the solver's part of a training step",
  );
  console.table(step);
  const adapter = gpu.adapterName;
  gpu.dispose();

  const memory: Record<string, string | number>[] = [];
  for (const [name, network, paths] of [
    ["1 neuron", { current: 1.5 }, 1_000_000],
    ["22 neurons", layered(), 65_536],
  ] as [string, NetworkDefinition, number][]) {
    const engine = await Engine.create({ backend: "webgpu" });
    const began = performance.now();
    const spikes = await engine.network(network).simulate({ paths, t1: 1, dt: 0.01, seed: 1, method: "euler" });
    const s = (performance.now() - began) / 1000;
    memory.push({
      network: name,
      paths,
      "trains MiB": Math.round(spikes.bytes / 2 ** 20),
      "peak MiB": Math.round(engine.gpu!.peakBytes / 2 ** 20),
      seconds: digits(s),
    });
    spikes.dispose();
    engine.dispose();
  }
  console.log("euler, 100 steps; bytes on the adapter");
  console.table(memory);

  writeResult("networks", { adapter, method, rows, step, memory, large: await large() });
}
