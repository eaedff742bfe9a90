import { describe, expect, it } from "vitest";
import { Engine } from "../../src/engine.js";
import { firstSpikes } from "../../src/loss/spike-times.js";
import { sharedEngine } from "../support/engine.js";
import {
  expectAnyLanes,
  expectTwin,
  expectTwinSensitivities,
  one,
  recurrent,
  sensitivityCases,
  twinCases,
} from "./gpu-twin.js";

const engine = sharedEngine();

describe("GPU against the float64 twin", () => {
  it.each(twinCases(false))("%s, method %s", async (_, method, definition, options) => {
    await expectTwin(engine(), method, definition, options);
  });
});

describe("a path per workgroup", () => {
  it("is the same with any lanes and wherever its fields lie: recurrent", () => expectAnyLanes(engine(), recurrent));
});

describe("forward sensitivities against the twin", () => {
  it.each(sensitivityCases(false))("%s, method %s", async (_, method, definition, names) => {
    await expectTwinSensitivities(engine(), method, definition, names);
  });
});

describe("determinism", () => {
  it.each([
    ["one neuron", one, 1000],
    ["a network", recurrent, 300],
  ] as const)("a path is the same in a run of any size: %s", async (_, definition, paths) => {
    const network = engine().network(definition);
    const run = async (n: number) => (await network.simulate({ paths: n, t1: 1, dt: 0.02, seed: 9 })).read();
    const [small, large] = [await run(paths), await run(paths + 777)];
    for (let i = 0; i < paths; i++) {
      expect(large.counts[i]).toBe(small.counts[i]);
      for (let n = 0; n < small.counts[i]!; n++) {
        expect(large.times[i * large.slots + n]).toBe(small.times[i * small.slots + n]);
      }
    }
  });

  it.each([
    ["one neuron", one],
    ["a network", recurrent],
  ] as const)("value and gradient have the same bits whatever the chunking: %s", async (_, definition) => {
    const network = engine().network(definition);
    const options = { paths: 1100, t1: 0.6, dt: 0.02, seed: 4 };
    const plan = network.plan(options);
    const loss = firstSpikes([[0.2, 0.5]]);
    const evaluate = async (chunkBytes?: number) => {
      const evaluator = await network.evaluator(plan, loss, ["current", "mu1"]);
      const result = await evaluator.evaluate(plan, chunkBytes === undefined ? {} : { chunkBytes });
      evaluator.dispose();
      return result;
    };
    const [whole, pieces] = [await evaluate(), await evaluate(1)];
    expect(pieces.value).toBe(whole.value);
    expect([...pieces.flat]).toEqual([...whole.flat]);
    expect(pieces.standardError).toBe(whole.standardError);
  });

  it("seeds matter", async () => {
    const network = engine().network(one);
    const times = async (seed: number) => (await network.simulate({ paths: 64, t1: 1, dt: 0.02, seed })).spikeTimes();
    expect([...(await times(1))]).not.toEqual([...(await times(2))]);
  });
});

describe("records", () => {
  it("grow until every spike fits", async () => {
    const network = engine().network({ parameters: { tauS: 0.02, alpha: 0, vReset: 0 }, current: 1.5 });
    const spikes = await network.simulate({ paths: 256, t1: 1, dt: 0.01, seed: 1 });
    expect(spikes.largestCount).toBeGreaterThan(300);
    expect(spikes.saturatedPaths).toBe(0);
    spikes.dispose();
  });

  it("report paths that stop at maxSpikes", async () => {
    const network = engine().network({ current: 1.5 });
    const spikes = await network.simulate({ paths: 300, t1: 5, dt: 0.01, maxSpikes: 2 });
    const table = await spikes.read();
    expect(spikes.saturatedPaths).toBe(300);
    expect(table.slots).toBe(2);
    expect([...new Set(table.counts)]).toEqual([2]);
  });

  it("leave no bytes behind when disposed", async () => {
    const own = await Engine.create({ backend: "webgpu" });
    const spikes = await own.network(recurrent).simulate({ paths: 256, t1: 0.2, dt: 0.02 });
    expect(own.gpu!.bytesInUse).toBeGreaterThan(0);
    spikes.dispose();
    expect(own.gpu!.bytesInUse).toBe(0);
    await own
      .network(recurrent)
      .valueAndGradient(firstSpikes([[0.1]]), { paths: 256, t1: 0.2, dt: 0.02, with: ["weights"] });
    expect(own.gpu!.bytesInUse).toBe(0);
    own.dispose();
  });

  it("report a state that left the finite numbers", async () => {
    const network = engine().network({ current: 1e38 });
    await expect(network.simulate({ paths: 8, t1: 1, dt: 0.01 })).rejects.toThrow(/infinite or NaN in \d+ of 8 paths/);
  });
});
