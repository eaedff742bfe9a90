/**
 * Writes a file whole or not at all: beside it, forced to disk, renamed over it. Whatever happens, the file that was
 * there is whole, or the new one is.
 */
import { randomBytes } from "node:crypto";
import {
  chmodSync,
  chownSync,
  closeSync,
  fsyncSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { say } from "./output.js";
import { deferSignals } from "./signals.js";

/** What writing asks of a file system. */
export const disk = { openSync, writeFileSync, fsyncSync, closeSync, renameSync, rmSync };
export type Disk = typeof disk;

/** Links that are followed at most, as on Linux. */
const mostLinks = 40;

/**
 * Where a path leads: links followed, also one that leads to a file that is not there yet, or lies in a folder that is
 * not.
 */
export function targetOf(path: string, links = 0): string {
  const whole = resolve(path);
  try {
    return realpathSync(whole);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  const parent = dirname(whole);
  if (parent === whole) return whole;
  const here = join(targetOf(parent, links), basename(whole));
  if (!lstatSync(here, { throwIfNoEntry: false })?.isSymbolicLink()) return here;
  if (links >= mostLinks) throw Object.assign(new Error(`ELOOP: too many links, readlink`), { syscall: "readlink" });
  return targetOf(resolve(dirname(here), readlinkSync(here)), links + 1);
}

/** Places that a process or the system has opened: to replace them would leave it with what was there. */
const opened = /^\/(dev|proc)\//;

/** Whether a place takes plain writing only: a device, a pipe, what a shell has opened. */
function plain(path: string, there: Stats | undefined): boolean {
  return (there !== undefined && !there.isFile()) || opened.test(resolve(path));
}

/** The folder that new files lie in may forbid them where the file itself can be written. */
const forbidden = new Set(["EACCES", "EPERM"]);

/** How names of files that are being written begin. Names have 255 bytes at most. */
function beginning(path: string): string {
  const name = basename(path);
  return `.${Buffer.byteLength(name) > 200 ? "saltation" : name}.`;
}

/** The name, beside a file, of what is being written in its place: of this process and this time alone. */
export const freshName = (path: string): string =>
  join(dirname(path), `${beginning(path)}${process.pid}-${randomBytes(4).toString("hex")}.tmp`);

/** Removes what killed processes have left beside a file. Nobody else may be writing it. */
export function removeLeftovers(path: string): void {
  const target = targetOf(path);
  const [folder, begins] = [dirname(target), beginning(target)];
  for (const name of readdirSync(folder)) {
    if (name.startsWith(begins) && /^\d+-[\da-f]{8}\.tmp$/.test(name.slice(begins.length))) {
      rmSync(join(folder, name), { force: true });
    }
  }
}

/**
 * @param on the file system; tests give one that fails.
 * @throws the system's error; then the file that was there is as it was.
 */
export function writeWhole(path: string, data: string | Uint8Array, on: Disk = disk): void {
  const there = statSync(path, { throwIfNoEntry: false });
  if (plain(path, there)) {
    on.writeFileSync(path, data);
    return;
  }
  const target = targetOf(path);
  const fresh = freshName(target);
  const heard = deferSignals(() => say(`stopped once ${target} was written`));
  try {
    let handle: number;
    try {
      handle = on.openSync(fresh, "wx", 0o666);
    } catch (error) {
      if (!there || !forbidden.has((error as NodeJS.ErrnoException).code ?? "")) throw error;
      on.writeFileSync(target, data);
      return;
    }
    try {
      try {
        on.writeFileSync(handle, data);
        on.fsyncSync(handle);
      } finally {
        on.closeSync(handle);
      }
      if (there) keepOwner(fresh, there);
      on.renameSync(fresh, target);
    } catch (error) {
      on.rmSync(fresh, { force: true });
      throw error;
    }
    syncFolder(dirname(target));
  } finally {
    heard();
  }
}

/** Mode, and owner as far as the system lets one give files away. */
function keepOwner(fresh: string, there: Stats): void {
  try {
    const now = statSync(fresh);
    if (now.uid !== there.uid || now.gid !== there.gid) chownSync(fresh, there.uid, there.gid);
  } catch {
    // Only the system's administrator may.
  }
  chmodSync(fresh, there.mode & 0o7777);
}

/** The new name outlives a loss of power where the folder is on disk too; not all systems open folders. */
function syncFolder(folder: string): void {
  try {
    const handle = openSync(folder, "r");
    try {
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
  } catch {
    // The file is whole all the same.
  }
}
