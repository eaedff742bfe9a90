/** Devices that are destroyed at a random call of a command: it says so in one line, or gives the right result. */
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Engine } from "../../src/engine.js";
import { type Fault, judge, type Outcome, type Verdict } from "./faults.js";
import type { Runner } from "./kinds.js";
import { Random } from "./random.js";
import { type CommandName, runCommand, withEngines } from "./run-command.js";
import { seedJobs } from "./seeds.js";
import { finalState, stepsOf, trainingJob } from "./training.js";
import { type WatchedDevice, watchDevice } from "./watched-device.js";

const create = Engine.create.bind(Engine);

interface Subject {
  readonly command: CommandName;
  readonly job: object;
}

/** What is printed, but for the times that it took. */
const told = (out: string): string => out.replace(/"\w*[sS]econds":[^,}]+/g, "");

class Devices implements Runner {
  private readonly job: string;
  private readonly checkpoint: string;
  private readonly subjects: readonly Subject[];
  private readonly wholes = new Map<Subject, Promise<{ calls: number; out: string; state?: string | undefined }>>();
  adapterName: string | undefined;

  constructor(folder: string) {
    this.job = join(folder, "job.json");
    this.checkpoint = join(folder, "c.json");
    const training = trainingJob({ steps: 6, checkpoint: { file: this.checkpoint, every: 0 } });
    const others = seedJobs.filter((s) => s.command !== "train");
    this.subjects = [
      ...others,
      ...Array.from({ length: others.length / 2 }, () => ({ command: "train", job: training }) as const),
    ];
  }

  async run(seed: number, item: number): Promise<Verdict> {
    const random = new Random(seed, item);
    const subject = random.pick(this.subjects);
    const whole = await (this.wholes.get(subject) ?? this.wholes.set(subject, this.whole(subject)).get(subject)!);
    const at = random.below(whole.calls);
    const { outcome, gone } = await this.runOnce(subject, false, at, random.chance(0.5));
    const where = `${subject.command}, destroyed at call ${at} of ${whole.calls}`;
    const faults = [...judge(outcome, true), ...gone].map((f) => ({ ...f, what: `${where}: ${f.what}` }));
    const say = (kind: Fault["kind"], what: string): void => void faults.push({ kind, what: `${where}: ${what}` });
    if (outcome.code === 0 && told(outcome.out) !== told(whole.out)) say("unequal bits", "other results");
    if (outcome.code === 2 && !/lost|disposed|device/.test(outcome.error)) say("message", outcome.error.trim());
    if (outcome.code === 1) say("exit code", `1: ${outcome.error.trim()}`);
    if (subject.command === "train" && outcome.code === 2) {
      const rest = await this.runOnce(subject, existsSync(this.checkpoint) && stepsOf(this.checkpoint) > 0);
      if (rest.outcome.code !== 0) say("lost work", `cannot go on: ${rest.outcome.error.trim()}`);
      else if (finalState(this.checkpoint, rest.outcome.out) !== whole.state) say("unequal bits", "after --resume");
    }
    return { counts: { tried: 1, [outcome.code === 0 ? "finished all the same" : "told in one line"]: 1 }, faults };
  }

  private async whole(subject: Subject): Promise<{ calls: number; out: string; state?: string | undefined }> {
    const { outcome, watched } = await this.runOnce(subject, false);
    if (outcome.code !== 0) throw new Error(`${subject.command} on a good device: ${outcome.error}`);
    const state = subject.command === "train" ? finalState(this.checkpoint, outcome.out) : undefined;
    return { calls: watched!.calls, out: outcome.out, state };
  }

  private async runOnce(
    { command, job }: Subject,
    resume: boolean,
    at?: number,
    before?: boolean,
  ): Promise<{ outcome: Outcome; watched: WatchedDevice | undefined; gone: Fault[] }> {
    if (!resume) rmSync(this.checkpoint, { force: true });
    writeFileSync(this.job, JSON.stringify(job));
    let watched: WatchedDevice | undefined;
    let engine: Engine | undefined;
    const outcome = await withEngines(
      async (options) => {
        engine = await create(options);
        this.adapterName = engine.adapterName;
        watched = watchDevice(engine, at, before);
        return engine;
      },
      () => runCommand(command, this.job, { backend: "webgpu", ...(resume ? { resume } : {}) }),
    );
    const gone: Fault[] = [];
    if (engine?.gpu?.bytesInUse !== 0)
      gone.push({ kind: "leak", what: `${engine?.gpu?.bytesInUse} bytes in use after dispose` });
    return { outcome, watched, gone };
  }
}

export const openDevices = async (folder: string): Promise<Runner> => new Devices(folder);
