/** What a run can be told. */
import type { StudioDocument } from "../../model/document.js";
import { aboutToChange, edit } from "./edit.js";
import { failed } from "./notices.js";
import { refuse } from "./objection.js";
import { loaded, loading, neuron, pausing, studioDocument } from "./signals.js";
import { client } from "./worker.js";

export const train = (): Promise<void> => client.call("run").catch((e) => failed("Training could not start", e));

export async function pause(): Promise<void> {
  pausing.value = true;
  await client.call("pause").catch((e) => failed("The run could not be paused", e));
  pausing.value = false;
}

export const stepOnce = (): Promise<void> => client.call("step").catch((e) => failed("No step could be taken", e));

/** Changes the number of paths, also while the run goes. */
export async function setPaths(paths: number): Promise<void> {
  const change = (document: StudioDocument): void => {
    document.job.paths = paths;
  };
  if (!loaded.value?.ready || loading.value) {
    edit(change, true);
    return;
  }
  try {
    const error = await client.call("setPaths", paths);
    if (error) {
      refuse("paths", error.message);
      return;
    }
    const document = structuredClone(studioDocument.value);
    change(document);
    aboutToChange(true);
    studioDocument.value = document;
  } catch (error) {
    failed("The number of paths could not be changed", error);
  }
}

export async function setNeuron(value: number): Promise<void> {
  neuron.value = value;
  await client.call("setNeuron", value).catch(() => {});
}
