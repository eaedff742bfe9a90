/** A sparse random network of 1,000 leaky neurons with current synapses, by neurons and by the float64 twin, over a second. */
import { expect, it } from "vitest";
import { Engine } from "../../src/engine.js";
import { simulateGpu } from "../../src/solve/simulate.js";
import { sharedEngine } from "../support/engine.js";
import { sparseLeaky } from "../support/leaky.js";

const engine = sharedEngine();

it("fires as the twin does until rounding changes an order, and as often", { timeout: 1_200_000 }, async () => {
  const cpu = await Engine.create({ backend: "cpu" });
  const options = { t1: 1000, dt: 1, paths: 1, seed: 1 };
  const network = sparseLeaky(1000, 100);
  const b = await (await cpu.network(network).simulate(options)).read();
  // Rounded: a potential remembers 20 steps, each rounded to 6e-8, and is off by 3e-7; a threshold that it approaches by 0.0025
  // a ms is met 1e-4 ms early or late, which targets that are as slow multiply, tenfold by 200 ms. Carried, as is the rule: what
  // is left is the rounding of parameters, weights and places.
  for (const [increments, most] of [
    ["rounded", 2e-3],
    [undefined, 1e-4],
  ] as const) {
    const plan = engine()
      .network(network)
      .plan({ ...options, distribution: "neuron" });
    const a = await (await simulateGpu(engine().gpu!, { ...plan, ...(increments ? { increments } : {}) })).read();
    let worst = 0;
    let n = 0;
    for (; a.neurons[n] === b.neurons[n] && b.times[n]! < 200; n++) {
      worst = Math.max(worst, Math.abs(a.times[n]! - b.times[n]!));
    }
    expect(n).toBeGreaterThan(1000);
    expect(worst, increments).toBeLessThan(most);
    expect(Math.abs(a.counts[0]! / b.counts[0]! - 1)).toBeLessThan(0.02);
  }
});
