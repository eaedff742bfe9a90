/** Inputs by name on the GPU, against the twin: by invocations and by workgroups, forward and backward, sensitivities. */
import { describe, expect, it } from "vitest";
import { Engine } from "../../src/engine.js";
import { logLikelihood } from "../../src/loss/log-likelihood.js";
import { sharedEngine } from "../support/engine.js";
import { hazardCases, inputCases } from "../support/inputs.js";
import { expectTwin, expectTwinSensitivities } from "./gpu-twin.js";

const engine = sharedEngine();
const [constant, linear, mixed, thresholds, held] = inputCases.map(([, network]) => network);
const options = { t0: 0.1, t1: 1.1, paths: 60 };

describe("inputs by name on the GPU", () => {
  it("that are constant are parameters", () => expectTwin(engine(), "levy", constant!, options));
  it("that are linear between samples", () => expectTwin(engine(), "levy", linear!, options));
  it("of a network, a path per invocation", () =>
    expectTwin(engine(), "levy", mixed!, { ...options, distribution: "invocation" }));
  it("of a network, a path per workgroup", () =>
    expectTwin(engine(), "levy", mixed!, { ...options, distribution: "workgroup" }));
  it("that surfaces read", () => expectTwin(engine(), "levy", thresholds!, options));
  it("that surfaces read and that are held, with kicks", () => expectTwin(engine(), "euler", held!, options));
  it("have sensitivities", () => expectTwinSensitivities(engine(), "levy", mixed!, ["mu", "I", "weights"]));
});

describe("likelihood with inputs", () => {
  it.each(hazardCases)("is that of the twin: %s", async (_, network) => {
    const cpu = await Engine.create({ backend: "cpu" });
    const trials = [
      { times: [0.25, 0.4, 0.62, 0.9], neurons: network.neurons ? [0, 1, 2, 1] : [0, 0, 0, 0] },
      { times: [0.31, 0.7], neurons: network.neurons ? [2, 0] : [0, 0] },
    ];
    const names = ["mu", "beta", "vReset", ...(network.neurons ? ["weights"] : ["I", "g"])];
    const asked = { paths: 1, t0: 0.1, t1: 1.1, dt: 0.01, with: names };
    const [a, b] = await Promise.all(
      [engine(), cpu].map((e) => e.network(network).valueAndGradient(logLikelihood(trials), asked)),
    );
    // float32 against float64, as for spike times.
    expect(Math.abs(a!.value / b!.value - 1)).toBeLessThan(1e-4);
    const size = Math.max(...b!.flat.map(Math.abs));
    b!.flat.forEach((value, i) => {
      expect(Math.abs(a!.flat[i]! - value)).toBeLessThan(1e-3 * size);
    });
    cpu.dispose();
  });
});
