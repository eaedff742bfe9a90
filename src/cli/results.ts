/** The results that a folder of shards has, and what is missing. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { SaltationError } from "../errors.js";
import { readNamed } from "./read-file.js";
import { readResult, resultName, type ShardResult, type Split } from "./shard-files.js";

export interface Found {
  readonly results: ReadonlyMap<string, ShardResult>;
  /** What is said of files that are there and are no result, by shard. */
  readonly refused: ReadonlyMap<string, SaltationError>;
}

/** @param wanted which of the shards, by name. */
export function foundResults(folder: string, split: Split, wanted: (name: string) => boolean = () => true): Found {
  const results = new Map<string, ShardResult>();
  const refused = new Map<string, SaltationError>();
  for (const { name } of split.shards) {
    const path = join(folder, resultName(name));
    if (!wanted(name) || !existsSync(path)) continue;
    try {
      results.set(name, readResult(path, readNamed("result", path), split, name));
    } catch (error) {
      if (!(error instanceof SaltationError)) throw error;
      refused.set(name, error);
    }
  }
  return { results, refused };
}

/** A word as a shell takes it. */
export const shellWord = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;

/** The command that makes a result. */
export const runCommandOf = (folder: string, name: string): string =>
  `saltation run ${shellWord(join(folder, `${name}.json`))}`;
