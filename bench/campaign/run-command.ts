/** The commands of the command line, run in this process: what they print is caught, and devices are kept between them. */
import { gradientCommand } from "../../src/cli/gradient.js";
import { kernelCommand, signatureCommand } from "../../src/cli/kernel.js";
import { reportError } from "../../src/cli/output.js";
import { simulateCommand } from "../../src/cli/simulate.js";
import { trainCommand } from "../../src/cli/train.js";
import { Engine, type EngineOptions } from "../../src/engine.js";
import type { Outcome } from "./faults.js";

export type CommandName = "simulate" | "gradient" | "train" | "kernel" | "signature";
export const commandNames: readonly CommandName[] = ["simulate", "gradient", "train", "kernel", "signature"];

export interface CommandOptions {
  backend: "cpu" | "webgpu";
  json?: boolean;
  out?: string | undefined;
  save?: string;
  figure?: string;
  recording?: string;
  resume?: boolean;
  root?: string;
  discretisation?: boolean;
}

const commands: Record<CommandName, (file: string, options: never) => Promise<void>> = {
  simulate: simulateCommand,
  gradient: gradientCommand,
  train: trainCommand,
  kernel: kernelCommand,
  signature: signatureCommand,
};

/** Runs a command as `saltation` does, up to the exit code. */
export async function runCommand(name: CommandName, file: string, options: CommandOptions): Promise<Outcome> {
  let out = "";
  let error = "";
  const [stdout, stderr] = [process.stdout.write, process.stderr.write];
  const into =
    (add: (text: string) => void): typeof process.stdout.write =>
    (data: string | Uint8Array) => {
      add(typeof data === "string" ? data : new TextDecoder().decode(data));
      return true;
    };
  process.stdout.write = into((text) => (out += text));
  process.stderr.write = into((text) => (error += text));
  let code = 0;
  try {
    await commands[name](file, { json: true, history: "full", ...options } as never);
    code = Number(process.exitCode ?? 0);
  } catch (thrown) {
    code = reportError(thrown);
  } finally {
    process.exitCode = undefined;
    process.stdout.write = stdout;
    process.stderr.write = stderr;
  }
  return { code, out, error };
}

type Create = (options?: EngineOptions) => Promise<Engine>;
const create: Create = Engine.create.bind(Engine);
const replaceCreate = (by: Create): void => {
  (Engine as { create: Create }).create = by;
};

/** Runs something with another way to open engines. */
export async function withEngines<T>(by: Create, act: () => Promise<T>): Promise<T> {
  replaceCreate(by);
  try {
    return await act();
  } finally {
    replaceCreate(create);
  }
}

/** What a command that is only checked ends with. */
const checked = new Error("accepted");

/** Whether a command accepts a job: undefined where it does, else how it ended. Nothing is computed. */
export async function refusal(name: CommandName, file: string, options: CommandOptions): Promise<Outcome | undefined> {
  let accepted = false;
  const outcome = await withEngines(
    async () => {
      accepted = true;
      throw checked;
    },
    () => runCommand(name, file, options),
  );
  return accepted ? undefined : outcome;
}

/** Jobs that a device serves before another is opened. */
const jobsPerDevice = 300;

/** One device for many commands, with its compiled kernels: opening it for each would take most of the time. */
export class SharedDevice {
  private engine: Engine | undefined;
  private jobs = 0;

  /** Opens engines on the kept device; one that is disposed gives its buffers back, and the device stays. */
  readonly create: Create = async (options) => {
    if (options?.backend === "cpu") return create(options);
    if (this.engine?.gpu?.state !== "alive" || this.jobs >= jobsPerDevice) {
      this.engine?.dispose();
      this.engine = await create({ backend: "webgpu" });
      this.jobs = 0;
    }
    this.jobs++;
    const { engine } = this;
    const { pool } = engine.gpu as unknown as { pool: { dispose(destroy: boolean): void } };
    return Object.create(engine, {
      dispose: { value: () => engine.gpu?.state === "alive" && pool.dispose(true) },
    }) as Engine;
  };

  get adapterName(): string | undefined {
    return this.engine?.adapterName;
  }

  dispose(): void {
    this.engine?.dispose();
    this.engine = undefined;
  }
}
