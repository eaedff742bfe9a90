/** A cell of two events and two jumps beside today's: only rows of its tables say so, and all that is asked of a row is there. */
import { describe, expect, it } from "vitest";
import { elementary } from "../../shaders/shared/elementary.wgsl.js";
import { type Cell, defineCell } from "../../src/cell/cell.js";
import { compileCell } from "../../src/cell/emit-js.js";
import { emitCellWgsl } from "../../src/cell/emit-wgsl.js";
import { checkExactness } from "../../src/cell/exactness.js";
import { cellFunctions } from "../../src/cell/functions.js";
import { checkHazard } from "../../src/cell/hazard.js";
import { parseEquation } from "../../src/cell/parse.js";
import type { Input, Jump } from "../../src/cell/tables.js";
import { sharedEngine } from "../support/engine.js";

const engine = sharedEngine();

const plain = defineCell({
  name: "ball with spikes",
  state: { h: "v", v: "I - g - k * v", s: "exp(h - v)" },
  noise: { v: "sigma * h" },
  event: "s",
  reset: { v: "v - 0.5", s: "log(u) - k" },
  receive: { v: "v + w" },
  start: { h: "1 + k", s: "log(u)" },
  parameters: { g: 9.8, k: 0.3, e: 0.8, sigma: 0.1 },
  positive: ["k"],
});
const { graph } = plain;
const names = new Map([
  ...plain.states.map((n) => [n, graph.input(`y.${n}`)] as const),
  ...plain.parameters.map((n) => [n, graph.input(`p.${n}`)] as const),
  ["w", graph.input("w")] as const,
]);
const parse = (text: string) => parseEquation(graph, "test", text, names);
const jump = (name: string, inputs: Input[], ...equations: string[]): Jump => ({
  name,
  inputs,
  value: equations.map(parse),
});
const surface = (text: string) => ({ surface: parse(text), level: parse(text) });
const bounce = jump("bounce", ["y"], "h", "-(e * v)", "s + 0.1 * h * v");
const blast = jump("blast", ["y", "w"], "h + w * w / k", "v * w", "s");
const unchecked = {
  ...plain,
  jumps: [...plain.jumps, bounce, blast],
  events: [
    ...plain.events,
    { name: "landing", ...surface("k * v * v - h"), jump: bounce, emits: false, terminal: false, peaks: true },
    { name: "lost", ...surface("h - 10"), jump: bounce, emits: false, terminal: true, peaks: true },
  ],
};
const cell: Cell = { ...unchecked, exactness: checkExactness(unchecked) };

type Vector = Float64Array;
/** A function of the compiled cell by name: the tables have more than its type tells. */
const compiled = compileCell(cell) as unknown as Record<string, (...args: (Vector | number | object)[]) => number>;
const y = Float64Array.of(0.4, -1.2, -0.6);
const p = Float64Array.of(9.8, 0.3, 0.8, 0.1);
const c = Float64Array.of(0.7, -0.4, 1.1);
const [dy, dp, dw, x] = [
  Float64Array.of(0.3, 0.9, -0.5),
  Float64Array.of(0.2, -0.6, 0.4, 0.1),
  -0.8,
  new Float64Array(1),
];
const scalars = { u: 0.37, w: 0.45, I: 0 };
const dot = (a: Vector, b: Vector): number => a.reduce((sum, value, i) => sum + value * b[i]!, 0);

/** The arguments that a row's inputs stand for, at a place along the direction. */
const args = ({ inputs }: Pick<Jump, "inputs">, h = 0): (Vector | number)[] => [
  ...(inputs.includes("y") ? [y.map((value, i) => value + h * dy[i]!)] : []),
  p.map((value, i) => value + h * dp[i]!),
  ...inputs.filter((n) => n !== "y").map((n) => (n === "x" || n === "dW" ? x : scalars[n] + (n === "w" ? h * dw : 0))),
];
const h = 1e-5;

describe("tables of jumps and events", () => {
  it.each(cellFunctions(cell).jumps.map((row) => [row.name, row] as const))("%s in JavaScript", (name, row) => {
    const at = (place: number): Vector => {
      const out = new Float64Array(3);
      compiled[name]!(out, ...args(row, place));
      return out;
    };
    if (name === "bounce") expect(at(0)).toEqual(Float64Array.of(0.4, 0.96, -0.6 + 0.1 * 0.4 * -1.2));
    if (name === "blast") expect([...at(0)]).toEqual([0.4 + 0.45 ** 2 / 0.3, -1.2 * 0.45, -0.6]);
    const [plus, minus] = [at(h), at(-h)];
    const along = plus.map((value, i) => (value - minus[i]!) / (2 * h));
    const tangent = new Float64Array(3);
    compiled[`${name}Jvp`]!(tangent, ...args(row), { y: dy, p: dp, w: dw });
    // Central differences: h² times third derivatives, and rounding 1e-16 / h.
    tangent.forEach((value, i) => {
      expect(value).toBeCloseTo(along[i]!, 8);
    });
    const [yBar, pBar] = [new Float64Array(3), new Float64Array(5)];
    const weight = compiled[`${name}Vjp`]!({ y: yBar, p: pBar }, ...args(row), c);
    expect(dot(yBar, dy) + dot(pBar.subarray(0, 4), dp) + weight * dw).toBeCloseTo(dot(c, along), 8);
  });

  it.each([0, 1, 2])("event %d in JavaScript", (e) => {
    const name = `event_${e}`;
    const at = (place: number): number => compiled[name]!(...args({ inputs: ["y"] }, place));
    expect(at(0)).toBeCloseTo([-0.6, 0.3 * 1.44 - 0.4, 0.4 - 10][e]!, 14);
    const [yBar, pBar] = [new Float64Array(3), new Float64Array(5)];
    compiled[`${name}Gradient`]!(yBar, pBar, y, p);
    expect(dot(yBar, dy) + dot(pBar.subarray(0, 4), dp)).toBeCloseTo((at(h) - at(-h)) / (2 * h), 8);
  });

  it("in WGSL, with the values of JavaScript", async () => {
    const options = { channels: [0], gradients: [0, 1, 2, 3] };
    const all = (text: string): string[] => [...text.matchAll(/fn cell_(\w+)\(/g)].map((m) => m[1]!);
    const forward = all(emitCellWgsl(cell, { ...options, derivatives: "forward" }));
    for (const n of ["bounce", "blast", "event_1", "event_2"]) expect(forward).toContain(`${n}_jvp`);
    for (const carried of [false, true]) {
      const module = emitCellWgsl(cell, { ...options, derivatives: "reverse", carried });
      const state = (v: Vector): string =>
        `State(${[...v, ...(carried ? [0, 0, 0] : [])].map((n) => `${n}f`).join(", ")})`;
      const write = (value: string): string => `{ let r = ${value}; put(r.y0); put(r.y1); put(r.y2); }`;
      const [gradients, at] = [[0, 1, 2, 3].map((i) => `put(grad_${i}); grad_${i} = 0.0f;`).join(" "), state(y)];
      const code = /* wgsl */ `
@group(0) @binding(1) var<storage, read_write> out: array<f32>;
${elementary}
${module}
var<private> place = 0u;
fn put(value: f32) { out[place] = value; place += 1u; }
@compute @workgroup_size(1)
fn main() {
  ${[...p].map((value, i) => `par_${i} = ${value}f;`).join(" ")}
  cell_prepare();
  ${write(`cell_bounce(${at})`)}
  ${write(`cell_bounce_vjp(${at}, ${state(c)})`)} ${gradients}
  ${write(`cell_blast(${at}, 0.45f)`)}
  ${write(`cell_blast_vjp(${at}, 0.45f, ${state(c)})`)} ${gradients}
  put(cell_blast_weight(${at}, 0.45f, ${state(c)}));
  put(cell_event_1(${at}));
  ${write(`cell_event_1_gradient(${at})`)}
  cell_event_1_parameters(${at}, 2.0f); ${gradients}
  put(cell_event_2(${at}));
}`;
      const expected: number[] = [];
      for (const [row, name] of [
        [bounce, "bounce"],
        [blast, "blast"],
      ] as const) {
        const [out, yBar, pBar] = [new Float64Array(3), new Float64Array(3), new Float64Array(5)];
        compiled[name]!(out, ...args(row));
        const weight = compiled[`${name}Vjp`]!({ y: yBar, p: pBar }, ...args(row), c);
        expected.push(...out, ...yBar, ...pBar.subarray(0, 4), ...(row === blast ? [weight] : []));
      }
      const [yBar, pBar] = [new Float64Array(3), new Float64Array(5)];
      compiled.event_1Gradient!(yBar, pBar, y, p);
      expected.push(
        compiled.event_1!(y, p),
        ...yBar,
        ...pBar.subarray(0, 4).map((n) => 2 * n),
        compiled.event_2!(y, p),
      );

      const gpu = engine().gpu!;
      const kernel = await gpu.kernel({ label: "tables", code, bindings: ["read_write"] });
      const buffer = gpu.buffer("out", 4 * expected.length);
      const batch = gpu.batch().dispatch(kernel, { buffers: [buffer], groups: 1 });
      const read = batch.read(buffer);
      batch.submit();
      new Float32Array(await read).forEach((value, i) => {
        expect(Math.abs(value - expected[i]!)).toBeLessThan(1e-6 * (1 + Math.abs(expected[i]!)));
      });
      buffer.dispose();
    }
  });

  it("are checked row by row", () => {
    const [transversality, noise, commute] = cell.exactness.conditions;
    expect(transversality!.detail).toMatch(/^landing: ∇E·f is not positive everywhere/);
    expect(noise!.detail).toMatch(/^the noise on "v" at landing moves/);
    expect(commute!.detail).toMatch(/^bounce\.v with the noise on "v"; bounce\.s with .*; blast\.v/);
    const going = { ...cell, channels: [], events: cell.events.map((e) => ({ ...e, terminal: false })) };
    expect(() => checkHazard(going, [])).toThrow(/its event "landing" moves the event function itself/);
  });
});
