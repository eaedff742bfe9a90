/** Each operation in each language: the emitted text has the value that `evaluateOp` says it has. */
import { describe, expect, it } from "vitest";
import { elementary } from "../../shaders/shared/elementary.wgsl.js";
import { specialFunctions } from "../../shaders/shared/special.wgsl.js";
import { emitter, Invariants } from "../../src/cell/emitter.js";
import { erf, evaluate, Graph, type Node, type Op } from "../../src/cell/graph.js";
import { javascript } from "../../src/cell/javascript.js";
import { wgsl } from "../../src/cell/wgsl.js";
import { sharedEngine } from "../support/engine.js";

const engine = sharedEngine();
const g = new Graph();
const [a, b, p] = ["a", "b", "p.0"].map((n) => g.input(n)) as [Node, Node, Node];
const values = new Map([
  ["a", 0.7],
  ["b", -1.9],
  ["p.0", 3],
]);

const examples: Record<Exclude<Op, "constant" | "input">, readonly Node[]> = {
  add: [g.add(a, b), g.add(a, g.constant(-0.25))],
  sub: [g.sub(a, b), g.sub(g.constant(-2), b)],
  mul: [g.mul(a, b)],
  div: [g.div(a, b), g.div(b, p), g.div(g.one, g.mul(p, p))],
  neg: [g.neg(a), g.neg(b)],
  pow: [g.pow(a, b), g.pow(b, g.constant(101)), g.pow(b, g.constant(100)), g.pow(g.constant(2), a)],
  exp: [g.unary("exp", b)],
  log: [g.unary("log", a)],
  sqrt: [g.unary("sqrt", a)],
  sin: [g.unary("sin", b)],
  cos: [g.unary("cos", b)],
  tanh: [g.unary("tanh", b)],
  softplus: [g.unary("softplus", b)],
  expm1: [g.unary("expm1", a), g.unary("expm1", g.constant(1e-3))],
  log1p: [g.unary("log1p", a)],
  erf: [g.unary("erf", b)],
  floor: [g.unary("floor", b)],
  logsum: [g.logsum(a, b), g.logsum(g.mul(g.constant(900), a), g.mul(g.constant(300), a))],
  abs: [g.unary("abs", b)],
  min: [g.min(a, b), g.min(g.unary("sqrt", a), b)],
  max: [g.max(a, b), g.max(g.unary("sqrt", a), b)],
  select: [g.select(a, b, p, a), g.select(b, a, p, a)],
  gate: [g.gate(a, b), g.gate(g.sub(g.min(a, b), b), a)],
};
const nodes = Object.values(examples).flat();
const expected = evaluate(nodes, values);

describe("languages", () => {
  it("have an example of each operation", () => {
    for (const [op, [node]] of Object.entries(examples)) expect(node!.op).toBe(op);
  });

  it("JavaScript", () => {
    const { lines, names } = emitter(javascript, new Map([...values.keys()].map((n) => [n, `at.get("${n}")`])))(nodes);
    const run = new Function("at", "erf", `${lines.join("\n")}\nreturn [${names.join(", ")}];`);
    expect(run(values, erf)).toEqual(expected);
  });

  it("WGSL, with divisions by invariants as products", async () => {
    const reads = new Map([...values.keys()].map((n, i) => [n, `given[${i}]`] as const));
    const invariants = new Invariants(g);
    const { lines, names } = emitter(wgsl, reads, invariants)(nodes);
    const prepared = emitter(wgsl, reads)(invariants.nodes);
    const stores = invariants.nodes.map((node, i) => `  ${invariants.name(node)} = ${prepared.names[i]!};`);
    expect(lines.join("\n")).not.toMatch(/ \/ given\[2\]/);
    const text = [...prepared.lines, ...lines].join("\n");
    const code = /* wgsl */ `
@group(0) @binding(1) var<storage, read> given: array<f32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;
${elementary}
${specialFunctions(text)}
${invariants.nodes.map((node) => `var<private> ${invariants.name(node)}: f32;`).join("\n")}
fn prepare() {
${[...prepared.lines, ...stores].join("\n")}
}
@compute @workgroup_size(1)
fn main() {
  prepare();
${lines.join("\n")}
${names.map((name, i) => `  out[${i}] = ${name};`).join("\n")}
}`;
    const gpu = engine().gpu!;
    const kernel = await gpu.kernel({ label: "languages", code, bindings: ["read", "read_write"] });
    const [given, out] = [gpu.buffer("given", 12), gpu.buffer("out", 4 * nodes.length)];
    gpu.write(given, Float32Array.from(values.values()));
    const batch = gpu.batch().dispatch(kernel, { buffers: [given, out], groups: 1 });
    const read = batch.read(out);
    batch.submit();
    new Float32Array(await read).forEach((value, i) => {
      // A power by 101 keeps 101 times the rounding of its base's logarithm.
      const tolerance = nodes[i]!.op === "pow" ? 2e-5 : 2e-6;
      expect(Math.abs(value - expected[i]!)).toBeLessThanOrEqual(tolerance * Math.abs(expected[i]!));
    });
    for (const buffer of [given, out]) buffer.dispose();
  });
});
