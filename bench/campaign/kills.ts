/** Training runs, each killed at random moments until it ends: the bits must be those of a run that nobody stopped. */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Fault, judge, type Outcome, type Verdict } from "./faults.js";
import type { Runner } from "./kinds.js";
import { readNpzFile } from "./npz-file.js";
import { Random } from "./random.js";
import { finalState, stepsOf, trainingJob, trainingLosses } from "./training.js";

const program = fileURLToPath(new URL("../../../bin/saltation.js", import.meta.url));

/** Kills of one run, and starts at most: one that ends before its kill is begun anew. */
const killsOfARun = 4;
const mostStarts = 16;

interface Ended extends Outcome {
  readonly signal: NodeJS.Signals | null;
  /** Milliseconds that it lived. */
  readonly lived: number;
}

/** Runs the command, and kills it after some time. */
function run(args: readonly string[], kill?: { signal: NodeJS.Signals; after: number }): Promise<Ended> {
  const began = performance.now();
  const child = spawn(process.execPath, [program, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  let [out, error] = ["", ""];
  child.stdout.on("data", (data) => (out += data));
  child.stderr.on("data", (data) => (error += data));
  const timer = kill && setTimeout(() => child.kill(kill.signal), kill.after);
  return new Promise((resolve) =>
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      resolve({ code: code ?? -1, signal, out, error, lived: performance.now() - began });
    }),
  );
}

/** How a run without kills ends, and how long it takes. */
interface Whole {
  readonly state: string;
  readonly milliseconds: number;
}

class Kills implements Runner {
  private readonly wholes = new Map<string, Promise<Whole>>();

  constructor(private readonly folder: string) {}

  async run(seed: number, item: number): Promise<Verdict> {
    const random = new Random(seed, item);
    const backend = random.chance(0.3) ? "webgpu" : "cpu";
    const loss = random.pick(trainingLosses);
    const every = random.pick([0, 0, 0.05]);
    const name = `${backend}-${loss.kind}`;
    const job = trainingJob({ loss, steps: backend === "cpu" ? 150 : 100 });
    const whole = await (this.wholes.get(name) ?? this.wholes.set(name, this.whole(name, job, backend)).get(name)!);

    const folder = mkdtempSync(join(this.folder, "run-"));
    const [file, checkpoint, out, save] = ["job.json", "c.json", "out.npz", "trained.json"].map((n) => join(folder, n));
    const args = ["train", file!, "--json", "--backend", backend, "--out", out!, "--save", save!];
    writeFileSync(file!, JSON.stringify({ ...job, checkpoint: { file: checkpoint, every } }));
    const faults: Fault[] = [];
    let kills = 0;
    let ended: Ended | undefined;
    for (let start = 0; start < mostStarts; start++) {
      const signal = random.pick(["SIGKILL", "SIGKILL", "SIGTERM", "SIGINT"] as const);
      const kill = kills < killsOfARun ? { signal, after: random.between(0, whole.milliseconds) } : undefined;
      const before = stepsOf(checkpoint!);
      ended = await run(existsSync(checkpoint!) ? [...args, "--resume"] : args, kill);
      const stopped = ended.signal !== null || ended.code === 130 || ended.code === 143;
      if (stopped) kills++;
      faults.push(...this.leftByStop(ended, stopped, before, checkpoint!, out!, save!));
      if (faults.length > 0) break;
      if (stopped) continue;
      if (finalState(checkpoint!, ended.out) !== whole.state)
        faults.push({ kind: "unequal bits", what: `${name}, after ${kills} kills` });
      if (kills >= killsOfARun || faults.length > 0) break;
      // It ended before its time: another run of the same job.
      for (const f of [checkpoint, out, save]) rmSync(f!, { force: true });
    }
    rmSync(folder, { recursive: true, force: true });
    return { counts: { tried: kills, "runs to the end": 1 }, faults };
  }

  private async whole(name: string, job: object, backend: string): Promise<Whole> {
    const [file, checkpoint] = [join(this.folder, `${name}.json`), join(this.folder, `${name}.checkpoint.json`)];
    writeFileSync(file, JSON.stringify({ ...job, checkpoint: { file: checkpoint, every: 0 } }));
    const ended = await run(["train", file, "--json", "--backend", backend]);
    if (ended.code !== 0) throw new Error(`a run that nobody stopped ended with ${ended.code}: ${ended.error}`);
    return { state: finalState(checkpoint, ended.out), milliseconds: ended.lived };
  }

  private leftByStop(
    ended: Ended,
    stopped: boolean,
    before: number,
    checkpoint: string,
    out: string,
    save: string,
  ): Fault[] {
    const { code, error, signal } = ended;
    const at = signal ?? `exit code ${code}`;
    const faults: Fault[] = [];
    // A signal that comes before the program listens ends it as it ends any other.
    if (!stopped) faults.push(...judge(ended));
    else if (signal === null && !/^(saltation: [^\n]+\n)+$/.test(error))
      faults.push({ kind: "message", what: `${at} said ${JSON.stringify(error)}` });
    if (/internal error|\n\s+at .+:\d+:\d+/.test(error))
      faults.push({ kind: "stack trace", what: error.slice(0, 300) });
    try {
      if (stepsOf(checkpoint) < before) faults.push({ kind: "lost work", what: `${at}: the checkpoint went back` });
    } catch (e) {
      faults.push({ kind: "lost work", what: `${at}: the checkpoint cannot be read: ${(e as Error).message}` });
    }
    try {
      if (existsSync(out)) readNpzFile(out);
      if (existsSync(save)) JSON.parse(readFileSync(save, "utf8"));
    } catch (e) {
      faults.push({ kind: "output", what: `${at}: an output is half written: ${(e as Error).message}` });
    }
    return faults;
  }
}

export const openKills = async (folder: string): Promise<Runner> => new Kills(folder);
