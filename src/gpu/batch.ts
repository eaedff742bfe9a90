/** Dispatches, copies and read-backs gathered into one submission. Each dispatch has its own slot of uniforms. */
import { SaltationError } from "../errors.js";
import type { Gpu, Kernel, Storage } from "./gpu.js";

interface Dispatch {
  kind: "dispatch";
  kernel: Kernel;
  storages: readonly GPUBuffer[];
  uniformOffset: number;
  workgroups: readonly [number, number, number];
}

interface Command {
  kind: "command";
  encode(encoder: GPUCommandEncoder): void;
}

interface Readback {
  staging: GPUBuffer;
  bytes: number;
  resolve(data: ArrayBuffer): void;
  reject(error: unknown): void;
}

const bufferOf = (s: Storage | GPUBuffer): GPUBuffer => ("buffer" in s ? s.buffer : s);

export class Batch {
  private readonly items: (Dispatch | Command)[] = [];
  private readonly readbacks: Readback[] = [];
  private readonly uniforms: ArrayBufferView[] = [];
  private uniformBytes = 0;
  private uniformBuffer: GPUBuffer | undefined;

  constructor(
    private readonly gpu: Gpu,
    private readonly label: string,
  ) {}

  dispatch(
    kernel: Kernel,
    storages: readonly (Storage | GPUBuffer)[],
    uniforms: ArrayBufferView | null,
    workgroups: readonly [number, number?, number?],
  ): this {
    const counts = [workgroups[0], workgroups[1] ?? 1, workgroups[2] ?? 1] as const;
    const most = this.gpu.device.limits.maxComputeWorkgroupsPerDimension;
    for (const n of counts) {
      if (n > most) {
        throw this.gpu.limitError("maxComputeWorkgroupsPerDimension", n, `kernel "${kernel.label}" must be split`);
      }
    }
    let uniformOffset = -1;
    if (uniforms) {
      const align = this.gpu.device.limits.minUniformBufferOffsetAlignment;
      uniformOffset = this.uniformBytes;
      this.uniforms.push(uniforms);
      this.uniformBytes += Math.ceil(uniforms.byteLength / align) * align;
    }
    this.items.push({ kind: "dispatch", kernel, storages: storages.map(bufferOf), uniformOffset, workgroups: counts });
    return this;
  }

  clear(storage: Storage, byteOffset = 0, bytes = Math.ceil(storage.bytes / 4) * 4 - byteOffset): this {
    return this.command((e) => {
      e.clearBuffer(storage.buffer, byteOffset, bytes);
    });
  }

  copy(from: Storage, fromOffset: number, to: Storage, toOffset: number, bytes: number): this {
    return this.command((e) => {
      e.copyBufferToBuffer(from.buffer, fromOffset, to.buffer, toOffset, bytes);
    });
  }

  private command(encode: Command["encode"]): this {
    this.items.push({ kind: "command", encode });
    return this;
  }

  /** Queues a read-back; resolves after `submit`. */
  read(storage: Storage, byteOffset = 0, bytes = storage.bytes - byteOffset): Promise<ArrayBuffer> {
    const size = Math.ceil(bytes / 4) * 4;
    const staging = this.gpu.device.createBuffer({
      label: `read ${storage.label}`,
      size: Math.max(size, 4),
      usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ,
    });
    this.command((e) => {
      e.copyBufferToBuffer(storage.buffer, byteOffset, staging, 0, size);
    });
    return new Promise((resolve, reject) => {
      this.readbacks.push({ staging, bytes, resolve, reject });
    });
  }

  /** Writes the commands into a caller's encoder. Read-backs need `submit`. */
  encode(encoder: GPUCommandEncoder): void {
    // The caller submits later, so these uniforms need a buffer of their own until then.
    this.encodeWith(encoder, (bytes) => this.gpu.uniformBuffer(bytes, false));
  }

  private encodeWith(encoder: GPUCommandEncoder, uniformBuffer: (bytes: number) => GPUBuffer): void {
    this.gpu.check();
    const { device } = this.gpu;
    const align = device.limits.minUniformBufferOffsetAlignment;
    if (this.uniformBytes > 0) {
      const bytes = new Uint8Array(this.uniformBytes);
      let at = 0;
      for (const u of this.uniforms) {
        bytes.set(new Uint8Array(u.buffer, u.byteOffset, u.byteLength), at);
        at += Math.ceil(u.byteLength / align) * align;
      }
      this.uniformBuffer = uniformBuffer(this.uniformBytes);
      device.queue.writeBuffer(this.uniformBuffer, 0, bytes);
    }
    let pass: GPUComputePassEncoder | undefined;
    const timer = this.gpu.timer;
    for (const item of this.items) {
      if (item.kind === "command") {
        pass?.end();
        pass = undefined;
        item.encode(encoder);
        continue;
      }
      const timestampWrites = pass ? undefined : timer?.begin(this.label);
      pass ??= encoder.beginComputePass({ label: this.label, ...(timestampWrites ? { timestampWrites } : {}) });
      pass.setPipeline(item.kernel.pipeline);
      const group = this.gpu.bindGroup(
        item.kernel,
        item.storages,
        item.uniformOffset >= 0 ? this.uniformBuffer : undefined,
      );
      pass.setBindGroup(0, group, item.uniformOffset >= 0 ? [item.uniformOffset] : []);
      pass.dispatchWorkgroups(...item.workgroups);
    }
    pass?.end();
    timer?.resolve(encoder);
  }

  /** Submits everything as one command buffer. */
  submit(): void {
    const { device } = this.gpu;
    try {
      device.pushErrorScope("out-of-memory");
      device.pushErrorScope("validation");
      const encoder = device.createCommandEncoder({ label: this.label });
      this.encodeWith(encoder, (bytes) => this.gpu.uniformBuffer(bytes, true));
      device.queue.submit([encoder.finish()]);
    } catch (error) {
      for (const r of this.readbacks) {
        r.staging.destroy();
        r.reject(error);
      }
      if (this.readbacks.length === 0) throw error;
      return;
    }
    const errors = Promise.all([device.popErrorScope(), device.popErrorScope()]);
    if (this.readbacks.length === 0) {
      void errors.then(([a, b]) => {
        const error = a ?? b;
        if (error) this.gpu.report(error.message);
      });
      return;
    }
    for (const r of this.readbacks) void this.finish(r, errors);
  }

  private async finish(r: Readback, errors: Promise<(GPUError | null)[]>): Promise<void> {
    try {
      await r.staging.mapAsync(GPUMapMode.READ);
      const error = (await errors).find((e) => e);
      if (error) throw new SaltationError("validation", `the GPU reported: ${error.message}`);
      this.gpu.check();
      r.resolve(r.staging.getMappedRange().slice(0, r.bytes));
    } catch (error) {
      try {
        this.gpu.check();
        r.reject(error);
      } catch (state) {
        r.reject(state);
      }
    } finally {
      r.staging.destroy();
    }
  }
}
