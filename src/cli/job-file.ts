/** Reads the job file of a command, and the files that it names. */
import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fail } from "../checks.js";
import { type FileContext, recordingName } from "../io/recording.js";
import { checkName, reason } from "./output-files.js";

/** Text with or without a byte order mark; Windows' PowerShell writes UTF-16. */
const textOf = (bytes: Uint8Array): string =>
  new TextDecoder(bytes[0] === 0xff && bytes[1] === 0xfe ? "utf-16le" : "utf-8").decode(bytes);

/**
 * @param path "-" is standard input.
 * @param recording what the command line gives for `@recording`.
 * @throws SaltationError `invalid-input` where the file is missing or is not JSON, or has no use for the recording.
 */
export function readJobFile(path: string, recording?: string): unknown {
  if (path === "") fail("job file", 'is named ""; name a file');
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path === "-" ? 0 : path);
  } catch (error) {
    return fail("job file", `cannot read ${path}: ${reason(error)}`);
  }
  if (bytes.length === 0) fail("job file", `${path} is empty; a job is one JSON object`);
  const text = textOf(bytes);
  let job: unknown;
  try {
    job = JSON.parse(text);
  } catch (error) {
    return fail("job file", `${path} is not JSON: ${(error as Error).message}`);
  }
  if (recording !== undefined && !text.includes(`"${recordingName}"`)) {
    fail("--recording", `is given, but the job has no "file": "${recordingName}"; leave it out`);
  }
  return job;
}

/** Files named in a job are found from its folder; `@recording` is what the command line gives. */
export function filesBeside(jobFile: string, recording?: string): FileContext {
  return {
    open(field, file) {
      if (file === recordingName && !recording)
        fail(field, `is "${recordingName}": name the file with --recording FILE`);
      checkName(field, file);
      const path = file === recordingName ? recording! : resolve(dirname(jobFile), file);
      try {
        return { path, bytes: readFileSync(path) };
      } catch (error) {
        return fail(field, `cannot read ${path}: ${reason(error)}`);
      }
    },
  };
}
