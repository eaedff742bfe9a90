import { expect, it } from "vitest";
import { defineNetwork } from "../../src/network/network.js";

it("a section that a network does not have is refused: misspelt, it would count for nothing", () => {
  expect(() => defineNetwork({ curent: 1.5 } as never)).toThrow(
    "network.curent: unknown section; known: cell, neurons, layers, parameters, weights, current, inputSpikes",
  );
  const layers = [1, 2];
  const weights = { layers: [[[0.5, -0.25]]] };
  const inputSpikes = { times: [0.1], neurons: [0], weights: [1] };
  const whole = { cell: "slif", neurons: 3, layers, parameters: { mu1: 15 }, weights, current: 1.5, inputSpikes };
  expect(defineNetwork(whole)).toMatchObject({ neurons: 3, layers, current: 1.5, inputSpikes });
});
