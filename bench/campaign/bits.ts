/**
 * Fingerprints of what jobs made by chance give, a line each: on the CPU, and on WebGPU with the work distributed by paths
 * and by workgroups. Two of these lists, of two states of the program, tell where bits have changed.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { EngineNetwork } from "../../src/engine.js";
import type { Distribution } from "../../src/plan/plan.js";
import { affordable, type FuzzedJob, fuzzedJob } from "./jobs.js";
import { readNpzFile } from "./npz-file.js";
import { type CommandName, refusal, runCommand, SharedDevice, withEngines } from "./run-command.js";
import { seedJobs } from "./seeds.js";

/** What differs from run to run. */
const clock = /second|milli|duration|adapter|file|out$|saved|figure/i;

/** What is said of numbers: new words are no other numbers. */
const words = new Set(["warnings", "unbiased", "terms", "because", "discretisation"]);

const withoutClock = (text: string): string =>
  JSON.stringify(JSON.parse(text), (key, value) => (clock.test(key) || words.has(key) ? undefined : value));

/** Fingerprints of one job, a line each; none where it is refused or large. */
async function lines(
  { command, text }: FuzzedJob,
  name: string,
  folder: string,
  device: SharedDevice,
): Promise<string[]> {
  const file = join(folder, "job.json");
  writeFileSync(file, text);
  const out = command === "simulate" || command === "signature" || command === "kernel" ? join(folder, "o.npz") : "";
  const named = out ? { out } : {};
  if (await refusal(command, file, { backend: "cpu", ...named })) return [];
  const job = affordable(command, JSON.parse(text) as Record<string, unknown>);
  if (!job) return [];
  const ways: ["cpu" | "webgpu", Distribution][] = [
    ["cpu", "auto"],
    ["webgpu", "invocation"],
    ...(job.network ? [["webgpu", "workgroup"] as ["webgpu", Distribution]] : []),
  ];
  const found: string[] = [];
  for (const [backend, distribution] of ways) {
    writeFileSync(file, JSON.stringify(job));
    rmSync(out, { force: true });
    const { plan } = EngineNetwork.prototype;
    EngineNetwork.prototype.plan = function (options) {
      return plan.call(this, { ...options, distribution });
    };
    const outcome = await withEngines(device.create, () =>
      runCommand(command, file, { backend, discretisation: false, ...named }),
    );
    EngineNetwork.prototype.plan = plan;
    const hash = createHash("sha256").update(String(outcome.code));
    if (outcome.code === 0) hash.update(withoutClock(outcome.out));
    // Array by array: the archive around them has the time at which it was written.
    if (existsSync(out)) {
      for (const [key, { shape, data }] of Object.entries(readNpzFile(out))) {
        hash.update(`${key} ${shape}`).update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
      }
    }
    found.push(`${name} ${command} ${backend} ${distribution} ${outcome.code} ${hash.digest("hex").slice(0, 16)}`);
  }
  return found;
}

const program = new Command("bits")
  .description("Fingerprints of what jobs by chance give, to be compared with those of another state of the program.")
  .argument("<file>", "where they are written")
  .option("--seed <seed>", "whole number that all choices follow from", "1")
  .option("--items <count>", "how many jobs are made by chance", "400")
  .action(async (file: string, options: { seed: string; items: string }) => {
    const folder = mkdtempSync(join(tmpdir(), "bits-"));
    const device = new SharedDevice();
    const all: string[] = [];
    for (const [n, seed] of seedJobs.entries()) {
      const job: FuzzedJob = { command: seed.command as CommandName, text: JSON.stringify(seed.job) };
      all.push(...(await lines(job, `seed-job-${n}`, folder, device)));
    }
    for (let item = 0; item < Number(options.items); item++) {
      all.push(...(await lines(fuzzedJob(Number(options.seed), item), `item-${item}`, folder, device)));
    }
    writeFileSync(file, `${all.join("\n")}\n`);
    device.dispose();
    rmSync(folder, { recursive: true, force: true });
    console.log(`${all.length} fingerprints in ${file}`);
  });

await program.parseAsync();
