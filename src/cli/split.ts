/** `saltation split job.json`: shards as files, for whatever runs commands. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fail } from "../checks.js";
import { inWords, roundOf, rounds } from "../shards/rounds.js";
import { type Engine, engineFiles } from "./engine-files.js";
import { makeSplit, type SplitOptions } from "./make-split.js";
import { wholeOption } from "./options.js";
import { print, printJson } from "./output.js";
import { checkWritable } from "./output-files.js";
import { shellWord } from "./results.js";
import { keptPath, readSplit, shardText, splitFile } from "./shard-files.js";
import { writeWhole } from "./write-file.js";

export interface SplitCommandOptions extends SplitOptions {
  readonly out: string;
  readonly engine?: Engine;
  readonly perTask?: string;
  readonly json?: boolean;
}

/** @throws SaltationError where a folder holds something else. */
function checkFolder(folder: string, digest: string, shards: number): void {
  if (!existsSync(folder) || readdirSync(folder).length === 0) return;
  if (!existsSync(join(folder, splitFile))) fail("--out", `${folder} holds other files; name a new folder`);
  const there = readSplit(folder);
  const names = there.shards.filter((s) => s.name.startsWith("shard")).length;
  if (there.digest !== digest || names !== shards) {
    fail(
      "--out",
      `${folder} holds ${there.digest === digest ? `this job in ${names} shards` : "another job"}; name a new folder`,
    );
  }
}

export async function splitCommand(file: string, options: SplitCommandOptions): Promise<void> {
  const perTask = options.perTask === undefined ? undefined : wholeOption("--per-task", options.perTask, 1, 1000);
  if (perTask !== undefined && options.engine !== "slurm") {
    fail(
      "--per-task",
      "goes with --engine slurm; elsewhere give saltation run as many shards as it is to take, as by xargs -n",
    );
  }
  const { split, files } = await makeSplit(file, options);
  const folder = options.out;
  const main = split.shards.filter((s) => s.name.startsWith("shard"));
  checkFolder(folder, split.digest, main.length);
  const made = options.engine ? engineFiles(options.engine, folder, split.shards, perTask) : [];
  checkWritable("--out", join(folder, splitFile));
  for (const [digest, bytes] of files) {
    checkWritable("--out", keptPath(folder, digest));
    writeWhole(keptPath(folder, digest), bytes);
  }
  for (const shard of split.shards) writeWhole(join(folder, `${shard.name}.json`), shardText(split, shard));
  for (const { name, text } of made) writeWhole(join(folder, name), text);
  // Last: a folder with it is whole.
  writeWhole(join(folder, splitFile), `${JSON.stringify(split)}\n`);
  const before = rounds.flatMap((round) => {
    const count = split.shards.filter((s) => roundOf(s.name) === round).length;
    return count > 0 ? [{ round, count }] : [];
  });
  if (options.json) {
    printJson({
      digest: split.digest,
      points: split.points?.length ?? 1,
      shards: main.length,
      before: Object.fromEntries(before.map(({ round, count }) => [round, count])),
      files: made.map(({ name }) => join(folder, name)),
    });
    return;
  }
  const sweep = split.points ? `${split.points.length} points in ` : "";
  const first = before.map(({ round, count }) => `${count} that take ${inWords[round]}`).join(" and ");
  print(`${sweep}${main.length} shards in ${folder}${first ? `, after ${first}` : ""}`);
  for (const { name, hint } of made) print(`${join(folder, name)}: ${hint}`);
  if (made.length === 0) {
    const word = shellWord(folder);
    // Several share the start of a process.
    const each = Math.min(4, Math.ceil(main.length / 2));
    const by = (kind: string): string => `ls ${word}/${kind}-*.json | xargs -P 2 -n ${each} saltation run`;
    const all = [...before.map(({ round }) => round), "shard"].map(by);
    print(`run them anywhere, say: ${all.join(" && ")} && saltation merge ${word}`);
  }
}
