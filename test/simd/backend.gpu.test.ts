/** The `simd` backend: agreement with the twin, and the same bits for any number of threads. */
import { afterAll, describe, expect, it } from "vitest";
import { Engine } from "../../src/engine.js";
import { firstSpikes } from "../../src/loss/spike-times.js";
import { canShare } from "../../src/wasm/workers.js";

const engines: Engine[] = [];
const open = async (threads: number): Promise<Engine> => {
  const engine = await Engine.create({ backend: "simd", threads });
  engines.push(engine);
  return engine;
};
afterAll(() => {
  for (const engine of engines) engine.dispose();
});

const neuron = { parameters: { mu2: 0 }, current: 1.5 };
const network = {
  neurons: 5,
  current: 1.4,
  weights: { edges: [[0, 1, 0.5], [1, 2, 0.5], [2, 3, -0.3], [3, 4, 0.4], [4, 0, 0.2]] as [number, number, number][] }, // biome-ignore format: one line
};
const loss = firstSpikes([[0.2, 0.4]]);

describe.each(["euler", "wong-zakai", "levy"] as const)("%s", (method) => {
  it("has spikes and gradients of the twin", async () => {
    const [simd, cpu] = [await open(2), await Engine.create({ backend: "cpu" })];
    const options = { paths: 70, t1: 2, dt: 0.01, seed: 4, method };
    const [a, b] = [simd.network(neuron), cpu.network(neuron)];
    const [mine, its] = [await (await a.simulate(options)).read(), await (await b.simulate(options)).read()];
    expect(Array.from(mine.counts)).toEqual(Array.from(its.counts));
    // As on a GPU: float32 keeps 1e-7 of a state, and errors of the steps between spikes add up.
    for (let n = 0; n < its.times.length; n++) expect(Math.abs(mine.times[n]! - its.times[n]!)).toBeLessThan(1e-5);
    const wanted = { ...options, with: ["current", "mu1", "sigma1"] };
    const [g, c] = [await a.valueAndGradient(loss, wanted), await b.valueAndGradient(loss, wanted)];
    expect(g.value / c.value).toBeCloseTo(1, 5);
    g.flat.forEach((x, n) => {
      expect(x / c.flat[n]!).toBeCloseTo(1, 3);
    });
    const [s, t] = [await a.spikeTimeSensitivities(wanted), await b.spikeTimeSensitivities(wanted)];
    const most = Math.max(...t.derivatives.map(Math.abs));
    t.derivatives.forEach((x, n) => {
      expect(Math.abs(s.derivatives[n]! - x)).toBeLessThan(1e-3 * most);
    });
  });
});

it.each([
  ["one neuron", neuron],
  ["a network", network],
])("has the same bits with any number of threads: %s", async (_, definition) => {
  const options = { paths: 333, t1: 1, dt: 0.01, seed: 4, with: ["current"] };
  const results = [];
  for (const threads of [1, 2, 3]) {
    const on = (await open(threads)).network(definition);
    const { value, flat } = await on.valueAndGradient(loss, options);
    results.push([value, Array.from(flat), Array.from((await (await on.simulate(options)).read()).times)]);
  }
  expect(results[1]).toEqual(results[0]);
  expect(results[2]).toEqual(results[0]);
});

it("says what it is, and refuses what does not go with it", async () => {
  const engine = await open(3);
  expect(engine.backend).toBe("simd");
  // A page that is not isolated has no memory that threads share.
  const threads = canShare() ? "3 threads" : "1 thread";
  expect(engine.adapterName).toBe(`WebAssembly SIMD, ${threads}`);
  const { prepare } = { prepare: () => engine.network(neuron).prepare({ paths: 1, t1: 1, dt: 0.1 }) };
  await expect(prepare()).rejects.toThrow("backend: is simd; command encoders are a matter of WebGPU");
  await expect(Engine.create({ backend: "simd", threads: 0 })).rejects.toThrow(/^threads: /);
  await expect(Engine.create({ backend: "cpu", threads: 2 })).rejects.toThrow(/^threads: /);
});
