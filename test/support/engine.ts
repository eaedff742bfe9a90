import { afterAll, beforeAll } from "vitest";
import { Engine } from "../../src/engine.js";
import { onSimd } from "./gpu.js";

/** One engine for a test file, on the GPU of where the test runs. */
export function sharedEngine(): () => Engine {
  let engine: Engine | undefined;
  beforeAll(async () => {
    engine = await Engine.create(onSimd() ? { backend: "simd", threads: 1 } : { backend: "webgpu" });
  });
  afterAll(() => engine?.dispose());
  return () => engine!;
}
