/**
 * Whether figures can be drawn: Vega and Vega-Lite are installed by whoever wants them, being most of what an
 * installation without a GPU would hold.
 */
import { createRequire } from "node:module";
import { fail } from "../checks.js";
import { sayError } from "./output.js";

const { resolve } = createRequire(import.meta.url);

function installed(name: string): boolean {
  try {
    resolve(name);
    return true;
  } catch (error) {
    // A package of modules alone is found and then not given to `require`.
    return (error as NodeJS.ErrnoException).code !== "MODULE_NOT_FOUND";
  }
}

/**
 * To be asked before anything is computed.
 * @param asked the option that names a figure; undefined for figures that a command draws unasked.
 * @returns false for figures that were not asked for and cannot be drawn, which one line on stderr says.
 * @throws SaltationError `invalid-input` where the figure was asked for and cannot be drawn.
 */
export function canDraw(asked: string | undefined): boolean {
  const missing = ["vega", "vega-lite"].filter((name) => !installed(name));
  if (missing.length === 0) return true;
  const mend = `drawing needs ${missing.join(" and ")}: npm install vega vega-lite`;
  if (asked) fail(asked, mend);
  sayError(`no figure is written, as ${mend}`);
  return false;
}
