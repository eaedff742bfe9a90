/** Files that a command writes: their places are tried before any work, and what goes wrong is one line. */
import { accessSync, closeSync, constants, mkdirSync, openSync, rmSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fail, show } from "../checks.js";
import { exitBadInput, sayError } from "./output.js";
import { freshName, targetOf, writeWhole } from "./write-file.js";

/** What the system says, without its name for the call. */
export const reason = (error: unknown): string => (error as Error).message.replace(/^\w+: /, "").split(", ")[0]!;

const status = (path: string) => statSync(path, { throwIfNoEntry: false });

/** @throws SaltationError `invalid-input` where no system takes it as a file's name. */
export function checkName(field: string, file: string): void {
  if (file.includes("\0")) fail(field, `expected the name of a file, got ${show(file)}, which holds a NUL character`);
}

/** One by one: `mkdirSync` with `recursive` never comes back from places such as /proc/a/b. */
function makeFolder(folder: string): void {
  if (status(folder)) return;
  makeFolder(dirname(folder));
  try {
    mkdirSync(folder);
  } catch (error) {
    // Another process may have been first.
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}

/**
 * Tries whether a file can be written, and makes the folder that it is to lie in.
 * @param field what names the file: an option or a field of a job.
 * @throws SaltationError `invalid-input` where it cannot.
 */
export function checkWritable(field: string, file: string): void {
  if (file.trim() === "") fail(field, "is empty; name a file");
  checkName(field, file);
  try {
    const there = status(file);
    if (there?.isDirectory()) fail(field, `${file} is a folder; name a file`);
    if (there) {
      accessSync(file, constants.W_OK);
      return;
    }
    const target = targetOf(file);
    makeFolder(dirname(target));
    // Beside it: the file itself may be made by another process meanwhile.
    const probe = freshName(target);
    closeSync(openSync(probe, "wx"));
    rmSync(probe);
  } catch (error) {
    cannotWrite(field, file, error);
  }
}

/**
 * Tries the files that a command is asked for, by what names them: each can be written, and overwrites neither another
 * nor what the command reads.
 * @param read files that the command reads.
 * @throws SaltationError `invalid-input`.
 */
export function checkOutputs(
  outputs: Readonly<Record<string, string | undefined>>,
  read: readonly (string | undefined)[],
): void {
  const taken = new Map(read.flatMap((file) => (file ? [[placeOf(file), "a file that the command reads"]] : [])));
  for (const [field, file] of Object.entries(outputs)) {
    if (file === undefined) continue;
    const what = taken.get(placeOf(file));
    if (what) fail(field, `${file} is ${what}; name another file`);
    checkWritable(field, file);
    if (!status(file) || status(file)?.isFile()) taken.set(placeOf(file), `written by ${field} too`);
  }
}

/** The place of a file, whatever name leads there. */
function placeOf(file: string): string {
  try {
    return targetOf(file);
  } catch {
    return resolve(file); // which says why when it is opened
  }
}

/**
 * Writes a file of results, whole or not at all. Where that fails there is a line about it and an exit code, and the
 * command goes on: what it has computed is still to be printed.
 * @returns whether it was written.
 */
export function writeOutput(field: string, file: string, data: string | Uint8Array): boolean {
  try {
    makeFolder(dirname(file));
    writeWhole(file, data);
    return true;
  } catch (error) {
    if (!isSystem(error)) throw error;
    sayError(`${field}: ${notWritten(file, error)}`);
    process.exitCode = exitBadInput;
    return false;
  }
}

const isSystem = (error: unknown): error is Error => error instanceof Error && "syscall" in error;

/** What is said of a file that the system did not let be written. */
export const notWritten = (file: string, error: Error): string =>
  `cannot write ${file}: ${reason(error)}; name a place where files can be written`;

function cannotWrite(field: string, file: string, error: unknown): never {
  if (isSystem(error)) fail(field, notWritten(file, error));
  throw error;
}
