/** How the page begins: the document of its address, and an engine. */
import { StudioError } from "../client.js";
import { adopt, lastNeuron, load } from "./load.js";
import { failed } from "./notices.js";
import { linked } from "./share.js";
import { engine, engineProblem, neuron, studioDocument } from "./signals.js";
import { client } from "./worker.js";

/** Opens an engine, then loads the document into it, from where it stands: parameters may have been opened meanwhile. */
export async function openEngine(backend: "webgpu" | "cpu"): Promise<void> {
  try {
    engine.value = await client.call("open", backend);
    engineProblem.value = undefined;
  } catch (error) {
    engineProblem.value = (error as Error).message;
    if (!(error instanceof StudioError && error.code === "no-adapter")) failed("The engine could not be opened", error);
  }
  await load("keep");
}

export async function begin(): Promise<void> {
  const document = await linked();
  if (document) {
    studioDocument.value = document;
    neuron.value = lastNeuron(document);
  }
  window.addEventListener("hashchange", async () => {
    const next = await linked();
    if (next) await adopt(next, null);
  });
  // For tests of what happens when a driver crashes.
  (window as unknown as { saltationStudio: unknown }).saltationStudio = { loseDevice: () => client.call("loseDevice") };
  await openEngine("webgpu");
}
