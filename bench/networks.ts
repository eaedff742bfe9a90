/**
 * `npm run bench -- networks`: path·steps per second of networks of 1, 22 and 200 neurons, forward and with gradient, on
 * the adapter and by the float64 twin on one core; lane efficiency; memory of a million paths.
 */
import { Engine } from "../src/engine.js";
import type { NetworkDefinition } from "../src/network/network.js";
import { meanSpikeTime } from "../src/train/losses/spike-times.js";
import { writeResult } from "./support.js";

const block = (m: number, n: number): number[][] =>
  Array.from({ length: m }, (_, i) =>
    Array.from({ length: n }, (__, j) => ((0.5 + ((7 * i + 3 * j) % 11) / 10) * 3) / m),
  );

/** Random edges with probability p and weights about 0, by a small generator of its own. */
function sparse(neurons: number, p: number): [number, number, number][] {
  let state = 1;
  const next = (): number => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  const edges: [number, number, number][] = [];
  for (let k = 0; k < neurons; k++)
    for (let j = 0; j < neurons; j++) if (next() < p) edges.push([k, j, 0.4 * (next() - 0.5)]);
  return edges;
}

const paper = { mu1: 6, mu2: 5, sigma1: 0.25, sigma2: 0.25, vReset: 1.2, v0: 1.1, i0: 0.6 };
const networks: { name: string; network: NetworkDefinition; paths: number; cpuPaths: number }[] = [
  { name: "1 neuron", network: { current: 1.5 }, paths: 16384, cpuPaths: 2000 },
  {
    name: "22 neurons (4, 16, 2)",
    network: {
      layers: [4, 16, 2],
      parameters: paper,
      weights: { layers: [block(4, 16), block(16, 2)] },
      current: [1.5, 1.5, 1.5, 1.5, ...new Array<number>(18).fill(0)],
    },
    paths: 2048,
    cpuPaths: 60,
  },
  {
    name: "200 neurons, 10 % of the edges",
    network: { neurons: 200, parameters: paper, weights: { edges: sparse(200, 0.1) }, current: 0.9 },
    paths: 256,
    cpuPaths: 3,
  },
];

export async function run(): Promise<void> {
  const gpu = await Engine.create({ backend: "webgpu" });
  const cpu = await Engine.create({ backend: "cpu" });
  const seconds = async (work: () => Promise<unknown>): Promise<number> => {
    const began = performance.now();
    await work();
    return (performance.now() - began) / 1000;
  };
  const rows: Record<string, string | number>[] = [];
  for (const { name, network, paths, cpuPaths } of networks) {
    const options = { t1: 1, dt: 0.01, seed: 1, method: "levy" as const };
    const names = network.neurons || network.layers ? ["weights", "current"] : ["current"];
    const [a, b] = [gpu.network(network), cpu.network(network)];
    let efficiency: number | undefined;
    const forward = async (): Promise<void> => {
      const trains = await a.simulate({ ...options, paths });
      efficiency = trains.laneEfficiency;
      trains.dispose();
    };
    const gradient = (): Promise<unknown> =>
      a.valueAndGradient(meanSpikeTime(0, 2), { ...options, paths, with: names });
    await forward();
    await gradient();
    const [f, g] = [await seconds(forward), await seconds(gradient)];
    const c = await seconds(() => b.simulate({ ...options, paths: cpuPaths }));
    const rate = (n: number, s: number): number => Number(((n * 100) / s).toPrecision(3));
    rows.push({
      network: name,
      "forward path·steps/s": rate(paths, f),
      "with gradient": rate(paths, g),
      "twin forward": rate(cpuPaths, c),
      "GPU / twin": Number((rate(paths, f) / rate(cpuPaths, c)).toFixed(1)),
      "lane efficiency": efficiency === undefined ? "–" : Number(efficiency.toFixed(2)),
    });
  }
  console.log(`${gpu.adapterName}; levy, dt 0.01, 100 steps; the twin on one core`);
  console.table(rows);
  gpu.dispose();

  const memory: Record<string, string | number>[] = [];
  for (const [name, network, paths] of [
    ["1 neuron", { current: 1.5 }, 1_000_000],
    ["22 neurons", networks[1]!.network, 65_536],
  ] as [string, NetworkDefinition, number][]) {
    const engine = await Engine.create({ backend: "webgpu" });
    const s = await seconds(async () => {
      const trains = await engine.network(network).simulate({ paths, t1: 1, dt: 0.01, seed: 1, method: "euler" });
      memory.push({ network: name, paths, "trains MiB": Math.round(trains.bytes / 2 ** 20) });
      trains.dispose();
    });
    Object.assign(memory[memory.length - 1]!, {
      "peak MiB": Math.round(engine.gpu!.peakBytes / 2 ** 20),
      seconds: Number(s.toFixed(1)),
    });
    engine.dispose();
  }
  console.log("euler, 100 steps; bytes on the adapter");
  console.table(memory);
  writeResult("networks", { adapter: gpu.adapterName, rows, memory });
}
