/** Values of command-line options, as they were typed. */
import { fail } from "../checks.js";
import type { EngineOptions } from "../engine.js";

/** The queue that workers and those who give them work meet at, where no other is named. */
export const defaultQueue = "saltation";

/** A whole number. @throws SaltationError `invalid-input` naming the option and what was typed. */
export function wholeOption(option: string, typed: string, least: number, most: number): number {
  const value = typed.trim() === "" ? Number.NaN : Number(typed);
  if (!Number.isInteger(value) || value < least || value > most) {
    fail(option, `expected a whole number from ${least} to ${most}, got "${typed}"`);
  }
  return value;
}

/** What `--backend` and `--threads` say. @throws SaltationError `invalid-input`. */
export function engineOptions({ backend, threads }: { backend: string; threads?: string }): EngineOptions {
  return {
    backend: backend as "auto",
    ...(threads === undefined ? {} : { threads: wholeOption("--threads", threads, 1, 256) }),
  };
}
