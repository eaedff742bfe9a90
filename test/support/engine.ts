import { afterAll, beforeAll } from "vitest";
import { Engine } from "../../src/engine.js";
import { onSimd } from "./gpu.js";

/** An engine on the GPU of where the test runs. */
export const anEngine = (): Promise<Engine> =>
  Engine.create(onSimd() ? { backend: "simd", threads: 1 } : { backend: "webgpu" });

/** One engine for a test file, on the GPU of where the test runs. */
export function sharedEngine(): () => Engine {
  let engine: Engine | undefined;
  beforeAll(async () => {
    engine = await anEngine();
  });
  afterAll(() => engine?.dispose());
  return () => engine!;
}
