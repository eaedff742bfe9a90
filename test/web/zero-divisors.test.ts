/** Parameters that are 0 where equations divide by them. */
import { expect, it } from "vitest";
import { SaltationError } from "../../src/index.js";
import { defineNetwork } from "../../src/network/network.js";
import { failureText, zeroDivisors } from "../../web/src/worker/zero-divisors.js";

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

it("stand in the message of a result that is not finite, and of no other", () => {
  const given: Record<string, number>[] = [{}, { tau: 0 }, { tau: 0, b: 0 }];
  const networks = given.map((parameters) => defineNetwork({ cell, parameters }));
  const text = (code: "not-finite" | "limit") => failureText(new SaltationError(code, "no"), networks);
  expect(text("not-finite")).toBe("no; the equations divide by tau and b, which should not be 0");
  expect(text("limit")).toBe("no");
  expect(failureText(new SaltationError("not-finite", "no"), networks.slice(0, 1))).toBe("no");
});
