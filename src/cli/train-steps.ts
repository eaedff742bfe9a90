/** The steps of `saltation train`, to their end, to a signal or to a lost device: what is shown meanwhile, and what is kept. */
import { SaltationError } from "../errors.js";
import type { TrainStep } from "../train/train.js";
import { progressBar, say, sayWarnings } from "./output.js";
import { type Checkpoints, sayStopped } from "./run-checkpoints.js";
import { signalExitCode, stopOnSignals } from "./signals.js";

interface SteppedRun {
  readonly training: AsyncGenerator<TrainStep, void, void>;
  /** Ends the training within a step. */
  readonly interrupt: AbortController;
  readonly steps: number;
  readonly checkpoints: Checkpoints | undefined;
  /** What steps are computed on. */
  adapter(): string;
  /** Called once signals are listened for here. */
  heard?(): void;
  /** Takes a step; what it gives is shown. */
  take(step: TrainStep, isFirst: boolean): Promise<string>;
}

/** @returns the first and the last step; nothing where a signal came, and the exit code is set. */
export async function runSteps(run: SteppedRun): Promise<{ first: TrainStep; last: TrainStep } | undefined> {
  const { training, interrupt, steps, checkpoints, adapter } = run;
  let first: TrainStep | undefined;
  let last: TrainStep | undefined;
  const stop = stopOnSignals(() => {
    say("stopping; a second signal stops at once");
    interrupt.abort();
  });
  run.heard?.();
  let done = checkpoints?.step ?? 0;
  const bar = progressBar("train", steps, "steps", done);
  bar.update(done, "| preparing the first step");
  const stopped = (signal: NodeJS.Signals): undefined => {
    bar.stop();
    sayStopped(done, steps, checkpoints);
    process.exitCode = signalExitCode(signal);
  };
  try {
    for await (const step of training) {
      if (!first) sayWarnings(step.warnings);
      const shown = await run.take(step, !first);
      first ??= step;
      last = step;
      done = step.step + 1;
      // Signals come between turns of the event loop, which a step on the CPU does not end by itself.
      await new Promise((resolve) => setImmediate(resolve));
      if (checkpoints && (checkpoints.due || stop.signal || done === steps)) await checkpoints.write(step, adapter());
      bar.update(done, `| ${shown}`);
      if (stop.signal) return stopped(stop.signal);
    }
  } catch (error) {
    if (stop.signal && error === interrupt.signal.reason) {
      if (last && checkpoints && checkpoints.step !== done) await checkpoints.write(last, adapter());
      stopped(stop.signal);
      // What the step under way still does must not keep the process.
      process.exit();
    }
    bar.stop();
    const lost = error instanceof SaltationError && (error.code === "device-lost" || error.code === "out-of-memory");
    if (!lost || !checkpoints) throw error;
    // Where the host has the state, nothing is lost but the step under way.
    if (last) await checkpoints.write(last, adapter()).catch(() => {});
    if (checkpoints.step === undefined) throw error;
    throw new SaltationError(error.code, `${error.message}; ${checkpoints.standing()}`, { cause: error });
  } finally {
    bar.stop();
    stop.release();
  }
  return { first: first!, last: last! };
}
