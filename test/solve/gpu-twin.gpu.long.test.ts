/** The networks and methods of `gpu-twin.gpu.test.ts` that its quick selection leaves out. */
import { describe, it } from "vitest";
import { sharedEngine } from "../support/engine.js";
import {
  expectAnyLanes,
  expectTwin,
  expectTwinSensitivities,
  layered,
  sensitivityCases,
  twinCases,
} from "./gpu-twin.js";

const engine = sharedEngine();

describe("GPU against the float64 twin", () => {
  it.each(twinCases(true))("%s, method %s", async (_, method, definition, options) => {
    await expectTwin(engine(), method, definition, options);
  });
});

describe("a path per workgroup", () => {
  it("is the same with any lanes and wherever its fields lie: layered", () => expectAnyLanes(engine(), layered));
});

describe("forward sensitivities against the twin", () => {
  it.each(sensitivityCases(true))("%s, method %s", async (_, method, definition, names) => {
    await expectTwinSensitivities(engine(), method, definition, names);
  });
});
