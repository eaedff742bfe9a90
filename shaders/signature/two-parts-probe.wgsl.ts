/**
 * Sum and product of numbers in two parts, to see whether a compiler keeps what the low parts hold.
 *
 * A thread takes one pair of numbers in two parts and writes their sum and their product.
 */
import { declareKernel, read, readWrite } from "../shared/declare.js";

export const twoPartsProbe = (functions: string) =>
  declareKernel({
    label: "two-part arithmetic",
    workgroupSize: 64,
    uniform: { count: "u32" },
    bindings: {
      /** [pairs][2]. */
      operands: read("array<vec2f>"),
      /** [pairs][sum, product]. */
      results: readWrite("array<vec2f>"),
    },
    body: /* wgsl */ `
${functions}

fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= run.count) { return; }
  let a = operands[2u * id.x];
  let b = operands[2u * id.x + 1u];
  results[2u * id.x] = plus(a, b);
  results[2u * id.x + 1u] = times(a, b);
}
`,
  });
