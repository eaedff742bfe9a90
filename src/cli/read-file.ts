/** Reads files: bounded, and of those that a job names regular files only, as devices and pipes may never end. */
import { closeSync, constants, fstatSync, openSync, readSync, realpathSync, statSync } from "node:fs";
import { isAbsolute, relative } from "node:path";
import { fail } from "../checks.js";
import { fileKind } from "../files/file-kind.js";
import { limits, mebibytes } from "../files/limits.js";
import { checkName, reason } from "./output-files.js";
import { targetOf } from "./write-file.js";

const piece = 2 ** 20;

/** Reads at a time so much of an open file, from where it stands. */
function readPiece(handle: number): Buffer {
  const buffer = Buffer.allocUnsafe(piece);
  for (;;) {
    try {
      return buffer.subarray(0, readSync(handle, buffer, 0, piece, null));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "EOF") return buffer.subarray(0, 0); // the end of standard input on Windows
      if (code !== "EAGAIN") throw error;
      // Standard input whose writer is slower.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    }
  }
}

/** @throws Error where a file is longer than what is read of its kind. */
function readBounded(handle: number): Uint8Array {
  const { size } = fstatSync(handle);
  const pieces: Buffer[] = [];
  let length = 0;
  let most: number = limits.json;
  for (;;) {
    const next = readPiece(handle);
    if (next.length === 0) return Buffer.concat(pieces, length);
    if (length === 0) most = mostOf(next);
    length += next.length;
    if (Math.max(length, size) > most) throw new Error(`has more than the ${mebibytes(most)} that are read at most`);
    pieces.push(next);
  }
}

const mostOf = (beginning: Uint8Array): number => {
  const kind = fileKind(beginning);
  return typeof kind === "string" && kind !== "text" ? limits.npz : limits.json;
};

const isSystem = (error: unknown): boolean => error instanceof Error && "syscall" in error;

function told<T>(field: string, path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (isSystem(error)) fail(field, `cannot read ${path}: ${reason(error)}`);
    return fail(field, `${path} ${(error as Error).message}`);
  }
}

/**
 * Reads a file that the user named on the command line: it may be a pipe.
 * @param path "-" is standard input.
 * @throws SaltationError `invalid-input`.
 */
export function readGiven(field: string, path: string): Uint8Array {
  checkName(field, path);
  return told(field, path, () => {
    const handle = path === "-" ? 0 : openSync(path, "r");
    try {
      return readBounded(handle);
    } finally {
      if (handle !== 0) closeSync(handle);
    }
  });
}

/**
 * Reads a file that a job or another file named.
 * @param root the folder that it must lie in.
 * @throws SaltationError `invalid-input` where it is none, too large, or lies elsewhere.
 */
export function readNamed(field: string, path: string, root?: string): Uint8Array {
  checkName(field, path);
  const place = confined(field, path, root);
  return told(field, path, () => {
    // Before it is opened: to open a pipe waits for its writer, and to open a device may do something.
    if (!statSync(place).isFile()) throw new Error(notRegular(statSync(place).isDirectory()));
    // Links were followed where the place was confined; one that is put there meanwhile is not.
    const handle = openSync(
      place,
      constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (root ? (constants.O_NOFOLLOW ?? 0) : 0),
    );
    try {
      const status = fstatSync(handle);
      if (!status.isFile()) throw new Error(notRegular(status.isDirectory()));
      // Files of /proc and /sys say that they are empty, and are made while they are read, or waited for.
      if (status.size === 0 && !isEmpty(handle)) throw new Error(notRegular(false));
      return readBounded(handle);
    } finally {
      closeSync(handle);
    }
  });
}

/** Whether there is nothing to read, now and without waiting. */
function isEmpty(handle: number): boolean {
  try {
    return readSync(handle, Buffer.alloc(1), 0, 1, null) === 0;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EAGAIN") return false;
    throw error;
  }
}

const notRegular = (folder: boolean): string =>
  folder ? "is a folder; name a file" : "is no regular file (a device, a pipe, or made by the system); name a file";

/**
 * Where a path that a job names leads, links followed.
 * @throws SaltationError `invalid-input` where it lies outside the root.
 */
export function confined(field: string, path: string, root: string | undefined): string {
  if (root === undefined) return path;
  const place = told(field, path, () => targetOf(path));
  const way = relative(realRoot(root), place);
  if (way === ".." || way.startsWith("../") || way.startsWith("..\\") || isAbsolute(way)) {
    fail(field, `${path} leads out of ${root}, which --root confines the job's files to`);
  }
  return place;
}

function realRoot(root: string): string {
  try {
    if (statSync(root).isDirectory()) return realpathSync(root);
  } catch (error) {
    fail("--root", `cannot read ${root}: ${reason(error)}`);
  }
  return fail("--root", `${root} is no folder; name the one that the job's files lie in`);
}
