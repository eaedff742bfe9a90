/** Checkpoints of training runs in their files, and what is said of them. */
import { dirname, resolve } from "node:path";
import { fail, finiteNumber } from "../checks.js";
import type { TrainJob } from "../job/job.js";
import type { TrainStep } from "../train/train.js";
import {
  type CheckpointFile,
  checkCheckpoint,
  type Fingerprint,
  readCheckpoint,
  writeCheckpoint,
} from "./checkpoint.js";
import { lockFile } from "./lock.js";
import { say } from "./output.js";
import { reason } from "./output-files.js";
import { confined } from "./read-file.js";
import { removeLeftovers } from "./write-file.js";

/** Checkpoints of a run in their file, which is this process's as long as the run lasts. */
export class Checkpoints {
  /** Steps that the file has; undefined where this run has not written it. */
  step: number | undefined;
  /** Why the last write failed, if it did. */
  failure: string | undefined;
  private tried = performance.now();
  private release = (): void => {};

  constructor(
    readonly file: string,
    private readonly everySeconds: number,
    private readonly job: Fingerprint,
    private readonly root: string | undefined,
  ) {}

  /** @throws SaltationError where another process writes the file. */
  lock(): void {
    this.release = lockFile("checkpoint", this.file);
    removeLeftovers(this.file);
  }

  unlock(): void {
    this.release();
  }

  get due(): boolean {
    return performance.now() - this.tried >= 1000 * this.everySeconds;
  }

  /** Writes a checkpoint. Where the system does not let it, that is said, and the run goes on. */
  async write(step: TrainStep, adapter: string): Promise<void> {
    const checkpoint = await step.checkpoint();
    const { value: loss } = step;
    this.tried = performance.now();
    try {
      writeCheckpoint(this.file, { format: "saltation-checkpoint", job: this.job, adapter, loss, ...checkpoint });
    } catch (error) {
      if (!(error instanceof Error && "syscall" in error)) throw error;
      if (this.failure === undefined) {
        const what = `cannot write the checkpoint of step ${checkpoint.step} to ${this.file}: ${reason(error)}`;
        say(`${what}; training goes on, and it is tried again; ${this.standing()}`);
      }
      this.failure = reason(error);
      return;
    }
    if (this.failure !== undefined) say(`the checkpoint of step ${checkpoint.step} is written again to ${this.file}`);
    this.failure = undefined;
    this.step = checkpoint.step;
  }

  /** What there is to go on from, and by which command. */
  standing(): string {
    if (this.step === undefined) return "nothing is kept so far";
    return `the checkpoint of step ${this.step} is in ${this.file}; go on with: ${resumeCommand()}`;
  }

  read(): CheckpointFile {
    const found = readCheckpoint(this.file, this.job, this.root);
    this.step = found.step;
    return found;
  }
}

export function checkpointsOf(
  job: Pick<TrainJob, "checkpoint">,
  file: string,
  read: readonly (string | undefined)[],
  root: string | undefined,
  fingerprint: Fingerprint,
): Checkpoints | undefined {
  if (job.checkpoint === undefined) return undefined;
  const { file: name, every = 2 } = typeof job.checkpoint === "string" ? { file: job.checkpoint } : job.checkpoint;
  if (finiteNumber("checkpoint.every", every) < 0) {
    fail("checkpoint.every", `expected seconds between writes, 0 for every step, got ${every}`);
  }
  const path = resolve(dirname(file), name);
  confined("checkpoint", path, root);
  checkCheckpoint(path, read);
  return new Checkpoints(path, every, fingerprint, root);
}

/** The command that goes on with this one. */
export function resumeCommand(): string {
  const words = process.argv.slice(2).map((w) => (/^[\w@%+=:,./-]+$/.test(w) ? w : `'${w.replaceAll("'", "'\\''")}'`));
  return `saltation ${words.filter((w) => w !== "--resume").join(" ")} --resume`;
}

/** Says where a run goes on elsewhere than it began. */
export function sayOther(before: string, now: string): void {
  if (before !== now) say(`the checkpoint was computed on ${before}; on ${now} the last bits may differ`);
}

export function sayStopped(done: number, steps: number, checkpoints: Checkpoints | undefined): void {
  const where =
    done < steps ? `stopped after step ${done} of ${steps}` : "stopped after the last step, before its results";
  if (checkpoints?.failure !== undefined) {
    say(`${where}, whose checkpoint could not be written (${checkpoints.failure}); ${checkpoints.standing()}`);
  } else if (checkpoints && checkpoints.step === undefined) say("stopped before a step was done");
  else if (checkpoints) say(`${where}; the checkpoint is in ${checkpoints.file}; go on with: ${resumeCommand()}`);
  else say(`${where}; nothing was kept, as the job names no "checkpoint" file`);
}
