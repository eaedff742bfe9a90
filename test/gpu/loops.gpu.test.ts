/** Drivers that end a kernel's loops early. */
import { expect, it } from "vitest";
import { Engine } from "../../src/engine.js";
import type { Gpu, KernelSpec } from "../../src/gpu/index.js";
import { finishesLoops, refuseShortLoops, shortLoops } from "../../src/gpu/loops.js";
import { sharedGpu } from "../support/gpu.js";

const gpu = sharedGpu();

/** The device with a driver that makes 65,535 turns of the loop. */
const ending = (): Gpu =>
  Object.create(gpu(), {
    kernel: {
      value: (spec: KernelSpec) =>
        gpu().kernel({ ...spec, code: spec.code.replace("state[0]", "min(state[0], 65535u)") }),
    },
  });

it("are found by trying, and refused with what to do", async () => {
  const { accepted } = shortLoops;
  shortLoops.accepted = false;
  try {
    expect(await finishesLoops(ending())).toBe(false);
    await expect(refuseShortLoops(ending())).rejects.toMatchObject({
      code: "no-adapter",
      message: expect.stringMatching(
        /ends a kernel's loops after some 65,000 turns.* use a GPU and its driver, or backend cpu/,
      ),
    });
    // Where this driver itself does so, the engine takes the twin in its place.
    const finishes = await finishesLoops(gpu());
    const engine = await Engine.create({ software: true });
    expect(engine.backend).toBe(finishes ? "webgpu" : "cpu");
    engine.dispose();
    if (!finishes) await expect(Engine.create({ backend: "webgpu" })).rejects.toMatchObject({ code: "no-adapter" });
    else if (!accepted) await refuseShortLoops(gpu());
  } finally {
    shortLoops.accepted = accepted;
  }
});
