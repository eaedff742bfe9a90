/**
 * `npm run bench -- processor`: one neuron without a GPU. The `simd` backend on one thread and on all, and the software
 * adapter, in turns; wall and processor time, least of the rounds.
 */
import os from "node:os";
import { Engine } from "../src/engine.js";
import { firstSpikes } from "../src/loss/spike-times.js";
import { option, writeResult } from "./support.js";

const loss = firstSpikes([[0, 0, 0]], "mae");
const methods = ["euler", "levy"] as const;

export async function run(args: string[]): Promise<void> {
  const rounds = Number(option(args, "--rounds", "8"));
  const processors = os.availableParallelism();
  const engines = [
    await Engine.create({ backend: "simd", threads: 1 }),
    ...(processors > 1 ? [await Engine.create({ backend: "simd", threads: processors })] : []),
    await Engine.create({ backend: "webgpu", software: true }),
  ];
  const tasks: { name: string; adapter: string; act: () => Promise<unknown>; repeats: number }[] = [];
  for (const method of methods) {
    for (const engine of engines) {
      const adapter = engine.adapterName;
      const network = engine.network({ parameters: { mu2: 0 }, current: 1.5 });
      const forward = { paths: 16384, t1: 5, dt: 0.01, seed: 1, method };
      const simulate = async (): Promise<void> => (await network.simulate(forward)).dispose();
      tasks.push({ name: `${method} forward`, adapter, act: simulate, repeats: 1 });
      for (const paths of [128, 4096]) {
        const plan = network.gradientPlan({ paths, t1: 2, dt: 0.01, seed: 1, method }, loss);
        const evaluator = await network.evaluator(plan, loss, ["current"]);
        const name = `${method} value and gradient, ${paths} paths`;
        tasks.push({ name, adapter, act: () => evaluator.evaluate(plan), repeats: paths < 1000 ? 8 : 1 });
      }
    }
  }
  const least = tasks.map(() => ({ wall: Number.POSITIVE_INFINITY, cpu: Number.POSITIVE_INFINITY }));
  for (let round = -2; round < rounds; round++) {
    for (const [n, { act, repeats }] of tasks.entries()) {
      for (let k = 0; k < repeats; k++) {
        const [used, began] = [process.cpuUsage(), performance.now()];
        await act();
        const wall = performance.now() - began;
        const { user, system } = process.cpuUsage(used);
        if (round < 0) continue; // compiles, and compiles better
        least[n]!.wall = Math.min(least[n]!.wall, wall);
        least[n]!.cpu = Math.min(least[n]!.cpu, (user + system) / 1000);
      }
    }
  }
  const rows = tasks.map(({ name, adapter }, n) => ({ name, adapter, ...least[n]! }));
  for (const { name, adapter, wall, cpu } of rows) {
    console.log(
      `${name.padEnd(36)} ${adapter.padEnd(50)} ${wall.toFixed(1).padStart(8)} ms, processor ${cpu.toFixed(1)}`,
    );
  }
  writeResult("processor", { processor: os.cpus()[0]?.model, processors, node: process.version, rounds, rows });
  for (const engine of engines) engine.dispose();
}
