/** Asks how well the data determine a fit. */
import { StudioError } from "../client.js";
import { failed } from "./notices.js";
import { confidence, going, loads, step } from "./signals.js";
import { client } from "./worker.js";

/**
 * What is found of a run that went on meanwhile, or of another document, counts no more.
 * @param profiled with the profile of every fitted number, which takes many maximisations.
 */
export async function askConfidence(profiled = false): Promise<void> {
  const [load, at] = [loads.value, step.value];
  const overtaken = (): boolean => loads.value !== load || step.value !== at || going.value;
  confidence.value = "asked";
  try {
    const found = await client.call("confidence", profiled);
    if (!overtaken()) confidence.value = found;
  } catch (error) {
    if (overtaken()) return;
    const refused = error instanceof StudioError && ["invalid-input", "limit", "not-finite"].includes(error.code);
    confidence.value = refused ? { refused: error.message } : undefined;
    if (!refused) failed("The fit could not be judged", error);
  }
}
