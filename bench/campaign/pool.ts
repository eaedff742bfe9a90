/**
 * Items of a kind, shared out among processes. One that ends, or does not answer within the watchdog's time, is a fault of
 * the item that it ran, and another process takes its place.
 */
import { type ChildProcess, fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Fault, Verdict } from "./faults.js";
import type { KindName } from "./kinds.js";
import { processorSeconds } from "./processor-time.js";

export interface PoolOptions {
  readonly kind: KindName;
  readonly seed: number;
  readonly items: readonly number[];
  readonly workers: number;
  /** Seconds of an idle machine. */
  readonly watchdog: number;
  onVerdict(item: number, verdict: Verdict): void;
}

interface Answer {
  readonly item: number;
  readonly verdict: Verdict;
  readonly adapter?: string;
}

const program = fileURLToPath(new URL("./worker.js", import.meta.url));

/** A process that took a smaller part than this of a watchdog's time waits for something that does not come. */
const idle = 0.05;

/** Watchdog's times that a loaded machine is given at most. */
const mostLooks = 10;

/** What is kept of a process's last words. */
const lastWords = 1500;

/** @returns the adapter that the items ran on, where one was opened. */
export async function runPool(options: PoolOptions): Promise<string | undefined> {
  const waiting = [...options.items].reverse();
  let adapter: string | undefined;
  const work = async (): Promise<void> => {
    while (waiting.length > 0) adapter = (await serve(options, waiting)) ?? adapter;
  };
  await Promise.all(Array.from({ length: Math.min(options.workers, waiting.length) }, work));
  return adapter;
}

/** One process, until it fails or nothing waits. */
async function serve({ kind, seed, watchdog, onVerdict }: PoolOptions, waiting: number[]): Promise<string | undefined> {
  const folder = mkdtempSync(join(tmpdir(), `saltation-campaign-${kind}-`));
  const child = fork(program, [kind, folder], {
    detached: true, // a group of its own, which ends with all that it started
    stdio: ["ignore", "ignore", "pipe", "ipc"],
    execArgv: ["--expose-gc", "--max-old-space-size=3000"],
    env: plain(),
  });
  const stop = (): void => endGroup(child);
  process.on("exit", stop);
  let words = "";
  child.stderr!.on("data", (data) => (words = `${words}${data}`.slice(-lastWords)));
  let adapter: string | undefined;
  try {
    for (let item = waiting.pop(); item !== undefined; item = waiting.pop()) {
      const answer = await ask(child, seed, item, watchdog);
      if ("verdict" in answer) {
        adapter = answer.adapter ?? adapter;
        onVerdict(item, answer.verdict);
        continue;
      }
      const fault = answer.kind === "crash" ? { ...answer, what: `${answer.what}: ${words.trim()}` } : answer;
      onVerdict(item, { counts: { tried: 1 }, faults: [fault] });
      return adapter;
    }
    const closed = new Promise((resolve) => child.once("exit", resolve));
    child.disconnect();
    await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, 20_000).unref())]);
    return adapter;
  } finally {
    stop();
    process.off("exit", stop);
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

function endGroup(child: ChildProcess): void {
  try {
    process.kill(-child.pid!, "SIGKILL");
  } catch {
    // It is gone.
  }
}

function ask(child: ChildProcess, seed: number, item: number, watchdog: number): Promise<Answer | Fault> {
  return new Promise((resolve) => {
    const done = (answer: Answer | Fault): void => {
      clearTimeout(timer);
      child.off("message", done);
      child.off("exit", onExit);
      resolve(answer);
    };
    const onExit = (code: number | null, signal: string | null): void =>
      done({ kind: "crash", what: `the process ended (${signal ?? `exit code ${code}`})` });
    const began = processorSeconds(child.pid!);
    let last = began;
    let looks = 0;
    // On a loaded machine a watchdog's time on the clock is little work: what counts is the time that processors gave.
    const look = (): void => {
      const now = processorSeconds(child.pid!);
      looks += 1;
      const used = (since: number | undefined): number => (now ?? Number.NaN) - (since ?? Number.NaN);
      if (used(began) < watchdog && used(last) >= idle * watchdog && looks < mostLooks) {
        last = now;
        timer = setTimeout(look, watchdog * 1000);
      } else {
        const given = used(began) >= 0 ? `, of which processors gave ${Math.round(used(began))}` : "";
        done({ kind: "hang", what: `no answer within ${looks * watchdog} s${given}` });
      }
    };
    let timer = setTimeout(look, watchdog * 1000);
    child.on("message", done);
    child.on("exit", onExit);
    if (child.exitCode !== null || child.signalCode !== null) onExit(child.exitCode, child.signalCode);
    else child.send({ seed, item });
  });
}

/** The environment without a wish for colours: messages are looked at as plain text. */
function plain(): NodeJS.ProcessEnv {
  const { FORCE_COLOR: _, ...env } = process.env;
  return { ...env, NO_COLOR: "1" };
}
