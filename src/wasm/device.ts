/**
 * A device of WebGPU's interface that executes compute kernels as WebAssembly SIMD on threads of the processor: as much of
 * the interface as src/gpu uses. Kernels are compiled by compile.ts; workers (machine.ts) take workgroups in any order, so
 * that what kernels give does not depend on how many there are.
 */
import { argsHead } from "./emit.js";
import { type Answer, type Command, isWide, type Message, meetings } from "./machine.js";
import { Pieces } from "./memory.js";
import { WgslError } from "./syntax.js";
import { canShare, processors, startWorker, type Worker } from "./workers.js";

/** Most pages of 64 KiB that a memory can have, and fewer where so many are not to be had. */
const mostPages = [65536, 32768, 16384, 4096];
const pageBytes = 65536;
/** The first bytes: where workers meet, and room before the first buffer. */
const headBytes = 4096;
const controlAt = 1024;

export interface DeviceOptions {
  /** Threads; all processors by default. */
  readonly threads?: number | undefined;
}

const limits = {
  maxBufferSize: 2 ** 30,
  maxStorageBufferBindingSize: 2 ** 30,
  maxUniformBufferBindingSize: 65536,
  maxStorageBuffersPerShaderStage: 64,
  maxComputeWorkgroupStorageSize: 65536,
  maxComputeInvocationsPerWorkgroup: 256,
  maxComputeWorkgroupSizeX: 256,
  maxComputeWorkgroupSizeY: 1,
  maxComputeWorkgroupSizeZ: 1,
  maxComputeWorkgroupsPerDimension: 65535,
  minUniformBufferOffsetAlignment: 256,
  minStorageBufferOffsetAlignment: 256,
  maxBindGroups: 4,
};

interface BufferState {
  readonly at: number;
  destroyed: boolean;
  mapped: ArrayBuffer | undefined;
}

const states = new WeakMap<object, BufferState>();

interface Kernel {
  readonly id: number;
  readonly lanes: number;
  readonly bindings: readonly number[];
  readonly scratchBytes: number;
}

interface Submission {
  readonly number: number;
  readonly done: Promise<Answer>;
  settle(answer: Answer): void;
}

type Bound = ReadonlyMap<number, { at: number; bytes: number; dynamic: boolean }>;

/** What is written into an encoder. */
type Encoded =
  | { readonly kind: "command"; readonly command: Command }
  | { readonly kind: "run"; readonly kernel: Kernel; readonly bound: Bound; readonly offsets: readonly number[]; readonly groups: readonly [number, number, number] }; // biome-ignore format: one line

export class SimdDevice {
  readonly limits = limits;
  readonly features = new Set<string>();
  readonly adapterInfo: GPUAdapterInfo;
  readonly lost: Promise<{ reason: string; message: string }>;
  private lose!: (info: { reason: string; message: string }) => void;
  private readonly pieces: Pieces;
  private readonly scopes: { filter: string; error: { message: string } | undefined }[] = [];
  private readonly kernels = new Map<string, Promise<Kernel>>();
  private readonly open = new Map<number, Submission>();
  private pending: Command[] = [];
  private submissions = 0;
  private arrivals = 0;
  private nextKernel = 0;
  private scratch = { at: 0, bytes: 0 };
  private gone = false;

  private constructor(
    private readonly workers: readonly Worker[],
    private readonly memory: WebAssembly.Memory | undefined,
    private readonly pages: number,
  ) {
    this.adapterInfo = adapterInfo(workers.length);
    this.pieces = new Pieces(headBytes, pages * pageBytes - headBytes);
    this.lost = new Promise((resolve) => {
      this.lose = resolve;
    });
  }

  /** @throws where neither workers nor memory are to be had. */
  static async open({ threads }: DeviceOptions = {}): Promise<SimdDevice> {
    const shared = canShare();
    const count = shared ? (threads ?? (await processors())) : 1;
    const { memory, pages } = newMemory(shared);
    let device: SimdDevice | undefined;
    const told = (answer: Answer | Error): void => device?.told(answer);
    const workers = await Promise.all(Array.from({ length: count }, () => startWorker(told)));
    device = new SimdDevice(workers, memory, pages);
    workers.forEach((worker, index) => {
      worker.post({ kind: "begin", index, workers: count, memory, control: controlAt });
    });
    return device;
  }

  private told(answer: Answer | Error): void {
    const failed = answer instanceof Error ? answer.message : answer.error;
    if (failed !== undefined) {
      this.end("unknown", failed);
      return;
    }
    const { number } = answer as Answer;
    const submission = this.open.get(number);
    this.open.delete(number);
    if (this.open.size === 0) this.workers[0]!.hold(false);
    submission?.settle(answer as Answer);
  }

  private end(reason: string, message: string): void {
    if (this.gone) return;
    this.gone = true;
    for (const worker of this.workers) worker.end();
    this.lose({ reason, message });
    for (const { number, settle } of this.open.values()) settle({ number, reads: [], error: message });
    this.open.clear();
  }

  destroy(): void {
    this.end("destroyed", "the device was destroyed");
  }

  addEventListener(): void {}
  removeEventListener(): void {}

  // Errors

  pushErrorScope(filter: string): void {
    this.scopes.push({ filter, error: undefined });
  }

  async popErrorScope(): Promise<{ message: string } | null> {
    if (this.gone) throw new Error("the device is lost");
    return this.scopes.pop()?.error ?? null;
  }

  private report(filter: string, error: { message: string }): void {
    const scope = [...this.scopes].reverse().find((s) => s.filter === filter);
    if (scope) scope.error ??= error;
  }

  // Buffers

  createBuffer({ label = "", size, usage, mappedAtCreation }: GPUBufferDescriptor): GPUBuffer {
    const piece = size <= limits.maxBufferSize ? this.pieces.take(size) : undefined;
    if (!piece) this.report("out-of-memory", outOfMemory(`buffer "${label}" of ${size} bytes`));
    else if (piece.fresh) this.grow();
    else this.pending.push(["clear", piece.at, size]);
    const at = piece?.at ?? 0;
    const state: BufferState = { at, destroyed: !piece, mapped: mappedAtCreation ? new ArrayBuffer(size) : undefined };
    const device = this;
    const buffer = {
      label,
      size,
      usage,
      getMappedRange: () => state.mapped!,
      unmap(): void {
        if (mappedAtCreation && state.mapped && !state.destroyed)
          device.pending.push(["write", at, new Uint8Array(state.mapped)]);
        state.mapped = undefined;
      },
      async mapAsync(): Promise<void> {
        state.mapped = await device.read(at, size);
      },
      destroy(): void {
        if (state.destroyed) return;
        state.destroyed = true;
        // Commands that see it come before those of whoever has the place next.
        device.pieces.giveBack(at);
      },
    };
    states.set(buffer, state);
    return buffer as unknown as GPUBuffer;
  }

  private grow(): void {
    if (!this.memory) return;
    const more = Math.ceil((this.pieces.end + headBytes) / pageBytes) - this.memory.buffer.byteLength / pageBytes;
    // Half as much again, so that it is done seldom.
    if (more <= 0) return;
    const now = this.memory.buffer.byteLength / pageBytes;
    const wished = Math.min(this.pages - now, Math.max(more, now >> 1));
    try {
      this.memory.grow(wished);
    } catch {
      this.memory.grow(more);
    }
  }

  /** Sends what is pending. @returns what ends last of all that is under way. */
  private latest(): Submission | undefined {
    if (this.pending.length > 0 || this.gone) return this.flush();
    return [...this.open.values()].at(-1);
  }

  private async read(at: number, bytes: number): Promise<ArrayBuffer> {
    const copy = (): ArrayBuffer => new Uint8Array(this.memory!.buffer, at, bytes).slice().buffer as ArrayBuffer;
    // What memory is shared needs no message of its own.
    if (!this.memory) this.pending.push(["read", at, bytes]);
    const submission = this.latest();
    if (!submission) return copy();
    const { error, reads } = await submission.done;
    if (error !== undefined) throw new Error(error);
    return reads[0] ?? copy();
  }

  // Kernels

  createShaderModule({ code, label }: GPUShaderModuleDescriptor): GPUShaderModule {
    const module = {
      label,
      code,
      messages: [] as { type: string; message: string; lineNum: number; linePos: number }[],
      getCompilationInfo: async () => ({ messages: module.messages }),
    };
    return module as unknown as GPUShaderModule;
  }

  createBindGroupLayout({ entries }: GPUBindGroupLayoutDescriptor): GPUBindGroupLayout {
    const dynamic = [...entries].filter((e) => e.buffer?.hasDynamicOffset).map((e) => e.binding);
    return { dynamic: new Set(dynamic) } as unknown as GPUBindGroupLayout;
  }

  createPipelineLayout(): GPUPipelineLayout {
    return {} as GPUPipelineLayout;
  }

  async createComputePipelineAsync({ compute }: GPUComputePipelineDescriptor): Promise<GPUComputePipeline> {
    const { module, entryPoint = "main", constants = {} } = compute;
    const { code, messages } = module as unknown as { code: string; messages: object[] };
    const key = JSON.stringify([entryPoint, constants, code]);
    let kernel = this.kernels.get(key);
    if (!kernel) {
      kernel = this.compiled(code, entryPoint, constants as Record<string, number>);
      this.kernels.set(key, kernel);
      kernel.catch(() => this.kernels.delete(key));
    }
    try {
      return { kernel: await kernel } as unknown as GPUComputePipeline;
    } catch (error) {
      const { message, line = 0 } = error as WgslError;
      messages.push({ type: "error", message, lineNum: line, linePos: 0 });
      throw error;
    }
  }

  private async compiled(code: string, entryPoint: string, constants: Record<string, number>): Promise<Kernel> {
    const { compileWgsl } = await import("./compile.js");
    const compiled = compileWgsl(code, constants, entryPoint, this.memory ? this.pages : undefined);
    const module = await WebAssembly.compile(compiled.module);
    const id = this.nextKernel++;
    const { lanes, bindings, scratchBytes } = compiled;
    for (const worker of this.workers) worker.post({ kind: "kernel", kernel: id, module });
    if (scratchBytes > this.scratch.bytes) {
      const bytes = Math.ceil(scratchBytes / 256) * 256;
      const piece = this.pieces.take(bytes * this.workers.length);
      if (!piece) throw new WgslError("the kernel's arrays do not fit the memory");
      const { at } = this.scratch;
      if (at > 0) this.pieces.giveBack(at);
      this.scratch = { at: piece.at, bytes };
      this.grow();
    }
    return { id, lanes, bindings, scratchBytes };
  }

  createBindGroup({ layout, entries }: GPUBindGroupDescriptor): GPUBindGroup {
    const { dynamic } = layout as unknown as { dynamic: Set<number> };
    const bound = new Map(
      [...entries].map(({ binding, resource }) => {
        const { buffer, offset = 0, size } = resource as GPUBufferBinding;
        const bytes = size ?? buffer.size - offset;
        return [binding, { at: states.get(buffer)!.at + offset, bytes, dynamic: dynamic.has(binding) }] as const;
      }),
    );
    return { bound } as unknown as GPUBindGroup;
  }

  // Commands

  createCommandEncoder(): GPUCommandEncoder {
    const list: Encoded[] = [];
    const command = (c: Command): void => {
      list.push({ kind: "command", command: c });
    };
    const encoder = {
      clearBuffer: (buffer: GPUBuffer, offset = 0, size = buffer.size - offset) =>
        command(["clear", states.get(buffer)!.at + offset, size]),
      copyBufferToBuffer(from: GPUBuffer, fromOffset: number, to: GPUBuffer, toOffset: number, size: number): void {
        command(["copy", states.get(from)!.at + fromOffset, states.get(to)!.at + toOffset, size]);
      },
      beginComputePass: () => computePass(list),
      finish: () => ({ list }),
    };
    return encoder as unknown as GPUCommandEncoder;
  }

  readonly queue = {
    writeBuffer: (buffer: GPUBuffer, offset: number, data: ArrayBufferView | ArrayBuffer): void => {
      const at = states.get(buffer)!.at + offset;
      const bytes = ArrayBuffer.isView(data)
        ? new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength)
        : new Uint8Array(data);
      // Where nothing is under way it is as good as done.
      if (this.memory && this.pending.length === 0 && this.open.size === 0) {
        new Uint8Array(this.memory.buffer).set(bytes, at);
      } else this.pending.push(["write", at, bytes.slice()]);
    },
    submit: (buffers: readonly GPUCommandBuffer[]): void => {
      for (const buffer of buffers) this.submit((buffer as unknown as { list: Encoded[] }).list);
    },
    onSubmittedWorkDone: async (): Promise<undefined> => {
      await this.latest()?.done;
      return undefined;
    },
  };

  private submit(list: readonly Encoded[]): void {
    const runs = list.filter((e) => e.kind === "run");
    const wordsOf = (kernel: Kernel): number => argsHead + 2 * kernel.bindings.length + 1;
    const total = runs.reduce((sum, r) => sum + wordsOf(r.kernel), 0);
    const piece = total > 0 ? this.pieces.take(4 * total) : undefined;
    if (total > 0 && !piece) {
      this.report("out-of-memory", outOfMemory("commands"));
      return;
    }
    this.grow();
    const words = new Uint32Array(total);
    const commands: Command[] = [];
    let from = 0;
    for (const item of list) {
      if (item.kind === "command") {
        commands.push(item.command);
        continue;
      }
      const { kernel, bound, offsets, groups } = item;
      const uniform = bound.get(0);
      words.set([...groups, uniform ? uniform.at + (uniform.dynamic ? (offsets[0] ?? 0) : 0) : 0], from);
      kernel.bindings.forEach((binding, n) => {
        const { at, bytes } = bound.get(binding)!;
        words.set([at, bytes >>> 2], from + argsHead + 2 * n);
      });
      const args = piece!.at + 4 * from;
      from += wordsOf(kernel);
      const count = groups[0] * groups[1] * groups[2];
      const unit = Math.max(1, Math.min(16, Math.floor(count / (8 * this.workers.length))));
      if (count > 0) commands.push(["run", kernel.id, args, piece!.at + 4 * (from - 1), count, unit]);
    }
    if (piece) this.pending.push(["write", piece.at, new Uint8Array(words.buffer)]);
    this.pending.push(...commands);
    this.flush();
    if (piece) this.pieces.giveBack(piece.at);
  }

  /** Sends what is pending to the workers: to all where there is work for several. */
  private flush(): Submission {
    const number = this.submissions++;
    let settle!: (answer: Answer) => void;
    const done = new Promise<Answer>((resolve) => {
      settle = resolve;
    });
    const submission: Submission = { number, done, settle };
    if (this.gone) {
      settle({ number, reads: [], error: "the device is lost" });
      return submission;
    }
    const commands = this.pending;
    this.pending = [];
    const workers = this.workers.length;
    const wide = workers > 1 && commands.some(isWide);
    const { at: scratch, bytes: scratchBytes } = this.scratch;
    const pages = Math.ceil((this.pieces.end + headBytes) / pageBytes);
    const { arrivals } = this;
    const message: Message = { kind: "list", number, commands, wide, arrivals, pages, scratch, scratchBytes };
    if (this.open.size === 0) this.workers[0]!.hold(true);
    this.open.set(number, submission);
    if (!wide) this.workers[0]!.post(message);
    else {
      this.arrivals = (arrivals + workers * meetings(commands)) | 0;
      // The first alone writes.
      const rest = { ...message, commands: commands.map((c): Command => (c[0] === "write" ? ["clear", 0, 0] : c)) };
      this.workers.forEach((worker, n) => {
        worker.post(n === 0 ? message : rest);
      });
    }
    return submission;
  }
}

function computePass(list: Encoded[]): object {
  let kernel: Kernel;
  let bound: Bound = new Map();
  let offsets: readonly number[] = [];
  return {
    setPipeline(pipeline: { kernel: Kernel }): void {
      kernel = pipeline.kernel;
    },
    setBindGroup(_: number, group: { bound: Bound }, dynamic: readonly number[] = []): void {
      bound = group.bound;
      offsets = dynamic;
    },
    dispatchWorkgroups(x: number, y = 1, z = 1): void {
      list.push({ kind: "run", kernel, bound, offsets, groups: [x, y, z] });
    },
    end(): void {},
  };
}

function newMemory(shared: boolean): { memory: WebAssembly.Memory | undefined; pages: number } {
  if (!shared) return { memory: undefined, pages: mostPages[0]! };
  let refused: unknown;
  for (const pages of mostPages) {
    try {
      return { memory: new WebAssembly.Memory({ initial: 64, maximum: pages, shared: true }), pages };
    } catch (error) {
      refused = error;
    }
  }
  throw refused;
}

/** As the device's own errors are, where the runtime has such. */
function outOfMemory(message: string): { message: string } {
  const known = (globalThis as { GPUOutOfMemoryError?: new (message: string) => { message: string } })
    .GPUOutOfMemoryError;
  return known ? new known(message) : { message };
}

const adapterInfo = (threads: number): GPUAdapterInfo =>
  ({
    vendor: "",
    architecture: "wasm-simd",
    device: "",
    description: `WebAssembly SIMD, ${threads} ${threads === 1 ? "thread" : "threads"}`,
    isFallbackAdapter: true,
    subgroupMinSize: 4,
    subgroupMaxSize: 4,
  }) as unknown as GPUAdapterInfo;

/** An adapter that has this device, as WebGPU's give one. */
export async function simdAdapter(options: DeviceOptions = {}): Promise<GPUAdapter> {
  const device = await SimdDevice.open(options);
  const { adapterInfo: info, features } = device;
  return { info, features, limits, requestDevice: async () => device } as unknown as GPUAdapter;
}
