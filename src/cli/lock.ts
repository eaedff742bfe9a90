/** A file that one process at a time writes: a lock beside it names the process. */
import { randomBytes } from "node:crypto";
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { fail } from "../checks.js";
import { reason } from "./output-files.js";
import { targetOf } from "./write-file.js";

interface Holder {
  readonly pid: number;
  readonly host: string;
  readonly since: string;
  /** When the system says that the process began: another may have its number later. */
  readonly began?: string;
}

/** When a process began, where the system tells (Linux). */
function beginOf(pid: number | "self"): string | undefined {
  try {
    // The name before may hold spaces and parentheses; field 22 is the 20th behind it.
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined;
  }
}

/** What a lock says; undefined where there is none, or nothing in it. */
function holderOf(lock: string): Holder | undefined {
  try {
    const { pid, host, since, began } = JSON.parse(readFileSync(lock, "utf8")) as Holder;
    return { pid: Number(pid), host: String(host), since: String(since), ...(began ? { began } : {}) };
  } catch {
    return undefined; // made by something else, or not written to its end
  }
}

/** Whether the process is one of this machine that has ended. */
function gone({ pid, host, began }: Holder): boolean {
  if (host !== hostname() || !Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
  const begin = beginOf(pid);
  return began !== undefined && begin !== undefined && begin !== began;
}

/** Makes the lock with all that it says, if there is none. */
function take(lock: string, text: string): boolean {
  const fresh = `${lock}.${process.pid}-${randomBytes(4).toString("hex")}`;
  try {
    writeFileSync(fresh, text, { flag: "wx" });
    try {
      linkSync(fresh, lock);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "EEXIST") return false;
      // Not all file systems have hard links.
      writeFileSync(lock, text, { flag: "wx" });
    }
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  } finally {
    rmSync(fresh, { force: true });
  }
}

/** Takes the lock of a process that is gone away; another may have done so, and taken it, since it was looked at. */
function clear(lock: string, stale: Holder): void {
  const aside = `${lock}.${process.pid}-${randomBytes(4).toString("hex")}`;
  try {
    renameSync(lock, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  const found = holderOf(aside);
  if (found && (found.pid !== stale.pid || found.since !== stale.since)) {
    try {
      linkSync(aside, lock);
    } catch {
      // A third process was faster; the next look finds it.
    }
  }
  rmSync(aside, { force: true });
}

/** Looks at a lock that others make and remove. */
const mostAttempts = 20;

/**
 * Locks a file for this process, to its end.
 * @param field what names the file.
 * @returns what gives it back before.
 * @throws SaltationError `invalid-input` that names the process which has it.
 */
export function lockFile(field: string, file: string): () => void {
  const lock = `${targetOf(file)}.lock`;
  const began = beginOf("self");
  const mine: Holder = {
    pid: process.pid,
    host: hostname(),
    since: new Date().toISOString(),
    ...(began ? { began } : {}),
  };
  const text = `${JSON.stringify(mine)}\n`;
  try {
    for (let attempt = 0; !take(lock, text); attempt++) {
      const other = holderOf(lock);
      if (attempt < mostAttempts) {
        if (other && gone(other)) clear(lock, other);
        if (!other || gone(other)) continue; // it was just given back, or is now
      }
      const who = other ? `process ${other.pid} on ${other.host} since ${other.since}` : "another process";
      const far = other?.host === mine.host ? "" : ` (if that process is gone, remove ${lock})`;
      fail(field, `${file} is written by ${who}; wait for its end, or name another file${far}`);
    }
  } catch (error) {
    if (error instanceof Error && "syscall" in error) fail(field, `cannot write ${lock}: ${reason(error)}`);
    throw error;
  }
  const release = (): void => {
    process.off("exit", release);
    try {
      // Somebody may have removed it, and another process taken it.
      if (readFileSync(lock, "utf8") === text) rmSync(lock, { force: true });
    } catch {
      // It is no longer there.
    }
  };
  process.on("exit", release);
  return release;
}
