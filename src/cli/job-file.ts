/** Reads the job file of a command, and the files that it names. */
import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fail } from "../checks.js";
import { SaltationError } from "../errors.js";
import { type FileContext, recordingName } from "../io/recording.js";

/** @throws SaltationError `invalid-input` where the file is missing or is not JSON. */
export function readJobFile(path: string): unknown {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw new SaltationError("invalid-input", `job file: cannot read ${path}: ${(error as Error).message}`);
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new SaltationError("invalid-input", `job file: ${path} is not JSON: ${(error as Error).message}`);
  }
}

/** Files named in a job are found from its folder; `@recording` is what the command line gives. */
export function filesBeside(jobFile: string, recording?: string): FileContext {
  return {
    open(field, file) {
      if (file === recordingName && !recording)
        fail(field, `is "${recordingName}": name the file with --recording FILE`);
      const path = file === recordingName ? recording! : resolve(dirname(jobFile), file);
      try {
        return { path, bytes: readFileSync(path) };
      } catch (error) {
        return fail(field, `cannot read ${path}: ${(error as Error).message}`);
      }
    },
  };
}
