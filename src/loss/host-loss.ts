/** Losses taken on the host. What they give is checked, since a loss may be a caller's own. */
import { fail, show } from "../checks.js";
import { observedEntries } from "../plan/observed.js";
import type { SolvePlan } from "../plan/plan.js";
import type { TypedSpikes } from "../spikes/spikes.js";
import type { Loss, LossValue } from "./loss.js";

const isList = (value: unknown): value is ArrayLike<unknown> =>
  typeof value === "object" && value !== null && Number.isInteger((value as ArrayLike<unknown>).length);

/** @throws SaltationError `not-finite` for NaN and infinities, else `invalid-input`, where it is not a finite number. */
function checkNumber(kind: string, what: string, value: unknown): void {
  if (typeof value !== "number") fail("loss", `"${kind}": ${what} is ${show(value)}; evaluate() must give numbers`);
  if (Number.isFinite(value)) return;
  fail("loss", `"${kind}": ${what} is ${value}; evaluate() must give finite numbers`, "not-finite");
}

/**
 * Checks what a loss says of one path.
 * @throws SaltationError naming the path and what is not one finite number for each of its spikes.
 */
export function checkCotangents(kind: string, path: number, row: unknown, spikes: TypedSpikes): void {
  const what = `cotangents[${path}]`;
  const { length } = spikes.times;
  if (!isList(row) || row.length !== length) {
    const has = isList(row) ? `has ${row.length} entries` : `is ${show(row)}`;
    fail("loss", `"${kind}": ${what} ${has}; path ${path} has ${length} spikes, and each needs a number`);
  }
  for (let n = 0; n < length; n++) checkNumber(kind, `${what}[${n}]`, row[n]);
}

/**
 * Value and cotangents of a loss on the host.
 * @param states those that the plan observes, [paths][entries].
 * @throws SaltationError in one line that names what is not a number, not finite, or not of the trains' shape.
 */
export async function evaluateOnHost(
  loss: Loss,
  spikes: readonly TypedSpikes[],
  plan: SolvePlan,
  states?: Float64Array,
): Promise<LossValue> {
  const { kind } = loss;
  const result = await loss.evaluate!(spikes, plan, states);
  if (typeof result !== "object" || result === null) {
    fail("loss", `"${kind}": evaluate() gave ${show(result)}; expected { value, cotangents }`);
  }
  checkNumber(kind, "value", result.value);
  const perPath = (name: "cotangents" | "pathValues" | "horizon", list: unknown): void => {
    if (isList(list) && list.length === spikes.length) return;
    const has = isList(list) ? `has ${list.length} entries` : `is ${show(list)}`;
    fail("loss", `"${kind}": ${name} ${has}; expected one for each of ${spikes.length} paths`);
  };
  perPath("cotangents", result.cotangents);
  spikes.forEach((one, i) => {
    checkCotangents(kind, i, result.cotangents[i], one);
  });
  if (result.stateCotangents !== undefined) {
    const list: unknown = result.stateCotangents;
    const entries = loss.states ? observedEntries(plan.observed) * spikes.length : 0;
    const has = isList(list) ? `has ${list.length} entries` : `is ${show(list)}`;
    if (entries === 0)
      fail("loss", `"${kind}": stateCotangents ${has}; a loss that looks at states says which: states`);
    if (!isList(list) || list.length !== entries) {
      fail("loss", `"${kind}": stateCotangents ${has}; each of ${entries} states needs a number, [paths][entries]`);
    }
    for (let e = 0; e < entries; e++) checkNumber(kind, `stateCotangents[${e}]`, list[e]);
  }
  if (result.pathValues !== undefined) perPath("pathValues", result.pathValues);
  if (result.horizon !== undefined) {
    perPath("horizon", result.horizon);
    result.horizon.forEach((row: unknown, i) => {
      const { neurons } = plan.network;
      const has = isList(row) ? `has ${row.length} entries` : `is ${show(row)}`;
      if (!isList(row) || row.length !== neurons) {
        fail("loss", `"${kind}": horizon[${i}] ${has}; each of ${neurons} neurons needs a number`);
      }
      for (let k = 0; k < neurons; k++) checkNumber(kind, `horizon[${i}][${k}]`, row[k]);
    });
  }
  return result;
}
