/** Processor time of a group of processes, as Linux tells it: /proc/PID/stat, see proc(5). */
import { readdirSync, readFileSync } from "node:fs";

/** Clock ticks of a second, of every Linux that Node runs on. */
const ticks = 100;

/** Seconds of all processors that a group's processes took so far, with their ended children; undefined where none tells. */
export function processorSeconds(group: number): number | undefined {
  let sum: number | undefined;
  try {
    for (const name of readdirSync("/proc")) {
      if (!/^\d+$/.test(name)) continue;
      const [state, , of, ...rest] = afterName(name);
      if (state !== undefined && Number(of) === group) {
        // utime, stime, cutime, cstime are fields 14 to 17; the name in parentheses is the second.
        sum = (sum ?? 0) + rest.slice(8, 12).reduce((s, t) => s + Number(t), 0) / ticks;
      }
    }
  } catch {
    return undefined;
  }
  return sum;
}

/** Fields of a process from the third on, its state; none of one that has ended. */
function afterName(pid: string): string[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  } catch {
    return [];
  }
}
