import { beforeAll, describe, expect, it } from "vitest";
import { declareKernel, read, readWrite } from "../../shaders/shared/declare.js";
import type { KernelOf } from "../../src/gpu/index.js";
import { sharedGpu } from "../support/gpu.js";

/** Adds what a uniform says to each number; a variant takes an offset for each number beside. */
const shift = (each: boolean) =>
  declareKernel({
    label: "shift",
    workgroupSize: 64,
    uniform: { firstNumber: "u32", count: "u32", factors: "array<vec4f, 2>", last: "f32", one: "vec4f", end: "u32" },
    bindings: {
      given: read("array<f32>"),
      offsetOfEach: each ? read("array<f32>") : undefined,
      result: readWrite("array<f32>"),
    },
    body: /* wgsl */ `
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= run.count) { return; }
  let i = run.first_number + id.x;
  let more = run.factors[1].x + run.last + run.one.y + f32(run.end)${each ? " + offset_of_each[i]" : ""};
  result[i] = given[i] * run.factors[0].y + more;
}`,
  });

describe("a declared kernel", () => {
  it("writes its structure, its bindings and the attributes of main", () => {
    const { code } = shift(false);
    expect(code.split("\n").slice(0, 4)).toEqual([
      "struct Run { first_number: u32, count: u32, factors: array<vec4f, 2>, last: f32, one: vec4f, end: u32, }",
      "@group(0) @binding(0) var<uniform> run: Run;",
      "@group(0) @binding(1) var<storage, read> given: array<f32>;",
      "@group(0) @binding(2) var<storage, read_write> result: array<f32>;",
    ]);
    expect(code).toContain("@compute @workgroup_size(64)\nfn main(");
  });

  it("lays out its uniform as WGSL does", () => {
    const { fields, uniformBytes } = shift(true);
    expect(fields.map((f) => f.offset)).toEqual([0, 4, 16, 48, 64, 80]);
    expect(uniformBytes).toBe(96);
    const words = declareKernel({
      label: "",
      workgroupSize: 1,
      uniform: { a: "u32", b: "f32" },
      bindings: {},
      body: "",
    });
    expect(words.fields.map((f) => f.offset)).toEqual([0, 4]);
    expect(words.uniformBytes).toBe(16);
    expect(declareKernel({ label: "", workgroupSize: 1, bindings: {}, body: "" }).uniformBytes).toBe(0);
  });

  describe("on a device", () => {
    const gpu = sharedGpu();
    let kernels: { plain: KernelOf<typeof shift>; each: KernelOf<typeof shift> };
    beforeAll(async () => {
      kernels = { plain: await gpu().kernel(shift(false)), each: await gpu().kernel(shift(true)) };
    });
    const uniform = { firstNumber: 2, count: 100, factors: [0, 2, 0, 0, 5], last: 0.5, one: [0, 1], end: 7 };

    it("takes what it binds by name, in any order, and as many threads as are asked for", async () => {
      const given = gpu().upload(
        "given",
        Float32Array.from({ length: 102 }, (_, i) => i),
      );
      const offsetOfEach = gpu().upload(
        "offsets",
        Float32Array.from({ length: 102 }, (_, i) => 1000 * i),
      );
      const [a, b] = [gpu().buffer("a", 408), gpu().buffer("b", 408)];
      const batch = gpu().batch();
      batch.dispatch(kernels.plain, { result: a, given, uniform, threads: 100 });
      batch.dispatch(kernels.each, {
        offsetOfEach,
        given,
        result: b,
        uniform: { ...uniform, last: 0 },
        groups: [2, 1],
      });
      const reads = [batch.read(a), batch.read(b)];
      batch.submit();
      const [plain, each] = (await Promise.all(reads)).map((data) => new Float32Array(data));
      expect(plain![2]).toBe(4 + 13.5);
      expect(plain![101]).toBe(202 + 13.5);
      expect(each![101]).toBe(202 + 13 + 101000);
      for (const s of [given, offsetOfEach, a, b]) s.dispose();
    });

    it("does not compile where a name is missing or unknown, and says so where types were evaded", () => {
      const given = gpu().upload("given", Float32Array.of(1));
      const bound = { given, result: given };
      const batch = gpu().batch();
      const told = (what: string) => `kernel "shift" was not given "${what}`;
      // @ts-expect-error: a buffer
      expect(() => batch.dispatch(kernels.plain, { uniform, given, threads: 1 })).toThrow(told("result"));
      // Only some variants have offsets, so types do not ask for them.
      expect(() => batch.dispatch(kernels.each, { uniform, ...bound, threads: 1 })).toThrow(told("offsetOfEach"));
      // @ts-expect-error: a field
      expect(() => batch.dispatch(kernels.plain, { uniform: { count: 1 }, ...bound, threads: 1 })).toThrow(
        told("firstNumber"),
      );
      // @ts-expect-error: a number in place of several
      const one: typeof uniform.factors = 1;
      const tooMany = { ...uniform, factors: [...Array(9).keys()] };
      expect(() => batch.dispatch(kernels.plain, { uniform: tooMany, ...bound, threads: 1 })).toThrow(told("factors"));
      // @ts-expect-error: how many threads
      expect(() => batch.dispatch(kernels.plain, { uniform, ...bound })).toThrow("whole number");
      // @ts-expect-error: no such buffer
      batch.dispatch(kernels.plain, { uniform, ...bound, threads: 1, other: given });
      // @ts-expect-error: no such field
      batch.dispatch(kernels.plain, { uniform: { ...uniform, other: one }, ...bound, threads: 1 });
      given.dispose();
    });

    it("is found compiled, by its code", async () => {
      expect(await gpu().kernel(shift(true))).toBe(kernels.each);
    });
  });
});
