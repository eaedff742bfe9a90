/** Another worker in place of one that is busy for too long: it knows the engine and the recording of the one before. */
import type { Asked } from "../../worker/engine-keeper.js";
import { failed } from "./notices.js";
import { asked, engine, opening, recordingFile } from "./signals.js";
import { client } from "./worker.js";

/** Opens an engine in the worker. */
export async function openBackend(backend: Asked): Promise<void> {
  const { generation } = client;
  opening.value = true;
  asked.value = backend;
  try {
    engine.value = await client.call("open", backend);
  } catch (error) {
    if (generation !== client.generation) return;
    engine.value = undefined;
    failed("The engine could not be opened", error);
  } finally {
    if (generation === client.generation) opening.value = false;
  }
}

/** Ends the worker, whatever it does. What is asked of the next one from now on waits for its engine. */
export function revive(backend = asked.value): Promise<void> {
  client.restart();
  const file = recordingFile.value;
  if (file) void client.call("read", file.name, file.bytes).catch((error) => failed("The recording is gone", error));
  return openBackend(backend);
}
