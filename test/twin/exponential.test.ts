/** States that go exactly along rates of their own: φ, one sub-step with its derivatives, order, and a closed form. */
import { describe, expect, it } from "vitest";
import { type CellDefinition, defineCell } from "../../src/cell/cell.js";
import { compileCell } from "../../src/cell/emit-js.js";
import { cellFunctions } from "../../src/cell/functions.js";
import { defineNetwork } from "../../src/network/network.js";
import { parameterLayout, parameterVector, replaceParameters } from "../../src/plan/layout.js";
import { type Method, planSolve } from "../../src/plan/plan.js";
import { type Driver, Stepper } from "../../src/twin/advance.js";
import { compileFor } from "../../src/twin/compile.js";
import { stepperOf } from "../../src/twin/exponential.js";
import { PathSolver } from "../../src/twin/forward.js";
import { counterNoise } from "../../src/twin/noise.js";
import { phis } from "../../src/twin/phi.js";

/** φ_k(z) and its derivative: the integral by Gauss's rule of five points on each of so many parts. */
function integral(k: number, z: number): [number, number] {
  const nodes = [0, 0.5384693101056831, 0.906179845938664].flatMap((x) => (x === 0 ? [0] : [x, -x]));
  const weights = [
    0.5688888888888889, 0.47862867049936647, 0.47862867049936647, 0.23692688505618908, 0.23692688505618908,
  ];
  const parts = 400;
  const factorial = [1, 1, 2][k - 1]!;
  let [value, slope] = [0, 0];
  for (let part = 0; part < parts; part++) {
    nodes.forEach((x, i) => {
      const s = (part + 0.5 + 0.5 * x) / parts;
      const term = ((weights[i]! / 2 / parts) * Math.exp((1 - s) * z) * s ** (k - 1)) / factorial;
      value += term;
      slope += (1 - s) * term;
    });
  }
  return [value, slope];
}

describe("φ", () => {
  it("and its derivative are integrals, to rounding", () => {
    const out = new Float64Array(6);
    for (const z of [0, 1e-9, -1e-4, 0.3, -0.7, 1.99, -1.99, 2.01, -2.01, -5, 7, -30, -200]) {
      phis(out, z, true);
      for (const k of [1, 2, 3]) {
        const [value, slope] = integral(k, z);
        // The sum of 2,000 terms above 0 is good to 1e-14, and each recursion loses a factor of three or so.
        expect(Math.abs(out[k - 1]! / value - 1), `φ${k}(${z})`).toBeLessThan(3e-14);
        expect(Math.abs(out[k + 2]! / slope - 1), `φ${k}′(${z})`).toBeLessThan(1e-13);
      }
    }
  });
});

/** Fast and slow, driven by the current and by two channels of noise, and nonlinear in what is not linear. */
const oscillator: CellDefinition = {
  name: "driven",
  state: { v: "k * (I - v) + w1 * w1", w1: "(sin(3 * v) - w1) / tau", x: "w1 - x * x" },
  noise: { v: "sigma", w1: "0.3 * sigma" },
  event: "v - 9",
  reset: { v: "v - 9" },
  parameters: { k: 7, tau: 0.2, sigma: 0.4 },
};
const cell = defineCell(oscillator);
const exact = compileCell(cell, cellFunctions(cell, undefined, { states: [0, 1] }));
const p = Float64Array.of(7, 0.2, 0.4);
const path: Driver = { a: Float64Array.of(0.7, -0.4), b: Float64Array.of(-1.3, 0.9) };

// By "euler" the others have the mean of these states, and then more than the classical one knows.
it.each(["levy", "wong-zakai"] as Method[])("is the classical sub-step where rates are 0: %s", (method) => {
  const still = defineCell({ ...oscillator, state: { v: "k * I + w1 * w1", w1: "sin(3 * v)", x: "w1 - x * x" } });
  const zero = compileCell(still, cellFunctions(still, undefined, { states: [0, 1] }));
  const [a, b] = [new Float64Array(3), new Float64Array(3)];
  const at = { y: Float64Array.of(0.4, -0.3, 0.2), r: 0.1, h: 0.35, driver: path, p, I: 0.8 };
  stepperOf(zero, method, 0.5).advance(a, at);
  new Stepper(compileCell(still), method, 0.5).advance(b, at);
  a.forEach((v, i) => {
    expect(Math.abs(v - b[i]!)).toBeLessThan(1e-15);
  });
});

describe.each(["levy", "wong-zakai", "euler"] as Method[])("one sub-step of %s", (method) => {
  const stepper = stepperOf(exact, method, 0.5);
  const at = { y: Float64Array.of(0.4, -0.3, 0.2), r: 0.1, h: 0.35, driver: path, p, I: 0.8 };

  it("has a tangent of finite differences, whose transpose is the reverse", () => {
    // y, r, h, parameters, I
    const direction = [0.5, -0.8, 0.7, 0.6, -0.4, 0.9, 0.2, -0.3, 1.1];
    const moved = (s: number): Float64Array => {
      const d = direction.map((v) => s * v);
      const out = new Float64Array(3);
      stepper.advance(out, {
        y: at.y.map((v, i) => v + d[i]!),
        r: at.r + d[3]!,
        h: at.h + d[4]!,
        driver: path,
        p: p.map((v, i) => v + d[5 + i]!),
        I: at.I + d[8]!,
      });
      return out;
    };
    const [dy, dp] = [Float64Array.from(direction.slice(0, 3)), Float64Array.from(direction.slice(5, 8))];
    const tangent = new Float64Array(3);
    stepper.tangent(tangent, at, { y: dy, r: direction[3]!, h: direction[4]!, p: dp, I: direction[8]! });
    const [ahead, behind, far, back] = [moved(1e-4), moved(-1e-4), moved(2e-4), moved(-2e-4)];
    // Fourth order: 1e-16 times a fifth derivative, and rounding 1e-16 / 1e-4.
    tangent.forEach((v, i) => {
      const difference = (8 * (ahead[i]! - behind[i]!) - (far[i]! - back[i]!)) / 12e-4;
      expect(Math.abs(v - difference)).toBeLessThan(1e-10);
    });

    const c = Float64Array.of(0.7, -1.1, 0.6);
    const [yBar, pBar] = [new Float64Array(3), new Float64Array(4)];
    stepper.reverse(yBar, pBar, at, c);
    const bars = [...yBar, stepper.rBar, stepper.hBar, ...pBar];
    const pulled = bars.reduce((sum, bar, i) => sum + bar * direction[i]!, 0);
    const pushed = c.reduce((sum, v, i) => sum + v * tangent[i]!, 0);
    expect(Math.abs(pulled - pushed)).toBeLessThan(1e-14);
  });
});

describe("order", () => {
  const quiet: Driver = { a: new Float64Array(2), b: new Float64Array(2) };
  const end = (of: "levy" | "euler", steps: number): Float64Array => {
    const y = Float64Array.of(0.4, -0.3, 0.2);
    const stepper = stepperOf(exact, of, 1 / steps);
    for (let n = 0; n < steps; n++) stepper.advance(y, { y, r: 0, h: 1 / steps, driver: quiet, p, I: 0.8 });
    return y;
  };
  it.each([
    ["levy", 4],
    ["euler", 1],
  ] as const)("of %s is %d", (method, order) => {
    const fine = end("levy", 8192);
    const error = (steps: number): number => Math.max(...end(method, steps).map((v, i) => Math.abs(v - fine[i]!)));
    const measured = Math.log2(error(64) / error(128));
    expect(Math.abs(measured - order)).toBeLessThan(0.2);
  });
});

it("a linear state driven by a line and a parabola's slope is exact at any step", () => {
  const linear = defineCell({
    name: "linear",
    state: { v: "-a * v + I", x: "1" },
    noise: { v: "sigma" },
    event: "x - 9",
    parameters: { a: 40, sigma: 0.7 },
  });
  const compiled = compileCell(linear, cellFunctions(linear, undefined, { states: [0] }));
  const stepper = stepperOf(compiled, "levy", 0.5);
  const driver = { a: Float64Array.of(1.3), b: Float64Array.of(-0.6) };
  const out = new Float64Array(2);
  stepper.advance(out, { y: Float64Array.of(2, 0), r: 0.1, h: 0.4, driver, p: Float64Array.of(40, 0.7), I: 3 });
  // v' = -a v + c0 + c1 s, s from the start
  const c1 = 0.7 * -0.6 * -2;
  const c0 = 3 + 0.7 * (1.3 - 0.6 * (0.5 - 0.2));
  const particular = (s: number): number => c0 / 40 + (c1 / 40) * (s - 1 / 40);
  expect(Math.abs(out[0]! - (particular(0.4) + (2 - particular(0)) * Math.exp(-16)))).toBeLessThan(1e-15);
});

it("a synapse delivers its charge by euler, whatever the step", () => {
  const cell = defineCell({
    name: "synapse",
    state: { g: "-a * g", q: "2 * g" },
    event: "q - 99",
    reset: { q: "0" },
    parameters: { a: 30 },
  });
  const compiled = compileCell(cell, cellFunctions(cell, undefined, { states: [0], kick: 0.2 }));
  const stepper = stepperOf(compiled, "euler", 0.2);
  const still = { a: new Float64Array(0), b: new Float64Array(0) };
  const y = Float64Array.of(3, 0);
  for (let n = 0; n < 10; n++) stepper.advance(y, { y, r: 0, h: 0.2, driver: still, p: Float64Array.of(30), I: 0 });
  expect(Math.abs(y[1]! - (2 * 3) / 30)).toBeLessThan(1e-15);
});

describe("what is stiff", () => {
  const planOf = (parameters: Record<string, number | number[]>, dt: number, method: Method = "levy") =>
    planSolve(defineNetwork({ cell: "slif", neurons: 2, parameters }), { paths: 1, t1: 1, dt, method });

  it("is told by rates, steps and the values of all neurons", () => {
    expect(planOf({}, 0.01).exponential).toEqual([]);
    expect(planOf({ mu2: 300 }, 0.01).exponential).toEqual(["i"]);
    expect(planOf({ mu2: [1, 300] }, 0.01).exponential).toEqual(["i"]);
    expect(planOf({ mu1: 50 }, 0.02, "euler").exponential).toEqual(["v"]);
    expect(planOf({ mu1: 50.1, mu2: 50 }, 0.01).exponential).toEqual(["v"]);
  });

  it("stays as it was planned where parameters move", () => {
    const plan = planOf({ mu2: 300 }, 0.01);
    const layout = parameterLayout(plan);
    expect(replaceParameters(plan, layout, parameterVector(plan).fill(1)).exponential).toEqual(["i"]);
  });

  it.each([
    ["a * (I - x) / (1 + b)", ["x"]],
    ["I - a * (x + 0.5 * (x - b)) + z", ["x"]],
    ["z < 0 ? -a * x : b", []],
    ["-a * x * z", []],
    ["-a * x * x", []],
    ["-a * max(x, 0)", []],
    ["I * x", []],
    ["a > 1 ? -(a * x) : x * x", []],
    ["a > 1 ? -(a * x) : z", ["x"]],
  ])("is read off x' = %s", (equation, states) => {
    const cell = defineCell({
      name: "one",
      state: { x: equation, z: "1" },
      event: "z - 1",
      reset: { z: "0" },
      start: { z: "-1" },
      parameters: { a: 90, b: 1 },
    });
    const { exponential } = planSolve(defineNetwork({ cell }), { paths: 1, t1: 1, dt: 0.1 });
    // A comparison with a state is a mode, which stays within a sub-step.
    expect(exponential).toEqual(equation.startsWith("z") ? ["x"] : states);
  });
});

it("the kick of euler leaves a linear equation its law at grid points, at any step", () => {
  const cell = defineCell({
    name: "noisy",
    state: { v: "-a * v" },
    noise: { v: "sqrt(2 * a)" },
    event: "v - 99",
    reset: { v: "v - 99" },
    parameters: { a: 30 },
  });
  const paths = 4000;
  const plan = planSolve(defineNetwork({ cell }), { paths, t1: 0.5, dt: 0.1, method: "euler", seed: 4 });
  expect(plan.exponential).toEqual(["v"]);
  const solver = new PathSolver(plan, compileFor(plan), counterNoise(plan));
  let square = 0;
  for (let k = 0; k < paths; k++) square += solver.solve(k, false).final[0]![0]! ** 2 / paths;
  // Variance 1; the whole kick would give 6. Four standard errors √(2 / 4000).
  expect(Math.abs(square - 1)).toBeLessThan(0.09);
});
