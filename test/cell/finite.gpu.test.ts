/** What is finite though parts of it overflow: values and derivatives, in float64 and in WGSL. */
import { describe, expect, it } from "vitest";
import { elementary } from "../../shaders/shared/elementary.wgsl.js";
import { specialFunctions } from "../../shaders/shared/special.wgsl.js";
import { vectorJacobian } from "../../src/cell/differentiate.js";
import { emitter } from "../../src/cell/emitter.js";
import { evaluate, Graph } from "../../src/cell/graph.js";
import { parseEquation } from "../../src/cell/parse.js";
import { wgsl } from "../../src/cell/wgsl.js";
import { sharedEngine } from "../support/engine.js";

const engine = sharedEngine();

const e50 = Math.exp(50);
// [expression, x, value, derivative]; p is 3 and positive.
const expected: [string, number, number, number][] = [
  ...[1e3, 1e30].flatMap((x): [string, number, number, number][] => [
    ["sigmoid(x)", x, 1, 0],
    ["sigmoid(x)", -x, 0, 0],
    ["softplus(x)", x, x, 1],
    ["softplus(x)", -x, 0, 0],
    ["expm1(x)", -x, -1, 0],
    ["log1p(x)", x, Math.log1p(x), 1 / (1 + x)],
    ["tanh(x)", x, 1, 0],
    ["tanh(x)", -x, -1, 0],
    ["erf(x)", x, 1, 0],
    ["erf(x)", -x, -1, 0],
    ["log(1 + exp(x))", x, x, 1],
    ["log(p + exp(x))", x, x, 1],
    ["log(p + exp(x))", -x, Math.log(3), 0],
    ["log(exp(x) + exp(-x))", x, x, 1],
    ["log(exp(x) + exp(-x))", -x, x, -1],
    ["log(sigmoid(x))", -x, -x, 1],
    ["log(sigmoid(x))", x, 0, 0],
    ["log(2 * exp(-x))", x, Math.log(2) - x, -1],
    ["log1p(exp(x) / p)", x, x - Math.log(3), 1],
    ["exp(x) / (1 + exp(x))", x, 1, 0],
    ["exp(x) / (1 + exp(x))", -x, 0, 0],
    ["x * exp(x) / (p * exp(x) + 2)", x, x / 3, 1 / 3],
    ["1 / cosh(x)", x, 0, 0],
    ["1 / cosh(x)", -x, 0, 0],
    ["floor(x) / x", x, 1, -1 / x],
    ["x < 0 ? exp(x) : exp(-x)", x, 0, 0],
  ]),
  ["exp(x) ^ 0.05", 1e3, e50, 0.05 * e50],
  ["(p * exp(x) / 2) ^ 0.05", 1e3, 1.5 ** 0.05 * e50, 0.05 * 1.5 ** 0.05 * e50],
  ["sqrt(exp(x))", 100, e50, 0.5 * e50],
  ["pow(exp(x), 1 / p)", 150, e50, e50 / 3],
  ["exp(x) * exp(1 - x)", 1e3, Math.E, 0],
  ["exp(p * x) * exp(-p * x)", 1e3, 1, 0],
  ["exp(2 * x) / exp(2 * x - 1)", 1e3, Math.E, 0],
  ["x * exp(x) * (2 * exp(-x))", 1e3, 2e3, 2],
  ["1 / (exp(-x) * p * exp(x))", 1e3, 1 / 3, 0],
  ["log(1 + exp(x) + exp(2 * x))", 1e3, 2e3, 2],
  ["log(p + exp(x))", Math.log(3), Math.log(6), 0.5],
  ["log(1e-12 + exp(x))", -1e-4, -1e-4 + Math.log1p(1e-12 * Math.exp(1e-4)), 1 / (1 + 1e-12 * Math.exp(1e-4))],
  ["log(exp(x) / (1 + exp(x)))", -1e3, -1e3, 1],
  ["sinh(x)", 1e-5, Math.sinh(1e-5), Math.cosh(1e-5)],
  ["cosh(x) + sinh(x)", 2, Math.exp(2), Math.exp(2)],
];

describe("what is finite", () => {
  const g = new Graph();
  g.positive.add("p.p");
  const p = g.input("p.p");
  const inputs = new Map(expected.map(([, at], i) => [`x${i}`, at] as const));
  const roots = expected.flatMap(([text], i) => {
    const x = g.input(`x${i}`);
    const names = new Map([
      ["x", x],
      ["p", p],
    ]);
    const node = parseEquation(g, "test", text, names);
    return [node, vectorJacobian(g, [node], [g.one], [x])[0]!];
  });
  const wanted = expected.flatMap(([, , value, slope]) => [value, slope]);
  const compare = (results: ArrayLike<number>, rounding: number): void => {
    const off = wanted.flatMap((value, i) => {
      const [text, at] = expected[i >> 1]!;
      // An exponent of size x has a rounding error of x units, which its exponential has relative to itself. What
      // underflows is 0.
      const size = Math.abs(value) * (/\^|sqrt|pow|\*.*exp|exp.*\*/.test(text) ? 1 + Math.min(Math.abs(at), 1e3) : 1);
      return Math.abs(results[i]! - value) <= rounding * size + 1e-18
        ? []
        : [`${text} at ${at}: ${results[i]} for ${value}`];
    });
    expect(off).toEqual([]);
  };

  it("in float64", () => {
    compare(evaluate(roots, new Map([...inputs, ["p.p", 3]])), 4e-15);
  });

  it("in WGSL", async () => {
    const reads = new Map([...inputs.keys(), "p.p"].map((n, i) => [n, `given[${i}]`] as const));
    const { lines, names } = emitter(wgsl, reads)(roots);
    const text = lines.join("\n");
    const code = /* wgsl */ `
@group(0) @binding(1) var<storage, read> given: array<f32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;
${elementary}
${specialFunctions(text)}
@compute @workgroup_size(1)
fn main() {
${text}
${names.map((name, i) => `  out[${i}] = ${name};`).join("\n")}
}`;
    const gpu = engine().gpu!;
    const kernel = await gpu.kernel({ label: "finite", code, bindings: ["read", "read_write"] });
    const [given, out] = [gpu.buffer("given", 4 * (inputs.size + 1)), gpu.buffer("out", 4 * roots.length)];
    gpu.write(given, Float32Array.from([...inputs.values(), 3]));
    const batch = gpu.batch().dispatch(kernel, { buffers: [given, out], groups: 1 });
    const read = batch.read(out);
    batch.submit();
    compare(new Float32Array(await read), 1e-6);
    for (const buffer of [given, out]) buffer.dispose();
  });
});
