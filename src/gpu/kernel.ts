/** A kernel: WGSL, compiled, with the layout of what it binds. */
import type { Bindings, Declared, Fields } from "../../shaders/shared/declare.js";
import { SaltationError } from "../errors.js";
import { computeStage } from "./constants.js";

/** How a kernel uses a storage buffer. */
export type Access = "read" | "read_write";

/**
 * WGSL and what it binds, all in group 0 (a declared kernel is one: shaders/shared/declare.ts): its uniform at binding 0 where `uniformBytes` > 0, and its storage buffers at
 * bindings 1, 2, ... in the order of `bindings`. Code may declare `override` constants that say what the device is like: see
 * `Gpu.traits`.
 */
export interface KernelSpec {
  label: string;
  code: string;
  /** How the kernel uses each storage buffer, from binding 1 on. */
  bindings: Access[];
  /** Size of the uniform at binding 0; none where 0 or absent. */
  uniformBytes?: number;
  /** Name of the entry point; `main` where absent. */
  entryPoint?: string;
}

export interface Kernel {
  /** Distinct for each kernel of a device. */
  readonly id: number;
  readonly label: string;
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
  /** How many storage buffers it binds. */
  readonly storages: number;
  readonly uniformBytes: number;
}

/** A kernel whose dispatches pass by name what it binds. */
export interface DeclaredKernel<F extends Fields = Fields, B extends Bindings = Bindings> extends Kernel {
  readonly declared: Declared<F, B>;
}

/** The compiled kernel of a declaration, or of a function that returns one. */
export type KernelOf<D> = D extends Declared<infer F, infer B> | ((...shape: never[]) => Declared<infer F, infer B>)
  ? DeclaredKernel<F, B>
  : never;

/** What distinguishes one kernel from another. */
export const kernelKey = (spec: KernelSpec): string =>
  `${spec.bindings.join()}|${spec.uniformBytes ?? 0}|${spec.entryPoint ?? "main"}|${spec.code}`;

/** A compiler message with the source around it, the line at fault marked. */
function explain(message: GPUCompilationMessage, lines: string[]): string {
  const { lineNum, linePos } = message;
  const text = `  line ${lineNum}: ${message.message.trim()}`;
  if (lineNum < 1 || lineNum > lines.length) return text;
  const from = Math.max(1, lineNum - 1);
  const width = String(lineNum + 1).length;
  const shown = lines.slice(from - 1, lineNum).map((line, i) => `  ${String(from + i).padStart(width)} | ${line}`);
  const caret = linePos > 0 ? [`  ${" ".repeat(width)} | ${" ".repeat(linePos - 1)}^`] : [];
  return [text, ...shown, ...caret].join("\n");
}

/** Compiler messages shown at most: the first one or two are the cause. */
const shownMessages = 5;

/**
 * Compiles a kernel with an explicit layout: an automatic one has no dynamic offsets, and would differ between kernels
 * that bind the same.
 * @throws SaltationError `compile` with the source lines, or `limit` where the device takes no such kernel.
 */
export async function compileKernel(
  device: GPUDevice,
  spec: KernelSpec,
  id: number,
  constants: Record<string, number>,
): Promise<Kernel> {
  const uniformBytes = spec.uniformBytes ?? 0;
  const entries: GPUBindGroupLayoutEntry[] = spec.bindings.map((access, i) => ({
    binding: i + 1,
    visibility: computeStage,
    buffer: { type: access === "read" ? "read-only-storage" : "storage" },
  }));
  if (uniformBytes > 0) {
    entries.unshift({
      binding: 0,
      visibility: computeStage,
      buffer: { type: "uniform", hasDynamicOffset: true, minBindingSize: uniformBytes },
    });
  }
  device.pushErrorScope("validation");
  const module = device.createShaderModule({ label: spec.label, code: spec.code });
  const layout = device.createBindGroupLayout({ label: spec.label, entries });
  const building = device
    .createComputePipelineAsync({
      label: spec.label,
      layout: device.createPipelineLayout({ label: spec.label, bindGroupLayouts: [layout] }),
      compute: {
        module,
        entryPoint: spec.entryPoint ?? "main",
        constants,
      },
    })
    .catch((error: unknown) => error as Error);
  // A device that is lost may refuse to say; the caller then says that it is lost.
  const scope = device.popErrorScope().catch(() => null);
  const [pipeline, error] = await Promise.all([building, scope]);
  if (!(pipeline instanceof Error) && !error) {
    const kernel: Kernel = { id, label: spec.label, pipeline, layout, storages: spec.bindings.length, uniformBytes };
    return "names" in spec ? Object.assign(kernel, { declared: spec as Declared }) : kernel;
  }
  const info = await module.getCompilationInfo();
  const errors = info.messages.filter((m) => m.type === "error");
  if (errors.length > 0) {
    const lines = spec.code.split("\n");
    const shown = errors.slice(0, shownMessages).map((m) => explain(m, lines));
    if (errors.length > shownMessages) shown.push(`  and ${errors.length - shownMessages} more`);
    throw new SaltationError("compile", `kernel "${spec.label}" does not compile:\n${shown.join("\n")}`);
  }
  const reason = (pipeline instanceof Error ? pipeline : error!).message;
  if (/exceed|larger than the maximum|limit/i.test(reason)) {
    const remedy = "take a smaller workgroup, or fewer bindings";
    throw new SaltationError("limit", `kernel "${spec.label}" is beyond a limit of this adapter: ${reason}: ${remedy}`);
  }
  throw new SaltationError("compile", `kernel "${spec.label}" does not fit its bindings: ${reason}`);
}
