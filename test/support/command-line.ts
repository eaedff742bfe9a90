/**
 * The command line within this process: its arguments, output and exit code, without the time that a process takes to
 * start. How it starts, ends and takes signals is for the tests that run whole processes.
 */
import { pathToFileURL } from "node:url";

export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly error: string;
}

const main = pathToFileURL("dist/src/cli/main.js").href;
let runs = 0;

/** @param env variables of the environment during the run. */
export async function commandLine(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Outcome> {
  const written = { stdout: "", stderr: "" };
  const { argv, exitCode, exit } = process;
  const environment = { ...process.env };
  const listeners = process.stdout.listeners("error");
  const writes = { stdout: process.stdout.write, stderr: process.stderr.write };
  for (const stream of ["stdout", "stderr"] as const) {
    process[stream].write = ((chunk: string | Uint8Array): boolean => {
      written[stream] += typeof chunk === "string" ? chunk : Buffer.from(chunk).toString();
      return true;
    }) as typeof process.stdout.write;
  }
  process.argv = [process.execPath, "saltation", ...args];
  process.exitCode = undefined;
  Object.assign(process.env, env);
  const outcome = (code: unknown): Outcome => ({ code: Number(code ?? 0), out: written.stdout, error: written.stderr });
  // What is written after an exit is not: the process would be gone.
  let exited: Outcome | undefined;
  process.exit = (code) => {
    exited ??= outcome(code ?? process.exitCode);
    throw new Error("exited");
  };
  try {
    // The module runs the command when it is loaded: once for each address.
    await import(/* @vite-ignore */ `${main}?run=${runs++}`);
    return exited ?? outcome(process.exitCode);
  } finally {
    process.exit = exit;
    process.argv = argv;
    process.exitCode = exitCode;
    for (const name of Object.keys(env)) delete process.env[name];
    Object.assign(process.env, environment);
    Object.assign(process.stdout, { write: writes.stdout });
    Object.assign(process.stderr, { write: writes.stderr });
    for (const l of process.stdout.listeners("error")) {
      if (!listeners.includes(l)) process.stdout.off("error", l as () => void);
    }
  }
}
