/** Networks of populations on the GPU, against the twin: by invocations and by workgroups, forward and backward, sensitivities. */
import { describe, it } from "vitest";
import { sharedEngine } from "../support/engine.js";
import { delayedPopulations, differentCells, widePopulations } from "../support/populations.js";
import { expectTwin, expectTwinSensitivities } from "./gpu-twin.js";

const engine = sharedEngine();

describe("networks of populations on the GPU", () => {
  it("with delays and a tied weight, a path per invocation", () =>
    expectTwin(engine(), "levy", delayedPopulations, { paths: 100 }));
  it("a path per workgroup", () =>
    expectTwin(engine(), "levy", widePopulations, { paths: 100, distribution: "workgroup" }));
  it("of different cells", () => expectTwin(engine(), "levy", differentCells, { paths: 100 }));
  it("have sensitivities", () =>
    expectTwinSensitivities(engine(), "levy", delayedPopulations, [
      "hidden.mu1",
      "out.beta",
      "hidden.current",
      "out.current",
      "back.weights",
      "hidden->out.weights",
      "hidden->hidden.delays",
    ]));
});
