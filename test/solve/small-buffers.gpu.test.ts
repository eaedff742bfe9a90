/** Devices whose largest buffer holds the record of a chunk no longer once it has grown: chunks become smaller. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Engine } from "../../src/engine.js";
import { firstSpikes } from "../../src/loss/spike-times.js";
import { vanRossum } from "../../src/loss/van-rossum.js";
import type { NetworkDefinition } from "../../src/network/network.js";
import type { Distribution } from "../../src/plan/plan.js";
import { sgd } from "../../src/train/optimisers.js";
import { train } from "../../src/train/train.js";

/** 40 slots of 12 bytes fit it for 512 paths, 80 of them, to which they grow, only for 256. */
const largestBuffer = 2 ** 18;
let engine: Engine;
let limited = false;
beforeAll(async () => {
  engine = await Engine.create({ backend: "webgpu" });
  const { device } = engine.gpu!;
  const { limits } = device;
  const small: Record<string, number> = {};
  for (const name in limits) small[name] = limits[name as "maxBufferSize"];
  small.maxStorageBufferBindingSize = largestBuffer;
  Object.defineProperty(device, "limits", { get: () => (limited ? small : limits) });
});
afterAll(() => engine?.dispose());

/** What a run gives as if the device's largest buffer were small. */
async function onSmall<T>(run: () => Promise<T>): Promise<T> {
  limited = true;
  try {
    return await run();
  } finally {
    limited = false;
  }
}

/** On the device as it is, and as if its largest buffer were small: kernels are compiled once for both. */
const both = async <T>(run: () => Promise<T>): Promise<[whole: T, chunked: T]> => [await run(), await onSmall(run)];

const busy: NetworkDefinition = {
  neurons: 2,
  parameters: { tauS: 0.027, alpha: 0, vReset: 0, beta: 0.5 },
  weights: {
    edges: [
      [0, 1, 0.01],
      [1, 0, 0.02],
    ],
  },
  current: 1.2,
};
const options = { paths: 512, t1: 0.5, dt: 0.025, seed: 5 };
const distributions: Distribution[] = ["invocation", "workgroup"];

describe.each(distributions)("a record that outgrows the largest buffer, by %s", (distribution) => {
  const solve = { ...options, distribution };
  it("is that of smaller chunks in a simulation, of the same bits", async () => {
    const [a, b] = await both(() => engine.network(busy).simulate(solve));
    expect(a.largestCount).toBeGreaterThan(40);
    expect(a.onDevice!.length).toBe(1);
    expect(b.onDevice!.length).toBe(2);
    expect(await b.read()).toEqual(await a.read());
    for (const spikes of [a, b]) spikes.dispose();
    expect(engine.gpu!.bytesInUse).toBe(0);
  });

  it("is that of smaller chunks in a gradient, of the same bits", async () => {
    const loss = firstSpikes([[0.1, 0.2], [0.15]]);
    const [whole, chunked] = await both(() =>
      engine.network(busy).valueAndGradient(loss, { ...solve, with: ["mu1", "weights"] }),
    );
    expect(chunked).toEqual(whole);
    expect(engine.gpu!.bytesInUse).toBe(0);
  });
});

describe("a record that outgrows the largest buffer", () => {
  it("is that of smaller chunks in training, of the same bits", async () => {
    const [whole, chunked] = await both(async () => {
      const steps: unknown[] = [];
      const loss = firstSpikes([[0.1, 0.2], [0.15]]);
      const optimiser = sgd({ learningRate: 0.1 });
      for await (const step of train(engine.network(busy), {
        ...options,
        loss,
        optimiser,
        trainable: ["current"],
        steps: 2,
      })) {
        steps.push(step.value, (await step.values()).updated);
      }
      return steps;
    });
    expect(chunked).toEqual(whole);
    expect(engine.gpu!.bytesInUse).toBe(0);
  });

  it("is that of smaller chunks for one neuron, of the same bits", async () => {
    const one: NetworkDefinition = { parameters: busy.parameters!, current: 1.2 };
    // Of 8 bytes a spike, and 20 slots at first.
    const solve = { ...options, paths: 1024 };
    const [a, b] = await both(() => engine.network(one).simulate(solve));
    expect(a.onDevice!.length).toBe(1);
    expect(b.onDevice!.length).toBeGreaterThan(1);
    expect(await b.read()).toEqual(await a.read());
    for (const spikes of [a, b]) spikes.dispose();
  });

  it("is that of smaller chunks for sensitivities, of the same bits", async () => {
    const [whole, chunked] = await both(() =>
      engine.network(busy).spikeTimeSensitivities({ ...options, with: ["mu1"] }),
    );
    expect(chunked).toEqual(whole);
    expect(engine.gpu!.bytesInUse).toBe(0);
  });

  it("is refused in one line where all paths must lie in one chunk", async () => {
    const loss = vanRossum(
      [
        { times: [0.1], neurons: [0] },
        { times: [0.2], neurons: [1] },
      ],
      { tau: 0.1 },
    );
    const run = onSmall(() => engine.network(busy).valueAndGradient(loss, { ...options, with: ["mu1"] }));
    await expect(run).rejects.toThrow(/^paths: loss .* no more than \d+ of 512 fit the buffers/);
    expect(engine.gpu!.bytesInUse).toBe(0);
  });
});
