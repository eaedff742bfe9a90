/**
 * Errors that a device reports late. WebGPU calls do not throw: what is wrong with them comes back through error scopes,
 * promises that settle after the device has looked. Each is kept here until a call that can throw it.
 */
import { SaltationError } from "../errors.js";

const outOfMemory = (message: string): SaltationError =>
  new SaltationError(
    "out-of-memory",
    `the GPU is out of memory (${message}); take fewer paths, neurons or steps at a time`,
  );

const invalid = (message: string): SaltationError => new SaltationError("validation", `the GPU reported: ${message}`);

/** The error that stands for what the device reported. */
export function reported(error: GPUError): SaltationError {
  const memory = typeof GPUOutOfMemoryError !== "undefined" && error instanceof GPUOutOfMemoryError;
  return memory ? outOfMemory(error.message) : invalid(error.message);
}

export class Faults {
  /** Scopes whose errors are not known yet. */
  private readonly open = new Set<Promise<void>>();
  private first: SaltationError | undefined;

  constructor(private readonly device: GPUDevice) {}

  /** Runs calls on the device and keeps the error that it reports for them, if any, until someone takes it. */
  guard<T>(act: () => T): T {
    const { device } = this;
    device.pushErrorScope("out-of-memory");
    device.pushErrorScope("validation");
    try {
      return act();
    } finally {
      const kept = this.pop().then((error) => {
        if (error) this.keep(error);
        this.open.delete(kept);
      });
      this.open.add(kept);
    }
  }

  /** Runs calls on the device, for a caller who waits for the error that it reports for them. */
  watch(act: () => void): Promise<SaltationError | undefined> {
    const { device } = this;
    device.pushErrorScope("out-of-memory");
    device.pushErrorScope("validation");
    try {
      act();
    } catch (error) {
      void this.pop();
      throw error;
    }
    return this.pop();
  }

  private async pop(): Promise<SaltationError | undefined> {
    try {
      const [validation, memory] = await Promise.all([this.device.popErrorScope(), this.device.popErrorScope()]);
      // A buffer that did not fit makes everything that uses it invalid: the cause is told first.
      const error = memory ?? validation;
      return error ? reported(error) : undefined;
    } catch {
      return undefined; // a device that is lost or destroyed reports no more; `Gpu.check` says so
    }
  }

  /** Keeps an error until it is taken; of several the first, as later ones follow from it. */
  keep(error: SaltationError): void {
    this.first ??= error;
  }

  /** The error kept, if any, which is then no longer kept. */
  take(): SaltationError | undefined {
    const error = this.first;
    this.first = undefined;
    return error;
  }

  /** Resolves when everything that was guarded before has been looked at. */
  async settled(): Promise<void> {
    await Promise.all(this.open);
  }
}
