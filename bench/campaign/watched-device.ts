/** A device whose buffers are counted, and that can be destroyed at a chosen call. */
import type { Engine } from "../../src/engine.js";

const calls = [
  "createBuffer",
  "createShaderModule",
  "createBindGroup",
  "createComputePipelineAsync",
  "createCommandEncoder",
] as const;
const queueCalls = ["submit", "writeBuffer", "onSubmittedWorkDone"] as const;

export interface WatchedDevice {
  /** Buffers that were made and not destroyed. */
  readonly live: ReadonlySet<GPUBuffer>;
  /** Calls so far. */
  readonly calls: number;
}

type Methods = Record<string, (...args: unknown[]) => unknown>;

/** @param at number of the call at which the device is destroyed: before it where `before`, else after. */
export function watchDevice(engine: Engine, at = Number.POSITIVE_INFINITY, before = true): WatchedDevice {
  const device = engine.gpu!.device as unknown as GPUDevice & Methods;
  const live = new Set<GPUBuffer>();
  let count = 0;
  const counted = (holder: Methods, name: string, result: (value: unknown) => void = () => {}): void => {
    const own = holder[name]!.bind(holder);
    holder[name] = (...args) => {
      const now = count++ === at;
      if (now && before) device.destroy();
      const value = own(...args);
      result(value);
      if (now && !before) device.destroy();
      return value;
    };
  };
  for (const name of calls) counted(device, name, name === "createBuffer" ? watchBuffer : undefined);
  const { queue } = device;
  for (const name of queueCalls) counted(queue as unknown as Methods, name);
  // Where the getter makes an object each time, this one stays.
  Object.defineProperty(device, "queue", { value: queue, configurable: true });

  function watchBuffer(value: unknown): void {
    const buffer = value as GPUBuffer;
    live.add(buffer);
    const destroy = buffer.destroy.bind(buffer);
    Object.assign(buffer, {
      destroy: () => {
        live.delete(buffer);
        destroy();
      },
    });
    counted(buffer as unknown as Methods, "mapAsync");
  }
  return {
    live,
    get calls() {
      return count;
    },
  };
}
