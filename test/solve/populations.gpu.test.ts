/** Networks of populations on the GPU, against the twin: by invocations, forward and backward. */
import { describe, it } from "vitest";
import { sharedEngine } from "../support/engine.js";
import { delayedPopulations } from "../support/populations.js";
import { expectTwin } from "./gpu-twin.js";

const engine = sharedEngine();

describe("networks of populations on the GPU", () => {
  it("with delays and a tied weight, a path per invocation", () =>
    expectTwin(engine(), "levy", delayedPopulations, { paths: 100 }));
});
