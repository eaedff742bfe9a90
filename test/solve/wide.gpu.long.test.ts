/** Networks of cells with as many variables as a cell may nearly have: their kernels compile, and are those of the twin. */
import { describe, it } from "vitest";
import type { NetworkDefinition } from "../../src/network/network.js";
import { sharedEngine } from "../support/engine.js";
import { expectTwin } from "./gpu-twin.js";

const engine = sharedEngine();

/** A ring of variables of a long equation each, of which the first fires, and others are noisy. */
function ring(states: number, channels: number): NetworkDefinition {
  const all = Array.from({ length: states }, (_, i) => i);
  const flow = (i: number): string => {
    const [a, b, c] = [1, 2, 3].map((d) => `x${(i + d) % states}`);
    return i === 0
      ? `a * (1.5 + I - x0) + 0.01 * tanh(${a})`
      : `a * (${a} - x${i}) * exp(-(${b} ^ 2)) / (1 + ${c} ^ 2)`;
  };
  return {
    cell: {
      name: "ring",
      state: Object.fromEntries(all.map((i) => [`x${i}`, flow(i)])),
      event: "x0 - 1",
      reset: { x0: "0" },
      receive: { x1: "x1 + w" },
      noise: Object.fromEntries(all.slice(1, 1 + channels).map((i) => [`x${i}`, "s"])),
      start: Object.fromEntries(all.map((i) => [`x${i}`, "0"])),
      parameters: { a: 3, s: 0.1 },
    },
    neurons: 2,
    weights: {
      dense: [
        [0, 0.1],
        [0.1, 0],
      ],
    },
    current: 0.5,
  };
}

describe("a cell of many variables", () => {
  it.each([
    [16, 2],
    [30, 8],
  ])("%i, and %i channels of noise", async (states, channels) => {
    await expectTwin(engine(), "levy", ring(states, channels), { paths: 60, t1: 1 });
  });
});
