/** Losses of all paths together, sums and estimators in shards, on every backend: the bits of one run. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Engine } from "../../src/engine.js";
import { losses } from "./losses.js";
import { inShards, printed, sourceOf, whole } from "./support.js";

/** On WebGPU the losses that the device takes in most ways: its rounds are those of `simd`, by the same code. */
const onWebGpu = new Set(["the van Rossum distance", "a signature kernel's MMD, of two neurons", "matched signatures"]);

/** In float64 a Gram matrix of two neurons takes as long as all other losses. */
const isRun = (backend: string, name: string): boolean =>
  backend === "webgpu" ? onWebGpu.has(name) : backend !== "cpu" || name !== "a signature kernel's MMD, of two neurons";

describe.each(["cpu", "simd", "webgpu"] as const)("shards on %s", (backend) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await Engine.create({ backend });
  });
  afterAll(() => engine.dispose());

  it.each(Object.entries(losses).filter(([name]) => isRun(backend, name)))(
    "gradient of %s: the bits of one run",
    { timeout: 600_000 },
    async (name, job) => {
      const source = sourceOf(job);
      const one = printed(await whole(engine, source));
      for (const shards of [1, 2]) expect(printed(await inShards(engine, source, shards))).toBe(one);
      if (name.includes("warns")) expect(one).toMatch(/"warnings":\[/);
    },
  );
});
