import { afterAll, beforeAll } from "vitest";
import { Engine } from "../../src/engine.js";
import { onSimd } from "./gpu.js";

/** One engine for a test file, on the GPU of where the test runs. */
export function sharedEngine(): () => Engine {
  let engine: Engine | undefined;
  beforeAll(async () => {
    engine = await Engine.create({ backend: onSimd() ? "simd" : "webgpu" });
  });
  afterAll(() => engine?.dispose());
  return () => engine!;
}
