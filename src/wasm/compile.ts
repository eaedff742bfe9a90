/** WGSL → a WebAssembly module that executes workgroups. */
import { emit, scratchHead } from "./emit.js";
import { lower } from "./lower.js";
import { optimise } from "./optimise.js";
import { parseWgsl } from "./parse.js";
import { markUniform } from "./uniform.js";

export interface CompiledKernel {
  readonly module: Uint8Array<ArrayBuffer>;
  /** Lanes of a workgroup. */
  readonly lanes: number;
  /** Numbers of the storage bindings, in the order in which `run` finds them. */
  readonly bindings: readonly number[];
  /** Bytes that a run needs beside its buffers. */
  readonly scratchBytes: number;
}

/**
 * @param sharedPages the most pages of the memory, where it is shared.
 * @throws WgslError with the line at fault.
 */
export function compileWgsl(
  code: string,
  constants: Readonly<Record<string, number>> = {},
  entryPoint = "main",
  sharedPages?: number,
): CompiledKernel {
  const ir = lower(parseWgsl(code), constants, entryPoint);
  optimise(ir);
  markUniform(ir);
  const [lanes] = ir.workgroupSize;
  const vectors = ir.barriers ? Math.ceil(lanes / 4) : 1;
  return {
    module: emit(ir, sharedPages),
    lanes,
    bindings: ir.bindings,
    scratchBytes: scratchHead + 4 * ir.workgroupWords + 16 * vectors * ir.privateWords,
  };
}
