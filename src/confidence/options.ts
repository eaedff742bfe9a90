/** What is asked of a confidence beside the fit, checked: also before a long training. */
import { checkOptions, fail, list, type Names, oneOf, show } from "../checks.js";
import type { ConfidenceOptions } from "./confidence.js";

export type ConfidenceSettings = Pick<ConfidenceOptions, "level" | "coordinates" | "refine" | "profile">;

export const settingNames: Names<ConfidenceSettings> = {
  level: true,
  coordinates: true,
  refine: "boolean",
  profile: true,
};

export interface CheckedSettings {
  readonly level: number;
  readonly coordinates: "unconstrained" | "natural";
  readonly refine: boolean;
  /** Places among the entries. */
  readonly profile: readonly number[];
}

/**
 * @param entries names of what was fitted.
 * @param field what the settings are called in messages.
 * @throws SaltationError `invalid-input`.
 */
export function checkSettings(given: ConfidenceSettings, entries: readonly string[], field = ""): CheckedSettings {
  const at = (name: string): string => (field ? `${field}.${name}` : name);
  if (field) checkOptions(field, given, settingNames);
  const { level = 0.95, coordinates = "unconstrained", refine = false, profile = [] } = given;
  if (!(typeof level === "number" && level > 0 && level < 1)) {
    fail(at("level"), `expected a probability between 0 and 1, got ${show(level)}`);
  }
  oneOf(at("coordinates"), coordinates, ["unconstrained", "natural"]);
  const wanted = profile === "all" ? entries : list(at("profile"), profile, "parameters");
  const places = wanted.map((name, i) => {
    if (entries.includes(name)) return entries.indexOf(name);
    return fail(at(`profile[${i}]`), `${show(name)} was not fitted; known: ${entries.join(", ")}`);
  });
  // A profile is measured from the maximum.
  return { level, coordinates, refine: refine || places.length > 0, profile: places };
}
