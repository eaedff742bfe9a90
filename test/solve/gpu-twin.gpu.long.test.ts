/** The networks and methods of `gpu-twin.gpu.test.ts` that its quick selection leaves out. */
import { describe, it } from "vitest";
import { sharedEngine } from "../support/engine.js";
import { expectTwin, expectTwinSensitivities, sensitivityCases, twinCases } from "./gpu-twin.js";

const engine = sharedEngine();

describe("GPU against the float64 twin", () => {
  it.each(twinCases(true))("%s, method %s", async (_, method, definition, options) => {
    await expectTwin(engine(), method, definition, options);
  });
});

describe("forward sensitivities against the twin", () => {
  it.each(sensitivityCases(true))("%s, method %s", async (_, method, definition, names) => {
    await expectTwinSensitivities(engine(), method, definition, names);
  });
});
