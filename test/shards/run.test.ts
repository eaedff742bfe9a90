/** Several shards in one process, and in tasks of Slurm: what fails, or is there already, leaves the others as they are. */
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { engineFiles } from "../../src/cli/engine-files.js";
import { runCommand } from "../../src/cli/run.js";
import { splitCommand } from "../../src/cli/split.js";

let folder: string;
let said = "";
const at = (name: string): string => join(folder, name);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "saltation-run-"));
  said = "";
  vi.spyOn(process.stdout, "write").mockImplementation(() => true);
  vi.spyOn(process.stderr, "write").mockImplementation((text) => {
    said += text;
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = 0;
  rmSync(folder, { recursive: true, force: true });
});

// A path ends at once where its start is below a bound, one in 600: with this seed one of the second 256.
const cell = {
  name: "brittle",
  state: { v: "sqrt(6.4 + r)", r: "0" },
  event: "v - 9",
  start: { v: "0", r: "log(u)" },
  reset: { v: "0" },
  parameters: {},
};
const job = { network: { cell }, time: { t1: 0.02, dt: 0.01 }, paths: 768, seed: 1, discretisation: false };
const sound = { network: { cell: { ...cell, start: { v: "0", r: "0" } } } };

async function split(more: object = {}, options: object = {}): Promise<string[]> {
  writeFileSync(at("job.json"), JSON.stringify({ ...job, ...more }));
  const all = { shards: "3", backend: "cpu", out: at("cut"), discretisation: true, ...options };
  await splitCommand(at("job.json"), all);
  return [1, 2, 3].map((n) => at(`cut/shard-000${n}.json`));
}

const resultOf = (n: number): string => readFileSync(at(`cut/result-shard-000${n}.json`), "utf8");

it("goes on after a shard that fails, says its line, and ends with its exit code", async () => {
  const shards = await split();
  await runCommand(shards, {} as never);
  expect(process.exitCode).toBe(1);
  expect(said.trim().split("\n")).toHaveLength(1);
  expect(said).toMatch(/shard-0002: the state became/);
  expect([1, 2, 3].map((n) => /"failed"/.test(resultOf(n)))).toEqual([false, true, false]);
});

it("with --missing runs what has no good result", async () => {
  const shards = await split(sound);
  await runCommand(shards, {} as never);
  expect(process.exitCode ?? 0).toBe(0);
  const before = [1, 3].map((n) => statSync(at(`cut/result-shard-000${n}.json`)).ino);
  const second = resultOf(2);
  writeFileSync(at("cut/result-shard-0002.json"), second.slice(0, 100));
  await runCommand(shards, { missing: true } as never);
  expect([1, 3].map((n) => statSync(at(`cut/result-shard-000${n}.json`)).ino)).toEqual(before);
  const withoutSeconds = (text: string): unknown => ({ ...JSON.parse(text), seconds: 0, checksum: "" });
  expect(withoutSeconds(resultOf(2))).toEqual(withoutSeconds(second));
});

it("gives each task of Slurm its shards, and tries a killed one again with what is missing", async () => {
  await split(sound, { engine: "slurm", perTask: "2" });
  // sbatch that does an array's tasks at once, one after the other, as /bin/sh has it.
  writeFileSync(
    at("sbatch"),
    `#!/bin/bash
for a in "$@"; do case "$a" in --array=*) last="\${a#--array=1-}";; --wrap=*) what="\${a#--wrap=}";; esac; done
for n in $(seq \${last:-1}); do SLURM_ARRAY_TASK_ID=$n sh -c "$what" || echo "failed $n" >> "${at("log")}"; done
echo 7
`,
  );
  // A command that is killed at its first run.
  writeFileSync(
    at("saltation"),
    `#!/bin/sh\necho "$@" >> "${at("log")}"\n[ -e "${at("log")}.2" ] || { touch "${at("log")}.2"; kill -9 $$; }\n`,
  );
  for (const name of ["sbatch", "saltation"]) chmodSync(at(name), 0o755);
  const env = { ...process.env, PATH: `${folder}:${process.env.PATH}`, SALTATION: at("saltation") };
  const { stdout, stderr } = spawnSync("bash", [at("cut/slurm.sh")], { encoding: "utf8", env });
  expect(stdout, stderr).toBe("7\n");
  expect(readFileSync(at("log"), "utf8").split("\n")).toEqual([
    "run --missing shard-0001.json shard-0002.json",
    "run --missing shard-0001.json shard-0002.json",
    "run --missing shard-0003.json",
    "merge . --json",
    "",
  ]);
  expect(existsSync(at("cut/result.json"))).toBe(true);
});

it("refuses more tasks than Slurm takes, with the number of shards of a task that mends it", async () => {
  const many = Array.from({ length: 1200 }, (_, n) => ({ name: `shard-${n + 1}`, tasks: [] }));
  expect(() => engineFiles("slurm", "cut", many, 1)).toThrow(/^--shards: is 1200 by 1 a task, .*--per-task 2$/);
  expect(engineFiles("slurm", "cut", many, 2)[0]!.text).toContain("--array=1-600 ");
  await expect(split({}, { perTask: "2" })).rejects.toThrow(/^--per-task: goes with --engine slurm; .*xargs -n$/);
});
