/** A device with its buffers, kernels and state. Knows nothing of what the kernels compute. */
import type { Bindings, Declared, Fields } from "../../shaders/shared/declare.js";
import { fail } from "../checks.js";
import { disposedError, SaltationError } from "../errors.js";
import {
  type AdapterOptions,
  type AdapterSearch,
  type AdapterSummary,
  deviceOf,
  type FoundAdapter,
  requestDevice,
  summarise,
} from "./adapter.js";
import { Batch } from "./batch.js";
import { bufferUsage } from "./constants.js";
import { expandedOperations, mostOperations, silence } from "./expanded.js";
import { Faults, reported } from "./faults.js";
import { compileKernel, type DeclaredKernel, type Kernel, type KernelSpec, kernelKey } from "./kernel.js";
import { LongKernel } from "./long-kernel.js";
import { BufferPool, type Storage } from "./pool.js";
import { Rest } from "./rest.js";
import { PassTimer } from "./timer.js";

export interface GpuOptions extends AdapterOptions {
  /** A device of the caller's: used, and left alive by `dispose`. */
  device?: GPUDevice;
  /**
   * Told, a line at a time, what takes long (a long kernel that has been compiling for 2 s) and what is not as it was asked
   * for (a network that is computed on the CPU for `auto`). `console.warn` where absent, which is standard error in Node.
   */
  log?: ((line: string) => void) | undefined;
}

const toConsole = (line: string): void => console.warn(`saltation: ${line}`);

/** Bind groups kept: a few hundred cover a training step many times over, and old ones hold buffers alive. */
const keptBindGroups = 512;

/** A device that is gone says so by a promise, which may settle after the refusals that follow from it. */
const lossMilliseconds = 100;

/** Why a device is lost, if it is: known once the device has answered. */
async function lossOf(device: GPUDevice): Promise<GPUDeviceLostInfo | undefined> {
  device.pushErrorScope("validation");
  await device.popErrorScope().catch(() => null);
  const turn = new Promise<undefined>((resolve) => {
    setTimeout(resolve, 0);
  });
  return Promise.race([device.lost, turn]);
}

export class Gpu {
  /**
   * Errors that the device reports late.
   * @internal
   */
  readonly faults: Faults;
  /**
   * Times passes while profiling is on.
   * @internal
   */
  timer: PassTimer | undefined;
  /** Resolves with the error that every call then throws when the device is lost; not by `dispose`. */
  readonly lost: Promise<SaltationError>;
  /**
   * What kernels are told of the device where they declare an `override` of that name: whether the adapter is software, so
   * that they can spell the same arithmetic in the way that is fast there, and what was found by trying.
   * @internal
   */
  readonly traits: Record<string, number>;
  private readonly rest: Rest | undefined;
  private condition: "alive" | "disposed" | "lost" = "alive";
  private lostReason = "";
  private readonly kernels = new Map<string, Promise<Kernel>>();
  private readonly pool: BufferPool;
  private readonly bindGroups = new Map<string, GPUBindGroup>();
  private readonly bufferIds = new WeakMap<GPUBuffer, number>();
  private nextId = 0;
  private uniforms: GPUBuffer | undefined;
  private readonly onUncaptured = (event: GPUUncapturedErrorEvent): void => this.faults.keep(reported(event.error));

  private constructor(
    readonly device: GPUDevice,
    readonly adapter: AdapterSummary,
    private readonly owned: boolean,
    readonly log: (line: string) => void = toConsole,
  ) {
    this.faults = new Faults(device);
    this.traits = { on_software: Number(adapter.fallback && adapter.backend !== "simd") };
    if (adapter.backend === "dawn" && adapter.fallback) this.rest = new Rest();
    this.pool = new BufferPool(
      this.largestBuffer(),
      (label, size) => this.createStorage(label, size),
      () => this.bindGroups.clear(),
    );
    this.lost = new Promise((resolve) => {
      void device.lost.then((info) => {
        if (this.condition !== "alive") return;
        this.condition = "lost";
        this.lostReason = info.message || info.reason;
        resolve(this.lossError());
      });
    });
    // Errors outside of scopes on a caller's device may be the caller's own.
    if (owned) device.addEventListener("uncapturederror", this.onUncaptured);
  }

  /**
   * Takes a caller's device, or finds an adapter and makes one.
   * @throws SaltationError `no-adapter` with what to do, also where the driver ends loops; `device-lost` for a device that is.
   */
  static async create(options: GpuOptions & AdapterSearch = {}): Promise<Gpu> {
    if (options.device) {
      const { device } = options;
      const loss = await lossOf(device);
      if (loss) {
        const why = loss.message || loss.reason;
        fail("device", `is lost (${why}); give one of a new requestDevice()`, "device-lost");
      }
      const adapter = summarise(device.adapterInfo, device.features, device.limits, "caller");
      return Gpu.tried(new Gpu(device, adapter, false, options.log));
    }
    return Gpu.owning(await requestDevice(options), options.log);
  }

  /** Opens a device of an adapter that was found. @throws SaltationError `no-adapter` where it gives none. */
  static async on(found: FoundAdapter, log?: GpuOptions["log"]): Promise<Gpu> {
    return Gpu.owning(await deviceOf(found), log);
  }

  private static owning(
    { adapter, backend, device }: FoundAdapter & { device: GPUDevice },
    log?: GpuOptions["log"],
  ): Promise<Gpu> {
    return Gpu.tried(new Gpu(device, summarise(adapter.info, device.features, device.limits, backend), true, log));
  }

  /** The whole suite runs on SwiftShader; other software adapters are tried first. */
  private static async tried(gpu: Gpu): Promise<Gpu> {
    if (!gpu.adapter.fallback || gpu.adapter.architecture === "swiftshader" || gpu.adapter.backend === "simd")
      return gpu;
    try {
      await (await import("./loops.js")).refuseShortLoops(gpu);
      return gpu;
    } catch (error) {
      gpu.dispose();
      throw error;
    }
  }

  get state(): "alive" | "disposed" | "lost" {
    return this.condition;
  }

  /** Bytes of storage lent out. */
  get bytesInUse(): number {
    return this.pool.bytesInUse;
  }

  /** The most bytes of storage that were ever lent out at once. */
  get peakBytes(): number {
    return this.pool.peakBytes;
  }

  /** Bytes of storage held on the device, lent out or free. */
  get bytesHeld(): number {
    return this.pool.heldBytes;
  }

  /** Waits for a promise that the device settles, with as little of the processor as the device's own work leaves. */
  waitFor<T>(work: Promise<T>): Promise<T> {
    return this.rest ? this.rest.during(work) : work;
  }

  /** Throws that the device is gone, or what it reported and nobody was told yet. */
  check(): void {
    if (this.condition === "disposed") throw disposedError();
    if (this.condition === "lost") throw this.lossError();
    const error = this.faults.take();
    if (!error) return;
    // What lies idle may be what is missing.
    if (error.code === "out-of-memory") this.trim();
    throw error;
  }

  private lossError(): SaltationError {
    return new SaltationError(
      "device-lost",
      `the GPU device was lost (${this.lostReason}); create a new engine and go on from the last checkpoint`,
    );
  }

  /**
   * Resolves when it is known whether the device is lost.
   * @internal
   */
  async lossSettled(): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const enough = new Promise((resolve) => {
      timer = setTimeout(resolve, lossMilliseconds);
    });
    await Promise.race([this.device.lost, enough]);
    clearTimeout(timer);
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

  /** Milliseconds on the GPU of the passes submitted since `profile(true)` or the last call, by batch label. */
  async timings(): Promise<Record<string, number>> {
    this.check();
    return this.timer ? this.waitFor(this.timer.read()) : {};
  }

  /** @internal */
  limitError(limit: string, wanted: number, remedy: string): SaltationError {
    const has = this.device.limits[limit as keyof GPUSupportedLimits] as unknown as number;
    return new SaltationError("limit", `${limit} is ${has} on this adapter, but ${wanted} was needed: ${remedy}`);
  }

  private largestBuffer(): number {
    return Math.min(this.device.limits.maxStorageBufferBindingSize, this.device.limits.maxBufferSize);
  }

  private createStorage(label: string, size: number): GPUBuffer {
    const usage = bufferUsage.STORAGE | bufferUsage.COPY_SRC | bufferUsage.COPY_DST;
    return this.faults.guard(() => this.device.createBuffer({ label, size, usage }));
  }

  /**
   * A storage buffer from the pool; its contents are undefined.
   * @throws SaltationError `limit` where no buffer can be that large.
   */
  buffer(label: string, bytes: number): Storage {
    this.check();
    if (!Number.isInteger(bytes) || bytes < 0) {
      throw new SaltationError("invalid-input", `buffer "${label}" cannot have ${bytes} bytes; give a whole number`);
    }
    const limit = this.largestBuffer();
    if (bytes > limit) {
      const name = limit === this.device.limits.maxBufferSize ? "maxBufferSize" : "maxStorageBufferBindingSize";
      throw this.limitError(
        name,
        bytes,
        `buffer "${label}" is too large; take fewer paths, neurons or steps at a time`,
      );
    }
    return this.pool.take(label, bytes);
  }

  /** A storage buffer filled with data. */
  upload(label: string, data: ArrayBufferView): Storage {
    const storage = this.buffer(label, data.byteLength);
    this.write(storage, data);
    return storage;
  }

  /** Writes data into a buffer, in order with what is submitted. The offset is in bytes, a multiple of 4. */
  write(storage: Storage, data: ArrayBufferView, byteOffset = 0): void {
    this.check();
    const { buffer } = storage;
    const bytes = data.byteLength;
    const end = byteOffset + bytes;
    // Writes are whole words; the last word of a buffer may be written beyond its end, which is there but not used.
    if (byteOffset % 4 !== 0 || byteOffset < 0 || end > storage.bytes || (bytes % 4 !== 0 && end !== storage.bytes)) {
      throw new SaltationError(
        "invalid-input",
        `cannot write ${bytes} bytes at ${byteOffset} of buffer "${storage.label}", which has ${storage.bytes}: ` +
          "offsets and sizes are multiples of 4 and the range lies inside",
      );
    }
    if (bytes === 0) return; // Deno 2.9 panics at an empty write
    let source = new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, bytes);
    if (bytes % 4 !== 0) {
      source = new Uint8Array(Math.ceil(bytes / 4) * 4);
      source.set(new Uint8Array(data.buffer, data.byteOffset, bytes));
    }
    this.device.queue.writeBuffer(buffer, byteOffset, source);
  }

  /**
   * Reads a buffer back: all of it, or a range.
   * @throws SaltationError with whatever went wrong on the device before.
   */
  async read(storage: Storage, byteOffset = 0, bytes = storage.bytes - byteOffset): Promise<ArrayBuffer> {
    const batch = this.batch("read");
    const result = batch.read(storage, byteOffset, bytes);
    batch.submit();
    return result;
  }

  /**
   * Compiles a declared kernel, or finds it compiled.
   * @internal
   */
  kernel<F extends Fields, B extends Bindings>(declared: Declared<F, B>): Promise<DeclaredKernel<F, B>>;
  /**
   * Compiles a kernel, or finds it compiled.
   * @throws SaltationError `compile` with the source lines, or `limit`, of which a `LongKernel` is one.
   */
  kernel(spec: KernelSpec): Promise<Kernel>;
  kernel(spec: KernelSpec): Promise<Kernel> {
    this.check();
    const most = this.device.limits.maxStorageBuffersPerShaderStage;
    if (spec.bindings.length > most) {
      throw this.limitError(
        "maxStorageBuffersPerShaderStage",
        spec.bindings.length,
        `kernel "${spec.label}" must bind fewer buffers`,
      );
    }
    const constants = Object.fromEntries(
      Object.entries(this.traits).filter(([name]) => spec.code.includes(`override ${name}:`)),
    );
    const key = kernelKey(spec) + JSON.stringify(constants);
    let kernel = this.kernels.get(key);
    if (!kernel) {
      kernel = this.compile(spec, constants);
      this.kernels.set(key, kernel);
      kernel.catch(() => this.kernels.delete(key));
    }
    return kernel;
  }

  private async compile(spec: KernelSpec, constants: Record<string, number>): Promise<Kernel> {
    const { adapter } = this;
    const operations = expandedOperations(spec.code, spec.entryPoint);
    const most = mostOperations[adapter.fallback ? "software" : "hardware"];
    if (operations > most) throw new LongKernel(spec.label, operations, most);
    const timer = setTimeout(
      () => this.log(`compiling kernel "${spec.label}" on ${adapter.architecture || adapter.description} …`),
      silence(operations),
    );
    try {
      return await this.waitFor(compileKernel(this.device, spec, this.nextId++, constants));
    } catch (error) {
      if (!(error instanceof SaltationError)) await this.lossSettled();
      this.check(); // what became of the device explains more
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  batch(label = "batch"): Batch {
    this.check();
    return new Batch(this, label);
  }

  /** Destroys the buffers that are not lent out. */
  trim(): void {
    this.pool.drop();
  }

  /**
   * Counts a submission, by which the pool knows how long a buffer has been idle.
   * @internal
   */
  submitted(): void {
    this.pool.tick();
  }

  /**
   * The buffer for the uniforms of a batch that is submitted at once. All share one: writes and submissions are in queue
   * order, so the next batch overwrites it only after this one has run.
   * @internal
   */
  uniformBuffer(bytes: number): GPUBuffer {
    if (this.uniforms && this.uniforms.size >= bytes) return this.uniforms;
    if (this.uniforms) {
      this.uniforms.destroy(); // commands already submitted still see it
      this.bindGroups.clear();
    }
    this.uniforms = this.device.createBuffer({
      label: "uniforms",
      size: Math.max(16384, 2 ** Math.ceil(Math.log2(bytes))),
      usage: bufferUsage.UNIFORM | bufferUsage.COPY_DST,
    });
    return this.uniforms;
  }

  /**
   * A bind group for these buffers, cached.
   * @internal
   */
  bindGroup(kernel: Kernel, storages: readonly GPUBuffer[], uniforms: GPUBuffer | undefined): GPUBindGroup {
    let key = `${kernel.id}`;
    for (const buffer of storages) key += `,${this.idOf(buffer)}`;
    if (uniforms) key += `,${this.idOf(uniforms)}`;
    let group = this.bindGroups.get(key);
    if (!group) {
      if (this.bindGroups.size >= keptBindGroups) this.bindGroups.clear();
      group = this.newBindGroup(kernel, storages, uniforms);
      this.bindGroups.set(key, group);
    }
    return group;
  }

  private idOf(buffer: GPUBuffer): number {
    let id = this.bufferIds.get(buffer);
    if (id === undefined) {
      id = this.nextId++;
      this.bufferIds.set(buffer, id);
    }
    return id;
  }

  /** @internal */
  newBindGroup(kernel: Kernel, storages: readonly GPUBuffer[], uniforms: GPUBuffer | undefined): GPUBindGroup {
    const entries: GPUBindGroupEntry[] = storages.map((buffer, i) => ({ binding: i + 1, resource: { buffer } }));
    if (uniforms) entries.unshift({ binding: 0, resource: { buffer: uniforms, offset: 0, size: kernel.uniformBytes } });
    return this.device.createBindGroup({ label: kernel.label, layout: kernel.layout, entries });
  }

  /** Frees everything; a device that the engine made is destroyed, a caller's is left alive. */
  dispose(): void {
    if (this.condition === "disposed") return;
    const alive = this.condition === "alive";
    this.condition = "disposed";
    if (alive) {
      this.timer?.dispose();
      this.uniforms?.destroy();
    }
    this.timer = undefined;
    this.uniforms = undefined;
    this.pool.dispose(alive);
    this.bindGroups.clear();
    this.kernels.clear();
    if (!this.owned) return;
    this.device.removeEventListener("uncapturederror", this.onUncaptured);
    if (alive) this.device.destroy();
  }
}
