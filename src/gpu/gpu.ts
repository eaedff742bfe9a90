/** A device with its buffers, kernels and state. Knows nothing of what the kernels compute. */
import { SaltationError } from "../errors.js";
import { Batch } from "./batch.js";
import { PassTimer } from "./timer.js";

export type Access = "read" | "read_write";

export interface KernelSpec {
  label: string;
  code: string;
  /** How the kernel uses each storage buffer, from binding 1 on. */
  bindings: Access[];
  /** Size of the uniform at binding 0; none where 0 or absent. */
  uniformBytes?: number;
  entryPoint?: string;
}

export interface Kernel {
  readonly label: string;
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
  readonly uniformBytes: number;
}

/** A storage buffer lent by the pool; `dispose` gives it back. */
export interface Storage {
  readonly label: string;
  readonly bytes: number;
  readonly buffer: GPUBuffer;
  dispose(): void;
}

export interface AdapterSummary {
  readonly vendor: string;
  readonly architecture: string;
  readonly device: string;
  readonly description: string;
  readonly backend: "browser" | "dawn" | "caller";
  /** Whether this is a software adapter. */
  readonly fallback: boolean;
  readonly features: string[];
  readonly limits: Record<string, number>;
}

export interface GpuOptions {
  /** A device of the caller's: used, and left alive by `dispose`. */
  device?: GPUDevice;
  powerPreference?: GPUPowerPreference;
  /** Use the software adapter even where there is a GPU (Node only). */
  software?: boolean;
}

/** Limits asked for beyond the defaults, where the adapter has more. */
const wantedLimits = [
  "maxStorageBufferBindingSize", // larger chunks of paths: fewer dispatches and read-backs
  "maxBufferSize", // the same
  "maxStorageBuffersPerShaderStage", // kept at the adapter's so that callers' pipelines on the device are not held back
  "maxComputeWorkgroupStorageSize", // longer wavefronts in one workgroup
  "maxComputeInvocationsPerWorkgroup", // the same
  "maxComputeWorkgroupSizeX", // the same
] as const;

/** Adapter and, where it must be kept, what it hangs on. */
export async function findAdapter(
  options: GpuOptions,
): Promise<{ adapter: GPUAdapter; backend: "browser" | "dawn"; keep?: unknown } | undefined> {
  const request: GPURequestAdapterOptions = {
    powerPreference: options.powerPreference ?? "high-performance",
  };
  const browser = typeof navigator !== "undefined" ? navigator.gpu : undefined;
  if (browser) {
    const adapter = await browser.requestAdapter(request);
    return adapter ? { adapter, backend: "browser" } : undefined;
  }
  if (typeof process === "undefined" || !process.versions?.node) return undefined;
  const { requestNodeAdapter } = await import("./node-adapter.js");
  const found = await requestNodeAdapter(request, options.software ?? false);
  return found ? { adapter: found.adapter, backend: "dawn", keep: found.instance } : undefined;
}

export function summarise(
  info: GPUAdapterInfo,
  features: GPUSupportedFeatures,
  limits: GPUSupportedLimits,
  backend: AdapterSummary["backend"],
): AdapterSummary {
  const numbers: Record<string, number> = {};
  for (const key in limits) {
    const value = (limits as unknown as Record<string, unknown>)[key];
    if (typeof value === "number") numbers[key] = value;
  }
  return {
    vendor: info.vendor,
    architecture: info.architecture,
    device: info.device,
    description: info.description,
    backend,
    fallback: (info as { isFallbackAdapter?: boolean }).isFallbackAdapter ?? info.architecture === "swiftshader",
    features: [...features].sort(),
    limits: numbers,
  };
}

/** What to do where no adapter was found. */
export function adapterAdvice(): string {
  if (typeof navigator !== "undefined" && "gpu" in navigator) {
    return "this browser has WebGPU but found no adapter: update the graphics driver, or see chrome://gpu";
  }
  if (typeof process !== "undefined" && process.versions?.node) {
    return (
      "install the optional packages (npm ci, without --omit=optional): `webgpu` finds a GPU through its Vulkan, Metal " +
      "or D3D12 driver, and on Linux x64 `@sparticuz/chromium` brings a software adapter; or use --backend cpu"
    );
  }
  return "this browser has no WebGPU: use Chrome or Edge 113, Safari 26 or Firefox 141 or later";
}

export class Gpu {
  private condition: "alive" | "disposed" | "lost" = "alive";
  private lostReason = "";
  private readonly kernels = new Map<string, Promise<Kernel>>();
  private readonly free = new Map<number, GPUBuffer[]>();
  private readonly buffers = new Set<GPUBuffer>();
  private readonly bindGroups = new Map<string, GPUBindGroup>();
  private readonly bufferIds = new WeakMap<GPUBuffer, number>();
  private nextBufferId = 0;
  private uniforms: GPUBuffer | undefined;
  /** Times passes while profiling is on. */
  timer: PassTimer | undefined;
  private pendingError: SaltationError | undefined;
  private inUse = 0;
  private peak = 0;
  /** Bytes of all buffers that the pool holds, lent or free. */
  private pooled = 0;

  private constructor(
    readonly device: GPUDevice,
    readonly adapter: AdapterSummary,
    private readonly owned: boolean,
    private readonly keep: unknown,
  ) {
    void device.lost.then((info) => {
      if (this.condition === "alive") {
        this.condition = "lost";
        this.lostReason = info.message || info.reason;
      }
    });
    device.addEventListener("uncapturederror", (event) => {
      this.report(event.error.message);
    });
  }

  /** @throws SaltationError `no-adapter` with what to do. */
  static async create(options: GpuOptions = {}): Promise<Gpu> {
    if (options.device) {
      const { device } = options;
      return new Gpu(device, summarise(device.adapterInfo, device.features, device.limits, "caller"), false, undefined);
    }
    const found = await findAdapter(options);
    if (!found) throw new SaltationError("no-adapter", `no WebGPU adapter was found: ${adapterAdvice()}`);
    const { adapter, backend } = found;
    const requiredLimits: Record<string, number> = {};
    for (const name of wantedLimits) requiredLimits[name] = adapter.limits[name];
    const requiredFeatures: GPUFeatureName[] = adapter.features.has("timestamp-query") ? ["timestamp-query"] : [];
    const device = await adapter.requestDevice({ requiredLimits, requiredFeatures });
    return new Gpu(device, summarise(adapter.info, device.features, device.limits, backend), true, found.keep);
  }

  get state(): "alive" | "disposed" | "lost" {
    return this.condition;
  }

  /** Bytes lent out, and the most there ever were. */
  get bytesInUse(): number {
    return this.inUse;
  }

  get peakBytes(): number {
    return this.peak;
  }

  /** Throws what the device reported since the last call, or that it is gone. */
  check(): void {
    if (this.condition === "disposed") {
      throw new SaltationError("disposed", "this engine was disposed; create a new one with Engine.create()");
    }
    if (this.condition === "lost") {
      throw new SaltationError(
        "device-lost",
        `the GPU device was lost (${this.lostReason}); create a new engine and go on from the last checkpoint`,
      );
    }
    const error = this.pendingError;
    this.pendingError = undefined;
    if (error) throw error;
  }

  /**
   * Starts or stops timing on the GPU.
   * @returns false where the device has no timestamp queries; times are then not available.
   */
  profile(on: boolean): boolean {
    if (!this.device.features.has("timestamp-query")) return false;
    this.timer?.dispose();
    this.timer = on ? new PassTimer(this.device) : undefined;
    return true;
  }

  /** Milliseconds on the GPU of the passes since `profile(true)`, by batch label. */
  async timings(): Promise<Record<string, number>> {
    return this.timer ? this.timer.read() : {};
  }

  /** Keeps an error until the next call that can throw it. */
  report(message: string): void {
    this.pendingError ??= new SaltationError("validation", `the GPU reported: ${message}`);
  }

  limitError(limit: string, wanted: number, remedy: string): SaltationError {
    const has = this.device.limits[limit as keyof GPUSupportedLimits] as unknown as number;
    return new SaltationError("limit", `${limit} is ${has} on this adapter, but ${wanted} was needed: ${remedy}`);
  }

  /** A storage buffer from the pool; its contents are undefined. */
  buffer(label: string, bytes: number): Storage {
    this.check();
    const limit = Math.min(this.device.limits.maxStorageBufferBindingSize, this.device.limits.maxBufferSize);
    if (bytes > limit) {
      const name = limit === this.device.limits.maxBufferSize ? "maxBufferSize" : "maxStorageBufferBindingSize";
      throw this.limitError(
        name,
        bytes,
        `buffer "${label}" is too large; take fewer paths, neurons or steps at a time`,
      );
    }
    // Size classes of an eighth of a power of two: at most 12.5 % is wasted, and buffers are found again.
    const unit = Math.max(256, 2 ** (Math.floor(Math.log2(Math.max(bytes, 1))) - 3));
    const size = Math.min(Math.ceil(Math.max(bytes, 4) / unit) * unit, Math.floor(limit / 4) * 4);
    const buffer =
      this.free.get(size)?.pop() ??
      this.device.createBuffer({
        label,
        size,
        usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
      });
    if (!this.buffers.has(buffer)) {
      this.buffers.add(buffer);
      this.pooled += size;
    }
    this.inUse += size;
    this.peak = Math.max(this.peak, this.inUse);
    let lent = true;
    return {
      label,
      bytes,
      buffer,
      dispose: () => {
        if (!lent || this.condition !== "alive") return;
        lent = false;
        this.inUse -= size;
        const list = this.free.get(size) ?? [];
        list.push(buffer);
        this.free.set(size, list);
      },
    };
  }

  /** A storage buffer filled with data. */
  upload(label: string, data: ArrayBufferView): Storage {
    const storage = this.buffer(label, data.byteLength);
    this.write(storage, data);
    return storage;
  }

  write(storage: Storage, data: ArrayBufferView, byteOffset = 0): void {
    this.check();
    this.device.queue.writeBuffer(
      storage.buffer,
      byteOffset,
      data.buffer as ArrayBuffer,
      data.byteOffset,
      data.byteLength,
    );
  }

  /** Reads a buffer back. */
  async read(storage: Storage, byteOffset = 0, bytes = storage.bytes - byteOffset): Promise<ArrayBuffer> {
    const batch = this.batch("read");
    const result = batch.read(storage, byteOffset, bytes);
    batch.submit();
    return result;
  }

  /** Compiles a kernel, or finds it compiled. */
  kernel(spec: KernelSpec): Promise<Kernel> {
    this.check();
    const key = `${spec.bindings.join()}|${spec.uniformBytes ?? 0}|${spec.entryPoint ?? "main"}|${spec.code}`;
    let kernel = this.kernels.get(key);
    if (!kernel) {
      kernel = this.compile(spec);
      this.kernels.set(key, kernel);
      kernel.catch(() => this.kernels.delete(key));
    }
    return kernel;
  }

  private async compile(spec: KernelSpec): Promise<Kernel> {
    const { device } = this;
    const uniformBytes = spec.uniformBytes ?? 0;
    const most = device.limits.maxStorageBuffersPerShaderStage;
    if (spec.bindings.length > most) {
      throw this.limitError(
        "maxStorageBuffersPerShaderStage",
        spec.bindings.length,
        `kernel "${spec.label}" binds too many`,
      );
    }
    const entries: GPUBindGroupLayoutEntry[] = spec.bindings.map((access, i) => ({
      binding: i + 1,
      visibility: GPUShaderStage.COMPUTE,
      buffer: { type: access === "read" ? "read-only-storage" : "storage" },
    }));
    if (uniformBytes > 0) {
      entries.unshift({
        binding: 0,
        visibility: GPUShaderStage.COMPUTE,
        buffer: { type: "uniform", hasDynamicOffset: true, minBindingSize: uniformBytes },
      });
    }
    device.pushErrorScope("validation");
    const module = device.createShaderModule({ label: spec.label, code: spec.code });
    const layout = device.createBindGroupLayout({ label: spec.label, entries });
    const pipelineLayout = device.createPipelineLayout({ bindGroupLayouts: [layout] });
    const pipeline = device
      .createComputePipelineAsync({
        label: spec.label,
        layout: pipelineLayout,
        compute: { module, entryPoint: spec.entryPoint ?? "main" },
      })
      .catch((error: unknown) => error as Error);
    const scope = device.popErrorScope();
    const [built, error] = await Promise.all([pipeline, scope]);
    if (built instanceof Error || error) {
      const info = await module.getCompilationInfo();
      const lines = spec.code.split("\n");
      const messages = info.messages
        .filter((m) => m.type === "error")
        .map((m) => `  line ${m.lineNum}: ${m.message}\n    ${lines[m.lineNum - 1]?.trim() ?? ""}`);
      const reason = messages.length > 0 ? `\n${messages.join("\n")}` : ` ${(error ?? (built as Error)).message}`;
      throw new SaltationError("compile", `kernel "${spec.label}" does not compile:${reason}`);
    }
    return { label: spec.label, pipeline: built as GPUComputePipeline, layout, uniformBytes };
  }

  batch(label = "batch"): Batch {
    this.check();
    return new Batch(this, label);
  }

  /**
   * A buffer for the uniforms of a batch. Batches that are submitted at once share one: writes and submissions are in
   * queue order, so the next batch overwrites it only after this one has run.
   */
  uniformBuffer(bytes: number, shared: boolean): GPUBuffer {
    if (shared && this.uniforms && this.uniforms.size >= bytes) return this.uniforms;
    const buffer = this.device.createBuffer({
      label: "uniforms",
      size: shared ? Math.max(16384, 2 ** Math.ceil(Math.log2(bytes))) : bytes,
      usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
    });
    this.buffers.add(buffer);
    if (shared) this.uniforms = buffer;
    return buffer;
  }

  /** A bind group for these buffers, cached. */
  bindGroup(kernel: Kernel, storages: readonly GPUBuffer[], uniforms: GPUBuffer | undefined): GPUBindGroup {
    const id = (buffer: GPUBuffer): number => {
      let known = this.bufferIds.get(buffer);
      if (known === undefined) {
        known = this.nextBufferId++;
        this.bufferIds.set(buffer, known);
      }
      return known;
    };
    const entries: GPUBindGroupEntry[] = storages.map((buffer, i) => ({ binding: i + 1, resource: { buffer } }));
    if (uniforms) entries.unshift({ binding: 0, resource: { buffer: uniforms, offset: 0, size: kernel.uniformBytes } });
    const key = `${kernelId(kernel)}|${[...storages, ...(uniforms ? [uniforms] : [])].map(id).join()}`;
    let group = this.bindGroups.get(key);
    if (!group) {
      // Old entries hold buffers alive; a few hundred cover a training step many times over.
      if (this.bindGroups.size > 512) this.bindGroups.clear();
      group = this.device.createBindGroup({ label: kernel.label, layout: kernel.layout, entries });
      this.bindGroups.set(key, group);
    }
    return group;
  }

  /** Frees everything; a device that the engine made is destroyed. */
  dispose(): void {
    if (this.condition === "disposed") return;
    const alive = this.condition === "alive";
    if (alive) this.timer?.dispose();
    this.condition = "disposed";
    if (alive) for (const buffer of this.buffers) buffer.destroy();
    this.buffers.clear();
    this.free.clear();
    this.bindGroups.clear();
    this.kernels.clear();
    this.inUse = 0;
    this.pooled = 0;
    if (this.owned && alive) this.device.destroy();
    void this.keep;
  }
}

const kernelIds = new WeakMap<Kernel, number>();
let lastKernelId = 0;
function kernelId(kernel: Kernel): number {
  let id = kernelIds.get(kernel);
  if (id === undefined) {
    id = ++lastKernelId;
    kernelIds.set(kernel, id);
  }
  return id;
}
