/**
 * What a worker does: executes lists of commands on the device's memory, side by side with other workers. The function is
 * sent as text, so that a worker needs no file of its own: it uses nothing from outside of itself.
 */

/** A command; all numbers are bytes but where they count. */
export type Command =
  | readonly ["write", at: number, bytes: Uint8Array]
  | readonly ["copy", from: number, to: number, bytes: number]
  | readonly ["clear", at: number, bytes: number]
  /** Workgroups of a kernel, by so many; `next` is the address of the word that counts those taken. */
  | readonly ["run", kernel: number, args: number, next: number, groups: number, unit: number]
  | readonly ["read", at: number, bytes: number];

export type Message =
  | {
      readonly kind: "begin";
      readonly index: number;
      readonly workers: number;
      /** Shared memory; else the worker has one of its own. */
      readonly memory: WebAssembly.Memory | undefined;
      /** Two words by which workers wait for each other. */
      readonly control: number;
    }
  | { readonly kind: "kernel"; readonly kernel: number; readonly module: WebAssembly.Module }
  | {
      readonly kind: "list";
      readonly number: number;
      readonly commands: readonly Command[];
      /** Whether all workers have it, or the first alone. */
      readonly wide: boolean;
      /** Arrivals before this list, of all workers at all places where they wait. */
      readonly arrivals: number;
      readonly pages: number;
      readonly scratch: number;
      readonly scratchBytes: number;
    };

export interface Answer {
  readonly number: number;
  /** What was read, where the memory is not shared. */
  readonly reads: ArrayBuffer[];
  readonly error?: string;
}

export interface Port {
  send(answer: Answer, transfer: ArrayBuffer[]): void;
}

/** Whether there is work for several. */
export const isWide = (command: Command): boolean => command[0] === "run" && command[4] > 1;

/** How often all workers wait for each other in a list. */
export function meetings(commands: readonly Command[]): number {
  let count = 0;
  let dirty = true;
  for (const command of commands) {
    if (!isWide(command)) dirty = true;
    else {
      count += dirty ? 2 : 1;
      dirty = false;
    }
  }
  return count;
}

/** A worker's answer to messages. */
export function machine(port: Port): (message: Message) => void {
  let memory: WebAssembly.Memory;
  let shared = false;
  let [index, workers, control] = [0, 1, 0];
  let bytes = new Uint8Array(0);
  let words = new Int32Array(0);
  const kernels = new Map<number, (args: number, scratch: number, first: number, count: number) => void>();
  let failure: string | undefined;

  /** Views are made anew when the memory has grown. */
  const look = (): void => {
    if (bytes.buffer === memory.buffer) return;
    bytes = new Uint8Array(memory.buffer);
    words = new Int32Array(memory.buffer);
  };

  /** Waits until all have come. */
  const meet = (all: number): void => {
    const [come, gone] = [control / 4, control / 4 + 1];
    if (Atomics.add(words, come, 1) + 1 === (all | 0)) {
      Atomics.store(words, gone, all);
      Atomics.notify(words, gone);
      return;
    }
    for (let turn = 0; turn < 2000; turn++) if (((Atomics.load(words, gone) - all) | 0) >= 0) return;
    for (;;) {
      const now = Atomics.load(words, gone);
      if (((now - all) | 0) >= 0) return;
      Atomics.wait(words, gone, now);
    }
  };

  return (message) => {
    if (message.kind === "begin") {
      shared = message.memory !== undefined;
      memory = message.memory ?? new WebAssembly.Memory({ initial: 64, maximum: 65536 });
      ({ index, workers, control } = message);
      look();
      return;
    }
    if (message.kind === "kernel") {
      const { exports } = new WebAssembly.Instance(message.module, { env: { memory } });
      kernels.set(message.kernel, exports.run as (args: number, scratch: number, first: number, count: number) => void);
      return;
    }
    const { commands, wide, number } = message;
    const reads: ArrayBuffer[] = [];
    const first = index === 0;
    let { arrivals } = message;
    if (!shared) {
      const more = message.pages - memory.buffer.byteLength / 65536;
      if (more > 0) memory.grow(more);
    }
    look();
    const together = (): void => {
      arrivals += workers;
      if (wide) meet(arrivals);
    };
    let dirty = true;
    for (const command of commands) {
      if (command[0] === "run") {
        const alone = command[4] < 2;
        if (alone && !first) {
          dirty = true;
          continue;
        }
        if (!alone && dirty) together();
        dirty = alone;
        const [, kernel, args, next, groups, unit] = command;
        const run = kernels.get(kernel)!;
        const scratch = message.scratch + index * message.scratchBytes;
        try {
          for (;;) {
            const from = Atomics.add(words, next / 4, unit);
            if (from >= groups) break;
            run(args, scratch, from, Math.min(unit, groups - from));
          }
        } catch (error) {
          failure ??= `kernel ${kernel}: ${(error as Error).message}`;
        }
        if (!alone) together();
        continue;
      }
      dirty = true;
      if (!first) continue;
      if (command[0] === "write") bytes.set(command[2], command[1]);
      else if (command[0] === "copy") bytes.copyWithin(command[2], command[1], command[1] + command[3]);
      else if (command[0] === "clear") bytes.fill(0, command[1], command[1] + command[2]);
      else if (!shared) reads.push(bytes.slice(command[1], command[1] + command[2]).buffer as ArrayBuffer);
    }
    if (first || failure) port.send({ number, reads, ...(failure ? { error: failure } : {}) }, reads);
  };
}
