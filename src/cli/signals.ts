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

/** One Ctrl-C may come twice: from the terminal, and passed on by npm. */
const sameKeyMs = 500;

/**
 * Ends the process by a signal's exit code, where nothing can be gone on with.
 * @param onSignal told of the signal before.
 * @returns what leaves signals to others again.
 */
export function exitOnSignals(onSignal: () => void): () => void {
  const listener = (signal: NodeJS.Signals): void => {
    onSignal();
    process.exit(signalExitCode(signal));
  };
  for (const s of signals) process.on(s, listener);
  return () => {
    for (const s of signals) process.off(s, listener);
  };
}

/** @param onFirst told of the first signal, at once. */
export function stopOnSignals(onFirst: (signal: NodeJS.Signals) => void): StopRequest {
  let first: NodeJS.Signals | undefined;
  let since = 0;
  const listener = (signal: NodeJS.Signals): void => {
    if (!first) {
      first = signal;
      since = performance.now();
      onFirst(signal);
    } else if (performance.now() - since > sameKeyMs) process.exit(signalExitCode(signal));
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

/** How many things are done at present that must be done whole, and what tells of a signal that came meanwhile. */
let deferring = 0;
let tell = (): void => {};

const deferred = (signal: NodeJS.Signals): void => {
  // Where others listen, the signal is theirs.
  if (!process.listeners(signal).every((l) => l === deferred)) return;
  tell();
  process.exit(signalExitCode(signal));
};

/**
 * Keeps the default of a signal, to end the process on the spot, from falling into what must be done whole.
 * @param onSignal told of a signal that has come meanwhile, before it ends the process.
 * @returns what ends that; a signal that has come meanwhile then ends the process.
 */
export function deferSignals(onSignal: () => void): () => void {
  tell = onSignal;
  if (deferring++ === 0) for (const s of signals) process.on(s, deferred);
  const end = (): void => {
    if (--deferring === 0) for (const s of signals) process.off(s, deferred);
  };
  // Signals are heard in the loop's next turn, before its immediates of the turn after.
  return () => void setImmediate(() => setImmediate(end));
}
