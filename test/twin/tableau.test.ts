/** Methods as data: what the float64 twin makes of each row of the table, and of one that is added. */
import "../support/heun.js";
import { describe, expect, it } from "vitest";
import { byWeight, tableauOf } from "../../shaders/substep/tableau.js";
import { type CellDefinition, defineCell } from "../../src/cell/cell.js";
import { compileCell } from "../../src/cell/emit-js.js";
import { methods } from "../../src/plan/plan.js";
import { type Driver, Stepper, type SubStep } from "../../src/twin/advance.js";

const oscillator = defineCell({
  name: "oscillator",
  state: { q: "p + 0.3 * I", p: "mu * (1 - q * q) * p - q" },
  noise: { p: "sigma * (1 + 0.2 * cos(q))", q: { additive: "0.3 * sigma" } },
  event: "q - 100",
  reset: { q: "0" },
  parameters: { mu: 0.7, sigma: 0.4 },
});
const cell = compileCell(oscillator);
const p = Float64Array.of(0.7, 0.4);
const quiet: Driver = { a: new Float64Array(2), b: new Float64Array(2) };

it("the table has the methods that users have, and heun", () => {
  expect(methods).toEqual(["euler", "wong-zakai", "levy", "heun"]);
});

it("slopes of equal weight are added at once, heaviest first", () => {
  expect(byWeight(tableauOf("levy"))).toEqual([
    { weight: 2, stages: [1, 2] },
    { weight: 1, stages: [0, 3] },
  ]);
});

describe.each(methods)("method %s", (method) => {
  const { order, driver } = tableauOf(method);

  it("converges with its order where there is no noise", () => {
    const end = (steps: number, of = method): Float64Array => {
      const y = Float64Array.of(1, 0.5);
      const stepper = new Stepper(cell, of, 1 / steps);
      for (let n = 0; n < steps; n++) stepper.advance(y, { y, r: 0, h: 1 / steps, driver: quiet, p, I: 0.8 });
      return y;
    };
    const exact = end(4096, "levy");
    const errors = [32, 64].map((steps) => Math.hypot(...end(steps).map((v, i) => v - exact[i]!)));
    expect(Math.log2(errors[0]! / errors[1]!)).toBeGreaterThan(order - 0.1);
    expect(Math.log2(errors[0]! / errors[1]!)).toBeLessThan(order + 0.2);
  });

  it("has the derivatives of its sub-step, forwards and in reverse", () => {
    const stepper = new Stepper(cell, method, 0.1);
    const parabola = driver === "parabola" ? [9, -7] : [0, 0];
    const path: Driver = { a: Float64Array.of(1.3, -0.6), b: Float64Array.from(parabola) };
    const at: SubStep = { y: Float64Array.of(0.4, -0.9), r: 0.02, h: 0.05, driver: path, p, I: 0.8 };
    // Directions of state, start, length, parameters and current.
    const direction = [0.3, -0.5, 0.011, 0.017, 0.2, -0.6, 0.4];
    const moved = (by: number): Float64Array => {
      const [a, b, dr, dh, c, d, e] = direction.map((v) => by * v) as [number, ...number[]];
      const out = new Float64Array(2);
      stepper.advance(out, {
        y: Float64Array.of(at.y[0]! + a, at.y[1]! + b!),
        r: at.r + dr!,
        h: at.h + dh!,
        driver: path,
        p: Float64Array.of(p[0]! + c!, p[1]! + d!),
        I: at.I + e!,
      });
      return out;
    };
    const [dy, dp] = [Float64Array.from(direction.slice(0, 2)), Float64Array.from(direction.slice(4, 6))];
    const tangent = new Float64Array(2);
    stepper.tangent(tangent, at, { y: dy, r: direction[2]!, h: direction[3]!, p: dp, I: direction[6]! });
    const [ahead, behind] = [moved(1e-5), moved(-1e-5)];
    tangent.forEach((v, i) => {
      expect(Math.abs(v - (ahead[i]! - behind[i]!) / 2e-5)).toBeLessThan(1e-9);
    });

    const c = Float64Array.of(0.7, -1.1);
    const [yBar, pBar] = [new Float64Array(2), new Float64Array(3)];
    stepper.reverse(yBar, pBar, at, c);
    const bars = [...yBar, stepper.rBar, stepper.hBar, ...pBar];
    const back = bars.reduce((sum, bar, i) => sum + bar * direction[i]!, 0);
    expect(Math.abs(back - (c[0]! * tangent[0]! + c[1]! * tangent[1]!))).toBeLessThan(1e-14);
  });
});

describe("what a step of levy knows of its path", () => {
  /** The end of a whole step from y, of a cell with one channel, for W and H. */
  const endOf = (definition: Partial<CellDefinition>, y: number[], dt: number, W: number, H: number): Float64Array => {
    const defined = defineCell({ name: "driven", state: {}, event: "q - 100", parameters: {}, ...definition });
    const out = new Float64Array(y.length);
    new Stepper(compileCell(defined), "levy", dt).advance(out, {
      y: Float64Array.from(y),
      r: 0,
      h: dt,
      driver: { a: Float64Array.of(W / dt), b: Float64Array.of((6 * H) / dt ** 2) },
      p: new Float64Array(0),
      I: 0,
    });
    return out;
  };
  const square: Partial<CellDefinition> = { state: { v: "0", q: "v * v", m: "v" } };

  it("of additive noise is its increment, its integral, and the mean of the integral of its square", () => {
    const [dt, sigma] = [0.3, 0.7];
    const additive = { ...square, noise: { v: `${sigma}` } };
    const [w, h] = [Math.sqrt(dt), Math.sqrt(dt / 12)];
    const draws = [w, -w].flatMap((W) => [h, -h].map((H) => [W, H] as const));
    let mean = 0;
    for (const [W, H] of draws) {
      const [v, q, m] = endOf(additive, [0, 0, 0], dt, W, H) as unknown as [number, number, number];
      expect(Math.abs(v - sigma * W)).toBeLessThan(1e-15);
      expect(Math.abs(m - sigma * dt * (W / 2 + H))).toBeLessThan(1e-15);
      // Of a polynomial of degree two, as these four draws have the second moments of W and H.
      mean += q / draws.length;
    }
    // ∫ σ² t dt; what is read at the nodes has 7/12.
    expect(Math.abs(mean / (sigma ** 2 * dt ** 2) - 1 / 2)).toBeLessThan(1e-15);
  });

  it("goes with amplitudes that time moves", () => {
    const [dt, W, H] = [0.3, 0.8, -0.4];
    const [v] = endOf({ state: { v: "0", q: "1", m: "1" }, noise: { v: "2 + 3 * t" } }, [0, 0, 0, 0], dt, W, H);
    // ∫ (2 + 3 t) dW along the parabola: by parts, as ∫ W dt = dt (W / 2 + H).
    expect(Math.abs(v! - ((2 + 3 * dt) * W - 3 * dt * (W / 2 + H)))).toBeLessThan(1e-15);
  });

  it("is read at the nodes where amplitudes depend on a state", () => {
    const [dt, W, H] = [0.3, 0.8, -0.4];
    const [v] = endOf({ ...square, noise: { v: "0.5 * v" } }, [1.2, 0, 0], dt, W, H);
    let [sum, stage] = [0, 1.2];
    for (const [weight, node, next] of [
      [1, 0, 0.5],
      [2, 0.5, 0.5],
      [2, 0.5, 1],
      [1, 1, 0],
    ] as const) {
      const slope = 0.5 * stage * (W / dt + ((6 * H) / dt) * (1 - 2 * node));
      sum += weight * slope;
      stage = 1.2 + next * dt * slope;
    }
    expect(Math.abs(v! - (1.2 + (dt * sum) / 6))).toBeLessThan(1e-15);
  });
});
