/**
 * `npm run bench -- floors`: forward and gradient of one neuron beside a kernel that only draws one normal pair per
 * step from the same generator, in one run on one adapter.
 */

import { Engine } from "../src/engine.js";
import { meanSpikeTime } from "../src/loss/spike-times.js";
import { parameterLayout, requestedViews } from "../src/plan/layout.js";
import { methods } from "../src/plan/plan.js";
import { noiseKernel } from "../src/suites/floors.js";
import { median, writeResult } from "./support.js";

const paths = 16384;
const steps = 500;
const rounds = 9;

export async function run(): Promise<void> {
  const engine = await Engine.create({ backend: "webgpu" });
  const gpu = engine.gpu!;
  const kernel = await gpu.kernel(noiseKernel);
  const out = gpu.buffer("noise", 4 * paths);
  const works = new Map<string, () => Promise<unknown>>();
  works.set("noise only", () => {
    const batch = gpu.batch().dispatch(kernel, { uniform: { rounds: steps, seed: 1 }, out, threads: paths });
    const data = batch.read(out, 0, 4);
    batch.submit();
    return data;
  });

  // About four spikes per unit time: the paper's neuron at current 1.5.
  const network = engine.network({ parameters: { mu2: 0 }, current: 1.5 });
  const efficiency = new Map<string, number>();
  for (const method of methods) {
    const options = { paths, t1: 5, dt: 0.01, seed: 1, method };
    works.set(`forward ${method}`, async () => {
      const spikes = await network.simulate(options);
      efficiency.set(`forward ${method}`, spikes.laneEfficiency ?? Number.NaN);
      spikes.dispose();
    });
    const plan = network.plan(options);
    requestedViews(network.network, parameterLayout(plan), ["current"]);
    const evaluator = await network.evaluator(plan, meanSpikeTime(0, 9), ["current"]);
    works.set(`value and gradient ${method}`, () => evaluator.evaluate(plan));
  }

  // In turn, round by round: what else the machine does meets all of them alike.
  const seconds = new Map([...works.keys()].map((what) => [what, [] as number[]]));
  for (let round = -1; round < rounds; round++) {
    for (const [what, work] of works) {
      const began = performance.now();
      await work();
      if (round >= 0) seconds.get(what)!.push((performance.now() - began) / 1000);
    }
  }

  const of = (what: string): number => median(seconds.get(what)!);
  const ratio = (what: string): string => {
    if (what === "noise only") return "1";
    const [floor, name] = what.startsWith("forward")
      ? (["noise only", "noise"] as const)
      : ([what.replace("value and gradient", "forward"), "forward"] as const);
    // The median of the rounds' own ratios.
    const ratios = seconds.get(what)!.map((s, round) => s / seconds.get(floor)![round]!);
    return `${median(ratios).toFixed(2)} × ${name}`;
  };
  const rows = [...works.keys()].map((what) => ({
    what,
    ms: Number((1000 * of(what)).toFixed(1)),
    "million path·steps/s": Number(((paths * steps) / of(what) / 1e6).toFixed(1)),
    ratio: ratio(what),
    "lane efficiency": efficiency.has(what) ? efficiency.get(what)!.toFixed(2) : "",
  }));
  console.log(`${engine.adapterName}; ${paths} paths × ${steps} steps of one neuron; medians of ${rounds} rounds`);
  console.table(rows);
  writeResult("floors", { adapter: engine.adapterName, paths, steps, rounds, rows });
  engine.dispose();
}
