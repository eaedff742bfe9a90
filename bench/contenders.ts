/** Who does the work of a row of the table of peers: processes that wait for their turns, and ours in this one. */
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";

export const scripts = "bench/peers";

export type MeanAndError = [mean: number, error: number];

/** What a contender gives of a solve, to be compared. */
export interface Solved {
  version?: string;
  means?: MeanAndError[];
  gradient?: MeanAndError;
  /** The first spikes of the first paths. */
  times?: number[][];
  /** Spikes in all. */
  count?: number;
  values?: number[];
}

export interface Turn {
  seconds: number;
  /** Of all its threads; null where it is not known. */
  processor: number | null;
}

/** Someone who does the work of a row. */
export interface Contender {
  readonly name: string;
  /** Solves for the first time. @returns why it cannot, in words, where it is not here. */
  start(): Promise<Solved | string>;
  turn(): Promise<Turn>;
  /** What its solve is compared with, where that is not ours of the row. */
  reference?(): Promise<Solved>;
  stop(): void;
}

/** A row of the table: work, whoever does it, and what tells that it is the same. */
export interface Row {
  readonly work: string;
  readonly contenders: Contender[];
  /** @returns what is wrong with a peer's solve, in words. */
  differs(ours: Solved, theirs: Solved): string | undefined;
}

/** A process that speaks as bench/peers/peer.py says. */
export class Peer implements Contender {
  private child: ChildProcess | undefined;
  private readonly lines: string[] = [];
  private waiting: ((line: string | undefined) => void) | undefined;

  constructor(
    readonly name: string,
    private readonly command: string,
    private readonly args: readonly string[],
  ) {}

  private next(): Promise<string | undefined> {
    const line = this.lines.shift();
    if (line !== undefined) return Promise.resolve(line);
    if (!this.child || this.child.exitCode !== null) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      this.waiting = resolve;
    });
  }

  private give(line: string | undefined): void {
    const { waiting } = this;
    this.waiting = undefined;
    if (waiting) waiting(line);
    else if (line !== undefined) this.lines.push(line);
  }

  async start(): Promise<Solved | string> {
    let complaint = "";
    this.child = spawn(this.command, this.args, { stdio: ["pipe", "pipe", "pipe"] });
    this.child.on("error", (error) => {
      complaint = error.message;
      this.give(undefined);
    });
    this.child.stderr!.on("data", (text) => {
      complaint = `${complaint}${text}`.slice(-300);
    });
    createInterface({ input: this.child.stdout! })
      .on("line", (line) => this.give(line))
      .on("close", () => this.give(undefined));
    const line = await this.next();
    if (line === undefined) return `it ended: ${complaint.trim().split("\n").at(-1)}`;
    const said = JSON.parse(line) as Solved & { absent?: string };
    return said.absent ?? said;
  }

  async turn(): Promise<Turn> {
    this.child!.stdin!.write("\n");
    const line = await this.next();
    if (line === undefined) throw new Error(`${this.name} ended in the middle of the rounds`);
    return JSON.parse(line) as Turn;
  }

  stop(): void {
    this.child?.kill();
  }
}

/** Ours, in this process. */
export class Ours implements Contender {
  constructor(
    readonly name: string,
    private readonly solve: () => Promise<Solved>,
    private readonly act: () => Promise<unknown> = solve,
    /** Whether it solves the very problem that others are compared with; else it is compared too. */
    readonly same = true,
  ) {}

  start(): Promise<Solved> {
    return this.solve();
  }

  async turn(): Promise<Turn> {
    const [used, began] = [process.cpuUsage(), performance.now()];
    await this.act();
    const seconds = (performance.now() - began) / 1000;
    const { user, system } = process.cpuUsage(used);
    return { seconds, processor: (user + system) / 1e6 };
  }

  stop(): void {}
}

/** Debian's is /usr/bin/python3, which may not be the first of the path. */
export const interpreter = process.env.PYTHON ?? "python3";

export const python = (name: string, script: string, ...args: (string | number)[]): Peer =>
  new Peer(name, interpreter, [join(scripts, script), ...args.map(String)]);

export interface Measured {
  name: string;
  version?: string | undefined;
  seconds?: number;
  processor?: number | null;
  /** Why it was not timed. */
  word?: string;
}

/** Starts who is there, checks what it solved, and has all take turns. */
export async function measured({ contenders, differs: wrong }: Row, rounds: number): Promise<Measured[]> {
  let ours: Solved | undefined;
  const rows: Measured[] = [];
  const taking: { contender: Contender; row: Measured; turns: Turn[] }[] = [];
  try {
    for (const contender of contenders) {
      const solved = await contender.start();
      const row: Measured = { name: contender.name };
      rows.push(row);
      if (typeof solved === "string") {
        row.word = `not here: ${solved}`;
        continue;
      }
      row.version = solved.version;
      const reference = (await contender.reference?.()) ?? ours;
      const word =
        reference === undefined || (contender instanceof Ours && contender.same) ? undefined : wrong(reference, solved);
      ours ??= solved;
      if (word) row.word = `not the same: ${word}`;
      else taking.push({ contender, row, turns: [] });
    }
    for (let round = -1; round < rounds; round++) {
      for (const { contender, turns } of taking) {
        const turn = await contender.turn();
        if (round >= 0) turns.push(turn);
      }
    }
  } finally {
    for (const contender of contenders) contender.stop();
  }
  for (const { row, turns } of taking) {
    row.seconds = Math.min(...turns.map((t) => t.seconds));
    const used = turns.map((t) => t.processor).filter((p) => p !== null);
    row.processor = used.length > 0 ? Math.min(...used) : null;
  }
  return rows;
}
