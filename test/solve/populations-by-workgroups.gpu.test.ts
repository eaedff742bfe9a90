/** Networks of populations on the GPU, against the twin: by workgroups, of different cells, and sensitivities. */
import { describe, it } from "vitest";
import { sharedEngine } from "../support/engine.js";
import { delayedPopulations, differentCells, widePopulations } from "../support/populations.js";
import { expectTwin, expectTwinSensitivities } from "./gpu-twin.js";

const engine = sharedEngine();

describe("networks of populations on the GPU", () => {
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
