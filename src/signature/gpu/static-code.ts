/** A static kernel's formula in WGSL, from its expression graph. */
import type { StaticKernelCode } from "../../../shaders/signature/static.wgsl.js";
import { emitter } from "../../cell/emitter.js";
import { type Node, reachable } from "../../cell/graph.js";
import { wgsl } from "../../cell/wgsl.js";
import type { CompiledStaticKernel } from "../definitions/static-kernel.js";

const emit = emitter(wgsl, { get: (input) => (input === "a" ? "a" : `run.parameters[${input.slice(2)}]`) });

function body(root: Node): string {
  // In the order in which the graph was built; the root comes last.
  const { lines, names } = emit(reachable([root]));
  return [...lines, `  return ${names.at(-1)!};`].join("\n");
}

export const staticCode = ({ argument, linearScale, nodes }: CompiledStaticKernel): StaticKernelCode => ({
  argument,
  linear: linearScale !== undefined,
  value: body(nodes.value),
  slope: body(nodes.slope),
});
