/** Parameters that are 0 where equations divide by them. */
import { expect, it } from "vitest";
import { defineNetwork } from "../../src/network/network.js";
import { zeroDivisors } from "../../web/src/worker/zero-divisors.js";

const cell = {
  name: "divides",
  state: { v: "(I - v) / (tau * c) + v / (1 + a)", s: "exp(v) / b ^ 2 + v / (v + d)" },
  event: "s",
  reset: { s: "log(u)" },
  parameters: { tau: 1, c: 1, a: 0, b: 1, d: 0 },
};
const zeros = (parameters: Record<string, number | number[]>): string[] =>
  zeroDivisors(defineNetwork({ cell, neurons: 2, parameters }));

it("in products and powers, and in any neuron; not where 0 is no divisor", () => {
  expect(zeros({})).toEqual([]);
  expect(zeros({ tau: 0 })).toEqual(["tau"]);
  expect(zeros({ tau: 0, c: [1, 0] })).toEqual(["tau", "c"]);
  expect(zeros({ b: [1, 0] })).toEqual(["b"]);
});
