/** Steep hazards in coarse steps: the slope along the flow is then not that of the sub-step, and events are located all the same. */
import { expect, it } from "vitest";
import { compileCell } from "../../src/cell/emit-js.js";
import { slif } from "../../src/cell/slif.js";
import { Engine } from "../../src/engine.js";
import { defineNetwork, type NetworkDefinition } from "../../src/network/network.js";
import { planSolve } from "../../src/plan/plan.js";
import { PathSolver, type PathSpike } from "../../src/twin/forward.js";
import { counterNoise } from "../../src/twin/noise.js";
import { neuronParameters } from "../../src/twin/of-neurons.js";
import { sharedEngine } from "../support/engine.js";

const engine = sharedEngine();
const steep: NetworkDefinition = { cell: "slif", current: 3 };
const options = { paths: 32, t1: 1, dt: 0.05, seed: 1 };

it.each([
  ["one neuron", steep],
  ["a network", { ...steep, neurons: 2, weights: { edges: [[0, 1, 0.5]] } } as NetworkDefinition],
])("the kernels find the events that the twin finds: %s", async (_, network) => {
  const cpu = await (await Engine.create({ backend: "cpu" })).network(network).simulate(options);
  const a = await cpu.read();
  const b = await (await engine().network(network).simulate(options)).read();
  expect([...b.counts]).toEqual([...a.counts]);
  // A correction below 5e-5 of a step is the last, and spikes that follow move along.
  const distances = a.times.map((t, i) => Math.abs(t - b.times[i]!));
  expect(Math.max(...distances)).toBeLessThan(5e-4 * options.dt);
});

it("the twin's events are roots of the event function", () => {
  const plan = planSolve(defineNetwork(steep), options);
  const compiled = compileCell(slif);
  const [p] = neuronParameters(plan);
  const solver = new PathSolver(plan, compiled, counterNoise(plan));
  let spikes: PathSpike[] = [];
  let worst = 0;
  for (let path = 0; path < options.paths; path++) {
    const solved = solver.solve(path, true);
    spikes = [...spikes, ...solved.spikes];
    for (const o of solved.operations)
      if (o.kind === "fire") worst = Math.max(worst, Math.abs(compiled.event(o.before, p!)));
  }
  expect(spikes.length).toBeGreaterThan(300);
  expect(worst).toBeLessThan(1e-12);
});
