/** A static kernel's formula in WGSL, from its expression graph. */
import type { StaticKernelCode } from "../../../shaders/signature/static.wgsl.js";
import { float32Literal, wgslOperation } from "../../cell/emit-wgsl.js";
import { type Node, reachable } from "../../cell/graph.js";
import type { CompiledStaticKernel } from "../definitions/static-kernel.js";

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

export const staticCode = ({ argument, linearScale, nodes }: CompiledStaticKernel): StaticKernelCode => ({
  argument,
  linear: linearScale !== undefined,
  value: body(nodes.value),
  slope: body(nodes.slope),
});
