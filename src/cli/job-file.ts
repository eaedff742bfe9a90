/** Reads the job file of a command. */
import { readFileSync } from "node:fs";
import { SaltationError } from "../errors.js";

/** @throws SaltationError `invalid-input` where the file is missing or is not JSON. */
export function readJobFile(path: string): unknown {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw new SaltationError("invalid-input", `job file: cannot read ${path}: ${(error as Error).message}`);
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new SaltationError("invalid-input", `job file: ${path} is not JSON: ${(error as Error).message}`);
  }
}
