/** The input signals of a network, by name. */
import type { Cell } from "../cell/cell.js";
import type { InputKind } from "../cell/inputs.js";
import { fail, show } from "../checks.js";
import { type Current, currentOf, inputField, isSampledCurrent } from "../driver/current.js";
import { quoted } from "../quoted.js";

/** What gives a network its signals. */
export interface GivenInputs {
  inputs?: Record<string, Current>;
  current?: Current;
}

/**
 * A signal for each input of a cell.
 * @param at where it is given, for messages.
 * @throws SaltationError `invalid-input` naming one that the cell does not have, or that is missing.
 */
export function readInputs(cell: Cell, { inputs = {}, current }: GivenInputs, at = "input"): Map<string, Current> {
  if (typeof inputs !== "object" || inputs === null || Array.isArray(inputs))
    fail(`${at}.inputs`, `expected an object of signals by name, got ${show(inputs)}`);
  const names = [...cell.inputs.keys()];
  const known = names.length > 0 ? `known: ${names.join(", ")}` : "it has none";
  for (const name of Object.keys(inputs)) {
    if (!cell.inputs.has(name))
      fail(
        `${at}.inputs.${/^\w{1,64}$/.test(name) ? name : quoted(name)}`,
        `cell "${cell.name}" has no such input; ${known}`,
      );
  }
  if (current !== undefined) {
    if (!cell.inputs.has("I")) fail(`${at}.current`, `cell "${cell.name}" has no input I; ${known}`);
    if (inputs.I !== undefined) fail(`${at}.current`, `is the input I, which ${at}.inputs gives too; keep one`);
  }
  const implied = cell.definition.inputs === undefined;
  return new Map(
    names.map((name) => {
      const given = (name === "I" ? current : undefined) ?? inputs[name] ?? (implied ? 0 : undefined);
      if (given === undefined) {
        return fail(
          `${at}.inputs.${name}`,
          `is missing: cell "${cell.name}" reads it; give a number, a list, or { dt, samples }`,
        );
      }
      return [name, currentOf(given, inputField(name, at))] as const;
    }),
  );
}

/** How signals come to the equations of a cell. */
export function kindsOf(cell: Cell, signals: ReadonlyMap<string, Current>): Record<string, InputKind> {
  return Object.fromEntries(
    [...signals].map(([name, given]): [string, InputKind] => {
      const linear = isSampledCurrent(given) && given.interpolation === "linear";
      if (cell.inputs.get(name) === "current" && !linear) return [name, "current"];
      return [name, isSampledCurrent(given) ? (linear ? "linear" : "held") : "constant"];
    }),
  );
}
