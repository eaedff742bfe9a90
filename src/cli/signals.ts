/** Ctrl-C and SIGTERM in a run that can be gone on with: the first asks it to stop, a second ends it at once. */
import { constants } from "node:os";

const signals = ["SIGINT", "SIGTERM"] as const;

export interface StopRequest {
  /** The signal that came, if any. */
  readonly signal: NodeJS.Signals | undefined;
  /** Signals end the process again. */
  release(): void;
}

/** The exit code of a process that a signal ended, by the shells' convention: 130 for SIGINT, 143 for SIGTERM. */
export const signalExitCode = (signal: NodeJS.Signals): number => 128 + constants.signals[signal];

/** @param onFirst told of the first signal, at once. */
export function stopOnSignals(onFirst: (signal: NodeJS.Signals) => void): StopRequest {
  let first: NodeJS.Signals | undefined;
  const listener = (signal: NodeJS.Signals): void => {
    if (first) process.exit(signalExitCode(signal));
    first = signal;
    onFirst(signal);
  };
  for (const s of signals) process.on(s, listener);
  return {
    get signal() {
      return first;
    },
    release() {
      for (const s of signals) process.off(s, listener);
    },
  };
}
