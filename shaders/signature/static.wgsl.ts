/**
 * A static kernel in WGSL, from its expression graph: static_value(a) and static_slope(a) with a = ⟨x, y⟩ or |x − y|²,
 * and the argument itself at two points of the kernel's x and y buffers. Needs `elementary` and `pass`.
 */

import { float32Literal, wgslOperation } from "../../src/cell/emit-wgsl.js";
import type { Node } from "../../src/cell/graph.js";
import { reachable } from "../../src/cell/graph.js";
import type { CompiledStaticKernel } from "../../src/signature/static-kernel.js";
import { specialFunctions } from "../shared/special.wgsl.js";

function body(root: Node): string {
  const names = new Map<Node, string>();
  const lines: string[] = [];
  for (const node of reachable([root])) {
    let name: string;
    if (node.op === "constant") name = float32Literal(node.value);
    else if (node.op === "input") name = node.name === "a" ? "a" : `run.parameters[${node.name.slice(2)}]`;
    else {
      const text = wgslOperation(
        node,
        node.args.map((n) => names.get(n)!),
      );
      name = `t${lines.length}`;
      lines.push(`  let ${name} = ${text};`);
    }
    names.set(node, name);
  }
  return [...lines, `  return ${names.get(root)!};`].join("\n");
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
