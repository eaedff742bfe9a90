/** Outputs and checkpoints on a disk of 64 kB that is full: what was there stays, or the new is whole. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Fault, judge, type Verdict } from "./faults.js";
import type { Runner } from "./kinds.js";
import { readNpzFile } from "./npz-file.js";
import { Random } from "./random.js";
import { type CommandName, type CommandOptions, runCommand } from "./run-command.js";
import { finalState, stepsOf, trainingJob } from "./training.js";

const simulateJob = {
  network: { cell: "slif" },
  input: { current: 2.5 },
  time: { t1: 1, dt: 0.05 },
  // What is said of the step would be another line.
  discretisation: false,
  paths: 150,
  seed: 1,
};
const gradientJob = {
  ...simulateJob,
  loss: { kind: "mean-spike-time" },
  with: ["current", "mu1", "vTh"],
  perPath: true,
};
const points = Array.from({ length: 24 }, (_, i) => [[0, 0], [0.5, i / 24], [1, 0.2]]); // biome-ignore format: paths
const commands: readonly { command: CommandName; job: object }[] = [
  { command: "simulate", job: simulateJob },
  { command: "gradient", job: gradientJob },
  { command: "kernel", job: { x: points } },
  { command: "signature", job: { x: points, depth: 6 } },
];

const diskBytes = 64 * 1024;
/** A file system writes whole pages. */
const pageBytes = 4096;

class Disk implements Runner {
  private readonly job: string;
  private readonly disk: string;
  private whole: string | undefined;

  private constructor(
    folder: string,
    /** Why there is no small disk. */
    private readonly obstacle: string | undefined,
  ) {
    this.job = join(folder, "job.json");
    this.disk = join(folder, "disk");
  }

  static open(folder: string): Disk {
    const disk = join(folder, "disk");
    mkdirSync(disk);
    try {
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k", "none", disk], { stdio: "pipe" });
    } catch (error) {
      const said = String((error as { stderr?: Buffer }).stderr ?? error).trim();
      return new Disk(folder, said.split("\n")[0] ?? "mount failed");
    }
    return new Disk(folder, undefined);
  }

  close(): void {
    if (this.obstacle === undefined) execFileSync("umount", ["-l", this.disk], { stdio: "ignore" });
  }

  async run(seed: number, item: number): Promise<Verdict> {
    if (this.obstacle !== undefined)
      return { counts: { [`skipped, as no disk can be mounted (${this.obstacle})`]: 1 }, faults: [] };
    for (const name of readdirSync(this.disk)) rmSync(join(this.disk, name), { recursive: true, force: true });
    const random = new Random(seed, item);
    return random.chance(0.5) ? this.output(random) : this.checkpoint();
  }

  private fill(free: number): string {
    const filler = join(this.disk, "filler");
    const used = readdirSync(this.disk)
      .map((n) => Math.ceil(statSync(join(this.disk, n)).size / pageBytes) * pageBytes)
      .reduce((a, b) => a + b, 0);
    // Overwritten files are counted twice while they are replaced, and page tables take some: until nothing fits.
    let size = diskBytes - used - free;
    for (; size > 0; size -= pageBytes) {
      try {
        writeFileSync(filler, Buffer.alloc(size, 1));
        break;
      } catch {
        rmSync(filler, { force: true });
      }
    }
    return filler;
  }

  /** An output in place of a good one. */
  private async output(random: Random): Promise<Verdict> {
    const { command, job } = random.pick(commands);
    const out = join(this.disk, "out.npz");
    const run = (): ReturnType<typeof runCommand> =>
      runCommand(command, this.job, { backend: "cpu", out } as CommandOptions);
    writeFileSync(this.job, JSON.stringify(job));
    const there = random.chance(0.8);
    if (there) await run();
    const good = there ? readFileSync(out) : undefined;
    const filler = this.fill(random.pick([0, 0, pageBytes, 2 * pageBytes]));
    writeFileSync(this.job, JSON.stringify("seed" in job ? { ...job, seed: 2 } : { ...job, x: points.slice(1) }));
    const outcome = await run();
    const faults = judge(outcome);
    const now = existsSync(out) ? readFileSync(out) : undefined;
    if (outcome.code !== 0 && (now === undefined) !== (good === undefined))
      faults.push({
        kind: "lost work",
        what: `${command} --out: ${good ? "the good file is gone" : "a file was left"}`,
      });
    else if (outcome.code !== 0 && good && !good.equals(now!))
      faults.push({ kind: "lost work", what: `${command} --out: the good file was overwritten` });
    if (outcome.code === 0) faults.push(...wholeNpz(out));
    faults.push(...this.leftovers(["out.npz", "filler"]));
    rmSync(filler, { force: true });
    return { counts: { tried: 1, [outcome.code === 0 ? "accepted" : "refused"]: 1 }, faults };
  }

  /** A training run whose checkpoint no longer fits at some step, and that is gone on with when there is room. */
  private async checkpoint(): Promise<Verdict> {
    const checkpoint = join(this.disk, "c.json");
    const write = (steps: number): void =>
      writeFileSync(this.job, JSON.stringify(trainingJob({ steps, checkpoint: { file: checkpoint, every: 0 } })));
    const run = (resume: boolean): ReturnType<typeof runCommand> =>
      runCommand("train", this.job, { backend: "cpu", resume });
    const [first, last] = [3, 8];
    if (this.whole === undefined) {
      write(last);
      this.whole = finalState(checkpoint, (await run(false)).out);
      rmSync(checkpoint);
    }
    write(first);
    await run(false);
    const filler = this.fill(0);
    write(last);
    const stopped = await run(true);
    const faults = judge(stopped);
    let step = 0;
    try {
      step = stepsOf(checkpoint);
    } catch {
      // Half a file has no step.
    }
    if (step < first) faults.push({ kind: "lost work", what: `the checkpoint of step ${first} is gone` });
    faults.push(...this.leftovers(["c.json", "filler"]));
    rmSync(filler, { force: true });
    if (step >= first) {
      const rest = await run(true);
      if (rest.code !== 0) faults.push({ kind: "lost work", what: `cannot go on: ${rest.error.trim()}` });
      else if (finalState(checkpoint, rest.out) !== this.whole)
        faults.push({ kind: "unequal bits", what: `after a disk that was full from step ${step} on` });
    }
    return { counts: { tried: 1, [stopped.code === 0 ? "accepted" : "refused"]: 1 }, faults };
  }

  private leftovers(expected: readonly string[]): Fault[] {
    return readdirSync(this.disk)
      .filter((name) => !expected.includes(name))
      .map((name) => ({ kind: "output", what: `left behind on the full disk: ${name}` }) as const);
  }
}

function wholeNpz(file: string): Fault[] {
  try {
    readNpzFile(file);
    return [];
  } catch (error) {
    return [{ kind: "output", what: `half written: ${(error as Error).message}` }];
  }
}

export const openDisk = async (folder: string): Promise<Runner> => Disk.open(folder);
