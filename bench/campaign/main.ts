/**
 * `npm run campaign`: tries to break the program with what strangers may give it, and counts what it does.
 * docs/reliability.md says what each kind tries and what counts as a fault.
 */
import { execFileSync } from "node:child_process";
import cliProgress from "cli-progress";
import Table from "cli-table3";
import { Command, Option } from "commander";
import type { Fault } from "./faults.js";
import { type KindName, kindNames, kinds, type Size } from "./kinds.js";
import { runPool } from "./pool.js";
import { type CampaignResult, type KindResult, writeReport } from "./report.js";

interface CampaignOptions {
  size: Size;
  seed: string;
  only?: string;
  items?: string;
  write?: boolean;
}

interface Found extends Fault {
  readonly command: string;
}

const again = (kind: KindName, seed: number, item: number): string =>
  `npm run campaign -- ${kind} --seed ${seed} --only ${item}`;

async function runKind(name: KindName, options: CampaignOptions): Promise<KindResult & { found: Found[] }> {
  const kind = kinds[name];
  const seed = Number(options.seed);
  const count = options.items === undefined ? kind.items[options.size] : Number(options.items);
  const items =
    options.only === undefined ? Array.from({ length: count }, (_, i) => i) : options.only.split(",").map(Number);
  const bar = new cliProgress.SingleBar(
    {
      format: `${name.padEnd(8)} {bar} {percentage}% | {value}/{total} | {eta_formatted} left | faults: {faults}`,
      stream: process.stderr,
      hideCursor: true,
      clearOnComplete: true,
    },
    cliProgress.Presets.shades_classic,
  );
  const counts: Record<string, number> = {};
  const found: Found[] = [];
  bar.start(items.length, 0, { faults: 0 });
  const began = performance.now();
  let done = 0;
  const adapter = await runPool({
    kind: name,
    seed,
    items,
    workers: kind.workers,
    watchdog: kind.watchdog,
    onVerdict(item, verdict) {
      for (const [what, n] of Object.entries(verdict.counts)) counts[what] = (counts[what] ?? 0) + n;
      for (const fault of verdict.faults) {
        found.push({ ...fault, command: again(name, seed, item) });
        process.stderr.write(`\n${fault.kind}: ${fault.what}\n  ${again(name, seed, item)}\n`);
      }
      bar.update(++done, { faults: found.length });
    },
  }).finally(() => bar.stop());
  const seconds = Math.round((performance.now() - began) / 100) / 10;
  return { what: kind.what, seconds, counts, faults: byKind(found), found, ...(adapter ? { adapter } : {}) };
}

function byKind(found: readonly Fault[]): Record<string, number> {
  const faults: Record<string, number> = {};
  for (const { kind } of found) faults[kind] = (faults[kind] ?? 0) + 1;
  return faults;
}

const commit = (): string => {
  try {
    return execFileSync("git", ["rev-parse", "--short", "HEAD"], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
  } catch {
    return "unknown";
  }
};

const sum = (counts: Readonly<Record<string, number>>): number => Object.values(counts).reduce((a, b) => a + b, 0);

async function campaign(names: KindName[], options: CampaignOptions): Promise<void> {
  const results: Record<string, KindResult> = {};
  const table = new Table({
    head: ["", "tried", "accepted", "refused", "faults", "seconds"],
    style: { head: [], border: [] },
  });
  let found: Found[] = [];
  for (const name of names.length > 0 ? names : kindNames) {
    const { found: these, ...result } = await runKind(name, options);
    results[name] = result;
    found = [...found, ...these];
    const { tried = 0, accepted = 0, refused = 0 } = result.counts;
    table.push([name, tried, accepted, refused, sum(result.faults), result.seconds]);
    const { tried: _, accepted: _a, refused: _r, ...others } = result.counts;
    if (Object.keys(others).length > 0)
      process.stdout.write(
        `${name}: ${Object.entries(others)
          .map(([what, n]) => `${n} ${what}`)
          .join(", ")}\n`,
      );
  }
  process.stdout.write(`${table.toString()}\n`);
  const adapter = Object.values(results).find((r) => r.adapter)?.adapter;
  const report: CampaignResult = {
    date: new Date().toISOString().slice(0, 10),
    commit: commit(),
    node: process.version,
    adapter: adapter ?? "none",
    seed: Number(options.seed),
    size: options.size,
    kinds: results,
  };
  if (options.write) writeReport(report);
  for (const { kind, what, command } of found) process.stdout.write(`${kind}: ${what}\n  ${command}\n`);
  process.stdout.write(found.length === 0 ? "no faults\n" : `${found.length} faults\n`);
  if (found.length > 0) process.exitCode = 1;
}

await new Command("campaign")
  .description("Tries to break the program with what strangers may give it.")
  .argument("[kind...]", `${kindNames.join(", ")}; all where none is named`)
  .addOption(new Option("--size <size>", "how much is tried").choices(["full", "ci", "tiny"]).default("full"))
  .option("--seed <seed>", "whole number that all choices follow from", "1")
  .option("--only <items>", "these items of a kind, by number")
  .option("--items <count>", "so many items of each kind")
  .option("--write", "write bench/results/campaign.json and the table of docs/reliability.md")
  .action(async (names: string[], options: CampaignOptions) => {
    const unknown = names.find((n) => !kindNames.includes(n as KindName));
    if (unknown !== undefined) throw new Error(`no such kind: ${unknown}; known: ${kindNames.join(", ")}`);
    await campaign(names as KindName[], options);
  })
  .parseAsync();
