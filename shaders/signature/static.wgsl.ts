/**
 * A static kernel in WGSL, from its expression graph: static_value(a) and static_slope(a) with a = ⟨x, y⟩ or |x − y|²,
 * and the argument itself at two points of the kernel's x and y buffers. Needs `elementary` and `pass`.
 */

import { emitter } from "../../src/cell/emitter.js";
import { type Node, reachable } from "../../src/cell/graph.js";
import { wgsl } from "../../src/cell/wgsl.js";
import type { CompiledStaticKernel } from "../../src/signature/static-kernel.js";
import { specialFunctions } from "../shared/special.wgsl.js";

const emit = emitter(wgsl, { get: (input) => (input === "a" ? "a" : `run.parameters[${input.slice(2)}]`) });

function body(root: Node): string {
  // In the order in which the graph was built; the root comes last.
  const { lines, names } = emit(reachable([root]));
  return [...lines, `  return ${names.at(-1)!};`].join("\n");
}

export function staticKernel(kernel: CompiledStaticKernel, channels: number): string {
  const text = staticFunctions(kernel, channels);
  return specialFunctions(text) + text;
}

const staticFunctions = (kernel: CompiledStaticKernel, channels: number): string => /* wgsl */ `
fn static_value(a: f32) -> f32 {
${body(kernel.nodes.value)}
}

fn static_slope(a: f32) -> f32 {
${body(kernel.nodes.slope)}
}

fn static_argument(xv: u32, yv: u32) -> f32 {
  var sum = 0.0f;
  for (var c = 0u; c < ${channels}u; c++) {
    ${
      kernel.argument === "inner"
        ? `sum += x[xv * ${channels}u + c] * y[yv * ${channels}u + c];`
        : `let d = x[xv * ${channels}u + c] - y[yv * ${channels}u + c];
    sum += d * d;`
    }
  }
  return sum;
}
`;
