/** Dispatches, copies and read-backs gathered into one submission. Each dispatch has its own slot of uniforms. */
import type { Bindings, Fields } from "../../shaders/shared/declare.js";
import { SaltationError } from "../errors.js";
import { handled } from "../turns.js";
import { bufferUsage, mapRead } from "./constants.js";
import type { Gpu } from "./gpu.js";
import type { DeclaredKernel, Kernel } from "./kernel.js";
import {
  type AnyPassed,
  type Bindable,
  boundBuffers,
  type Extent,
  extentOf,
  type Passed,
  packUniform,
  workgroupsOf,
} from "./passed.js";
import { bufferOf, type Storage } from "./pool.js";
import type { PassTimer } from "./timer.js";

interface Dispatch {
  kind: "dispatch";
  kernel: Kernel;
  storages: readonly GPUBuffer[];
  uniformOffset: number;
  workgroups: readonly [number, number, number];
}

interface Stage {
  kind: "stage";
  label: string;
}

interface Command {
  kind: "command";
  encode(encoder: GPUCommandEncoder): void;
}

interface Readback {
  label: string;
  bytes: number;
  staging: GPUBuffer | undefined;
  resolve(data: ArrayBuffer): void;
  reject(error: unknown): void;
}

/** What a dispatch passes to a kernel of the caller's own. */
export interface Dispatched {
  /** In the order of the kernel's bindings. */
  readonly buffers: readonly Bindable[];
  /** Copied at once, so that the array can be used again; left out where the kernel has none. */
  readonly uniforms?: ArrayBufferView | undefined;
  /** Workgroups along x, or along x, y and z. */
  readonly groups: Extent;
}

const bytesOf = (s: Bindable): number => ("buffer" in s ? s.bytes : s.size);

const roundUp = (n: number, unit: number): number => Math.ceil(n / unit) * unit;

export class Batch {
  private readonly items: (Dispatch | Command | Stage)[] = [];
  private readonly readbacks: Readback[] = [];
  private uniforms = new Uint8Array(0);
  private temporaries: Storage[] = [];
  private uniformBytes = 0;
  private done = false;

  constructor(
    private readonly gpu: Gpu,
    private readonly label: string,
  ) {}

  /**
   * Runs a declared kernel once, on what is passed by name: its uniform, its buffers, and how many `threads` or workgroups
   * (`groups`) run. The uniform is copied now.
   * @throws SaltationError `limit` for too many workgroups, `invalid-input` where something is missing.
   * @internal
   */
  dispatch<F extends Fields, B extends Bindings>(
    kernel: DeclaredKernel<F, B>,
    passed: Passed<NoInfer<F>, NoInfer<B>>,
  ): this;
  /**
   * Runs a kernel of the caller's own once.
   * @throws SaltationError `limit` for too many workgroups, `invalid-input` where the kernel binds something else.
   */
  dispatch(kernel: Kernel, given: Dispatched): this;
  dispatch(kernel: Kernel | DeclaredKernel, given: Dispatched | AnyPassed): this {
    if ("declared" in kernel) {
      const { declared } = kernel;
      const passed = given as AnyPassed;
      const storages = boundBuffers(declared, passed);
      const workgroups = workgroupsOf(declared, passed);
      this.checkDispatch(kernel, storages.length, declared.uniformBytes, workgroups);
      const place = this.uniformPlace(declared.uniformBytes);
      if (place) packUniform(declared, passed, new DataView(place.bytes.buffer, place.bytes.byteOffset));
      return this.add(kernel, storages, place, workgroups);
    }
    const { buffers, uniforms, groups } = given as Dispatched;
    const [x, y = 1, z = 1] = extentOf(groups);
    this.checkDispatch(kernel, buffers.length, uniforms?.byteLength ?? 0, [x, y, z]);
    const place = this.uniformPlace(uniforms && kernel.uniformBytes > 0 ? uniforms.byteLength : 0);
    if (place && uniforms) {
      place.bytes.set(new Uint8Array(uniforms.buffer, uniforms.byteOffset, uniforms.byteLength));
    }
    return this.add(kernel, buffers.map(bufferOf), place, [x, y, z]);
  }

  /** Room for the uniform of a dispatch, where it has one: a piece of what all have, which grows. */
  private uniformPlace(bytes: number): { offset: number; bytes: Uint8Array } | undefined {
    if (bytes === 0) return undefined;
    const offset = this.uniformBytes;
    this.uniformBytes += roundUp(bytes, this.gpu.device.limits.minUniformBufferOffsetAlignment);
    if (this.uniformBytes > this.uniforms.length) {
      const larger = new Uint8Array(2 * this.uniformBytes);
      larger.set(this.uniforms);
      this.uniforms = larger;
    }
    return { offset, bytes: this.uniforms.subarray(offset, offset + bytes) };
  }

  private add(
    kernel: Kernel,
    storages: readonly GPUBuffer[],
    place: { offset: number } | undefined,
    workgroups: readonly [number, number, number],
  ): this {
    this.items.push({ kind: "dispatch", kernel, storages, uniformOffset: place?.offset ?? -1, workgroups });
    return this;
  }

  private checkDispatch(
    kernel: Kernel,
    storages: number,
    uniformBytes: number,
    workgroups: readonly [number, number, number],
  ): void {
    this.checkOpen();
    const name = `kernel "${kernel.label}"`;
    if (storages !== kernel.storages) {
      throw new SaltationError("invalid-input", `${name} binds ${kernel.storages} buffers; ${storages} were given`);
    }
    if (uniformBytes < kernel.uniformBytes) {
      throw new SaltationError(
        "invalid-input",
        `${name} takes ${kernel.uniformBytes} bytes of uniforms; ${uniformBytes} were given`,
      );
    }
    const most = this.gpu.device.limits.maxComputeWorkgroupsPerDimension;
    for (const n of workgroups) {
      if (!Number.isInteger(n) || n < 0) {
        throw new SaltationError("invalid-input", `${name} cannot run on ${n} workgroups; give a whole number`);
      }
      if (n > most) {
        const remedy = `take fewer paths at a time, or spread the workgroups of ${name} over y and z`;
        throw this.gpu.limitError("maxComputeWorkgroupsPerDimension", n, remedy);
      }
    }
  }

  /** What follows counts as `label` in timings, in place of the batch's own. */
  stage(label: string): this {
    this.checkOpen();
    this.items.push({ kind: "stage", label });
    return this;
  }

  /**
   * A storage buffer that this batch alone uses; its contents are undefined. Given back by `submit`; after `encode`, or
   * where the batch is dropped, by `release`.
   */
  temporary(label: string, bytes: number): Storage {
    this.checkOpen();
    const storage = this.gpu.buffer(label, bytes);
    this.temporaries.push(storage);
    return storage;
  }

  /** Gives the temporary buffers back; a batch encoded for a caller must have been submitted. */
  release(): void {
    for (const storage of this.temporaries) storage.dispose();
    this.temporaries = [];
  }

  /** Fills with zeros; all of the buffer, or a range of it (bytes, multiples of 4). */
  clear(storage: Bindable, byteOffset = 0, bytes = roundUp(bytesOf(storage), 4) - byteOffset): this {
    const buffer = bufferOf(storage);
    return this.command((e) => e.clearBuffer(buffer, byteOffset, bytes));
  }

  /** Copies between two buffers (bytes, multiples of 4). */
  copy(from: Bindable, fromOffset: number, to: Bindable, toOffset: number, bytes: number): this {
    const [source, target] = [bufferOf(from), bufferOf(to)];
    return this.command((e) => e.copyBufferToBuffer(source, fromOffset, target, toOffset, bytes));
  }

  private command(encode: Command["encode"]): this {
    this.checkOpen();
    this.items.push({ kind: "command", encode });
    return this;
  }

  private checkOpen(): void {
    if (this.done) {
      throw new SaltationError("invalid-input", `batch "${this.label}" was already submitted; start another`);
    }
  }

  /**
   * Queues a read-back of what the buffer holds at this point of the batch.
   * @returns resolves after `submit`; rejects with whatever went wrong in the batch or before it.
   */
  read(storage: Storage, byteOffset = 0, bytes = storage.bytes - byteOffset): Promise<ArrayBuffer> {
    const { buffer, label } = storage;
    if (byteOffset % 4 !== 0 || !(byteOffset >= 0) || !(bytes >= 0) || byteOffset + bytes > roundUp(storage.bytes, 4)) {
      throw new SaltationError(
        "invalid-input",
        `cannot read ${bytes} bytes at ${byteOffset} of buffer "${label}", which has ${storage.bytes}: ` +
          "offsets are multiples of 4 and the range lies inside",
      );
    }
    const readback: Readback = { label, bytes, staging: undefined, resolve: () => {}, reject: () => {} };
    const result = new Promise<ArrayBuffer>((resolve, reject) => {
      readback.resolve = resolve;
      readback.reject = reject;
    });
    handled(result);
    this.command((e) => {
      // Made here and not before, so that a batch that is never submitted holds nothing.
      const size = Math.max(roundUp(bytes, 4), 4);
      const usage = bufferUsage.COPY_DST | bufferUsage.MAP_READ;
      readback.staging = this.gpu.device.createBuffer({ label: `read ${label}`, size, usage });
      if (bytes > 0) e.copyBufferToBuffer(buffer, byteOffset, readback.staging, 0, roundUp(bytes, 4));
    });
    this.readbacks.push(readback);
    return result;
  }

  /**
   * Writes the commands into a caller's encoder, for the caller to submit, on the same device. Buffers in use must not
   * be disposed, nor the batch released, before that.
   * @throws SaltationError `invalid-input` where the batch has read-backs: only `submit` can finish those.
   */
  encode(encoder: GPUCommandEncoder): void {
    this.checkOpen();
    if (this.readbacks.length > 0) {
      throw new SaltationError(
        "invalid-input",
        `batch "${this.label}" reads back "${this.readbacks[0]!.label}"; read after submitting instead`,
      );
    }
    this.gpu.check();
    this.done = true;
    const { gpu } = this;
    gpu.faults.guard(() => {
      // Other batches may be submitted first, so these uniforms lie in a buffer of their own. Nobody here knows when
      // the caller is done with it; the garbage collector does.
      const buffer = this.uniformBytes > 0 ? this.ownUniforms() : undefined;
      this.encodeWith(encoder, (d) => gpu.newBindGroup(d.kernel, d.storages, slot(d, buffer)), undefined);
    });
  }

  /** Submits everything as one command buffer. Errors that need no waiting are thrown, unless a read can tell them. */
  submit(): void {
    this.checkOpen();
    this.done = true;
    const { gpu } = this;
    const reads = this.readbacks.length > 0;
    try {
      gpu.check();
      if (reads) void this.finish(gpu.faults.watch(() => this.send()));
      else gpu.faults.guard(() => this.send());
      gpu.submitted();
    } catch (error) {
      if (!reads) throw error;
      for (const r of this.readbacks) {
        r.staging?.destroy();
        r.reject(error);
      }
    } finally {
      this.release();
    }
  }

  private send(): void {
    const { gpu } = this;
    const encoder = gpu.device.createCommandEncoder({ label: this.label });
    let buffer: GPUBuffer | undefined;
    if (this.uniformBytes > 0) {
      buffer = gpu.uniformBuffer(this.uniformBytes);
      gpu.device.queue.writeBuffer(buffer, 0, this.uniformData());
    }
    this.encodeWith(encoder, (d) => gpu.bindGroup(d.kernel, d.storages, slot(d, buffer)), gpu.timer);
    gpu.device.queue.submit([encoder.finish()]);
  }

  private uniformData(): Uint8Array<ArrayBuffer> {
    return this.uniforms.subarray(0, this.uniformBytes);
  }

  private ownUniforms(): GPUBuffer {
    const buffer = this.gpu.device.createBuffer({
      label: `uniforms of ${this.label}`,
      size: roundUp(this.uniformBytes, 4),
      usage: bufferUsage.UNIFORM,
      mappedAtCreation: true,
    });
    new Uint8Array(buffer.getMappedRange()).set(this.uniformData());
    buffer.unmap();
    return buffer;
  }

  /** Consecutive dispatches share a pass: WebGPU orders dispatches of a pass by what they write. */
  private encodeWith(
    encoder: GPUCommandEncoder,
    bindGroup: (dispatch: Dispatch) => GPUBindGroup,
    timer: PassTimer | undefined,
  ): void {
    let pass: GPUComputePassEncoder | undefined;
    let { label } = this;
    for (const item of this.items) {
      if (item.kind === "stage") {
        label = item.label;
        if (!timer) continue; // a pass serves several stages unless they are timed
        pass?.end();
        pass = undefined;
        continue;
      }
      if (item.kind === "command") {
        pass?.end();
        pass = undefined;
        item.encode(encoder);
        continue;
      }
      if (!pass) {
        const timestampWrites = timer?.begin(label);
        pass = encoder.beginComputePass({ label, ...(timestampWrites ? { timestampWrites } : {}) });
      }
      pass.setPipeline(item.kernel.pipeline);
      pass.setBindGroup(0, bindGroup(item), item.uniformOffset >= 0 ? [item.uniformOffset] : []);
      pass.dispatchWorkgroups(...item.workgroups);
    }
    pass?.end();
    timer?.resolve(encoder);
  }

  /** Settles the read-backs: all with the error of this batch or of work before it, or each with its data. */
  private async finish(outcome: Promise<SaltationError | undefined>): Promise<void> {
    const { gpu } = this;
    const maps = gpu.waitFor(Promise.allSettled(this.readbacks.map((r) => r.staging!.mapAsync(mapRead))));
    try {
      await gpu.faults.settled();
      const error = await outcome;
      const refused = (await maps).find((m) => m.status === "rejected")?.reason as Error | undefined;
      if (refused) await gpu.lossSettled();
      gpu.check();
      if (error) throw error;
      if (refused) {
        const text = `the GPU could not read back "${this.readbacks[0]!.label}": ${refused.message}`;
        throw new SaltationError("validation", text, { cause: refused });
      }
      for (const r of this.readbacks) r.resolve(r.staging!.getMappedRange().slice(0, r.bytes));
    } catch (error) {
      for (const r of this.readbacks) r.reject(error);
    } finally {
      for (const r of this.readbacks) r.staging!.destroy();
    }
  }
}

const slot = (d: Dispatch, buffer: GPUBuffer | undefined): GPUBuffer | undefined =>
  d.uniformOffset >= 0 ? buffer : undefined;
