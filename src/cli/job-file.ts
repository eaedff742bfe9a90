/** Reads the job file of a command, and the files that it names. */
import { dirname, resolve } from "node:path";
import { fail } from "../checks.js";
import { readJson } from "../files/read-json.js";
import { type FileContext, recordingName } from "../job/recording.js";
import { confined, readGiven, readNamed } from "./read-file.js";

/** What the command line says of files. */
export interface FileOptions {
  /** The file that the job calls `@recording`. */
  readonly recording?: string;
  /** The folder that files named by the job must lie in. */
  readonly root?: string;
}

/**
 * @param path "-" is standard input.
 * @throws SaltationError `invalid-input` where the file is missing or is not JSON, or has no use for the recording.
 */
export function readJobFile(path: string, { recording, root }: FileOptions = {}): unknown {
  if (path === "") fail("job file", 'is named ""; name a file');
  if (root !== undefined) confined("--root", root, root);
  const bytes = readGiven("job file", path);
  if (bytes.length === 0) fail("job file", `${path} is empty; a job is one JSON object`);
  let job: unknown;
  let text: string;
  try {
    ({ value: job, text } = readJson(bytes));
  } catch (error) {
    return fail("job file", `${path} ${(error as Error).message}`);
  }
  if (recording !== undefined && !text.includes(`"${recordingName}"`)) {
    fail("--recording", `is given, but the job has no "file": "${recordingName}"; leave it out`);
  }
  return job;
}

/** The files that a job names, and what was read of them. */
export interface JobFiles extends FileContext {
  /** The files that were opened so far. */
  readonly opened: readonly string[];
}

/** Files named in a job are found from its folder; `@recording` is what the command line gives. */
export function filesBeside(jobFile: string, { recording, root }: FileOptions = {}): JobFiles {
  const opened: string[] = [];
  let given: Uint8Array | undefined;
  return {
    opened,
    open(field, file) {
      if (file === recordingName) {
        if (!recording) fail(field, `is "${recordingName}": name the file with --recording FILE`);
        // Once: it may be a pipe.
        given ??= readGiven(field, recording);
        return { path: recording, bytes: given };
      }
      const path = resolve(dirname(jobFile), file);
      const bytes = readNamed(field, path, root);
      opened.push(path);
      return { path, bytes };
    },
  };
}
