import { describe, expect, it } from "vitest";
import { Engine } from "../../src/engine.js";
import { meanSpikeTime } from "../../src/loss/spike-times.js";
import type { NetworkDefinition } from "../../src/network/network.js";
import { rmsprop } from "../../src/train/optimisers.js";
import { train } from "../../src/train/train.js";

describe("an engine", () => {
  it("refuses a device that is lost", async () => {
    const own = await Engine.create({ backend: "webgpu" });
    const { device } = own.gpu!;
    const guest = await Engine.create({ device });
    guest.dispose();
    own.dispose(); // destroys its device
    const refused = {
      code: "device-lost",
      message: expect.stringMatching(/^device: is lost \(.*\); give one of a new/),
    };
    await expect(Engine.create({ device })).rejects.toMatchObject(refused);
    await expect(Engine.create({ device })).rejects.toMatchObject(refused); // now that it is known
  });

  it.each(["cpu", "webgpu"] as const)("does nothing more once it is disposed: %s", async (backend) => {
    const engine = await Engine.create({ backend });
    const network = engine.network({ current: 1.5 });
    const options = { paths: 2, t1: 0.1, dt: 0.1 };
    const differentiated = { ...options, with: ["current"] };
    const loss = meanSpikeTime(0, 0);
    const optimiser = rmsprop({ learningRate: 1e-3 });
    engine.dispose();
    engine.dispose();
    const acts: [string, () => unknown][] = [
      ["simulate", () => network.simulate(options)],
      ["valueAndGradient", () => network.valueAndGradient(loss, differentiated)],
      ["evaluator", () => network.evaluator(network.plan(options), loss, ["current"])],
      ["sensitivities", () => network.spikeTimeSensitivities(differentiated)],
      ["traces", () => network.stateTraces(options)],
      ["prepare", () => network.prepare(options)],
      ["prepareGradient", () => network.prepareGradient({ ...differentiated, loss })],
      ["train", () => train(network, { ...options, loss, optimiser, steps: 1, trainable: ["current"] }).next()],
      ["network", () => engine.network({})],
    ];
    for (const [name, act] of acts) {
      await expect((async () => act())(), name).rejects.toThrow("this engine was disposed; create a new one");
    }
  });

  it("measures the same error of the step as any other backend", async () => {
    const definition = { cell: "slif", neurons: 2, weights: { edges: [[0, 1, 0.8]] }, current: [1.5, 0.5] } as const;
    const options = { paths: 300, t1: 1, dt: 0.02, seed: 4 };
    const reports = await Promise.all(
      (["webgpu", "cpu"] as const).map(async (backend) => {
        const engine = await Engine.create({ backend });
        const spikes = await engine.network(definition as unknown as NetworkDefinition).simulate(options);
        const report = await spikes.discretisation();
        spikes.dispose();
        engine.dispose();
        return report;
      }),
    );
    expect(reports[0]).toMatchObject({ measured: true, of: "spike times", paths: 10 });
    expect(reports[0]).toEqual(reports[1]);
  });
});
