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

/**
 * Keeps the default of a signal, to end the process on the spot, from falling into what must be done whole. Where others
 * listen, it is theirs.
 * @returns what ends that; a signal that has come meanwhile then ends the process.
 */
export function deferSignals(): () => void {
  const listener = (signal: NodeJS.Signals): void => {
    if (process.listeners(signal).every((l) => deferring.has(l as typeof listener)))
      process.exit(signalExitCode(signal));
  };
  deferring.add(listener);
  for (const s of signals) process.on(s, listener);
  const off = (): void => {
    for (const s of signals) process.off(s, listener);
    deferring.delete(listener);
  };
  // Signals are heard in the loop's next turn, before its immediates of the turn after.
  return () => void setImmediate(() => setImmediate(off));
}

const deferring = new WeakSet<(signal: NodeJS.Signals) => void>();
