/**
 * `npm run bench -- floors`: forward and gradient of one neuron beside a kernel that only draws one normal pair per
 * step from the same generator, in one run on one adapter.
 */
import { noiseKernel } from "../src/bench/floors.js";
import { Engine } from "../src/engine.js";
import { parameterLayout, requestedViews } from "../src/solve/layout.js";
import { type Method, methods } from "../src/solve/plan.js";
import { meanSpikeTime } from "../src/train/losses/spike-times.js";
import { median, writeResult } from "./support.js";

const paths = 16384;
const steps = 500;

export async function run(): Promise<void> {
  const engine = await Engine.create({ backend: "webgpu" });
  const gpu = engine.gpu!;
  const repeats = 7;
  const time = async (work: () => Promise<unknown>): Promise<number> => {
    await work();
    const times: number[] = [];
    for (let r = 0; r < repeats; r++) {
      const began = performance.now();
      await work();
      times.push((performance.now() - began) / 1000);
    }
    return median(times);
  };

  const kernel = await gpu.kernel({ label: "noise", code: noiseKernel, bindings: ["read_write"], uniformBytes: 8 });
  const out = gpu.buffer("noise", 4 * paths);
  const noise = await time(async () => {
    const batch = gpu.batch().dispatch(kernel, [out], Uint32Array.of(steps, 1), [paths / 64]);
    const data = batch.read(out, 0, 4);
    batch.submit();
    await data;
  });

  // About four spikes per unit time: the paper's neuron at current 1.5.
  const network = engine.network({ parameters: { mu2: 0 }, current: 1.5 });
  const rows: Record<string, string | number>[] = [];
  const row = (what: string, seconds: number, ratio: string): void => {
    rows.push({
      what,
      ms: Number((1000 * seconds).toFixed(1)),
      "million path·steps/s": Number(((paths * steps) / seconds / 1e6).toFixed(1)),
      ratio,
    });
  };
  row("noise only", noise, "1");
  const efficiency: Record<string, number> = {};
  for (const method of ["euler", "levy", "wong-zakai"] as Method[]) {
    const options = { paths, t1: 5, dt: 0.01, seed: 1, method };
    const forward = await time(async () => {
      const trains = await network.simulate(options);
      trains.dispose();
    });
    row(`forward ${method}`, forward, `${(forward / noise).toFixed(2)} × noise`);
    const plan = network.plan(options);
    const loss = meanSpikeTime(0, 9);
    requestedViews(network.network, parameterLayout(plan), ["current"]);
    const evaluator = await network.evaluator(plan, loss, ["current"]);
    const gradient = await time(() => evaluator.evaluate(plan));
    evaluator.dispose();
    row(`value and gradient ${method}`, gradient, `${(gradient / forward).toFixed(2)} × forward`);
  }
  console.log(`${engine.adapterName}; ${paths} paths × ${steps} steps of one neuron; medians of ${repeats}`);
  console.table(rows);
  writeResult("floors", { adapter: engine.adapterName, paths, steps, rows, efficiency, methods });
  engine.dispose();
}
