/** Another worker in place of one that is busy for too long: it knows the engine and the recording of the one before. */
import { StudioError } from "../client.js";
import { failed } from "./notices.js";
import { engine, engineProblem, opening, recordingFile } from "./signals.js";
import { client } from "./worker.js";

type Backend = "webgpu" | "simd" | "cpu";

/** Opens an engine in the worker. */
export async function openBackend(backend: Backend): Promise<void> {
  const { generation } = client;
  opening.value = true;
  try {
    engine.value = await client.call("open", backend);
    engineProblem.value = undefined;
  } catch (error) {
    if (generation !== client.generation) return;
    engine.value = undefined;
    engineProblem.value = (error as Error).message;
    if (!(error instanceof StudioError && error.code === "no-adapter")) failed("The engine could not be opened", error);
  } finally {
    if (generation === client.generation) opening.value = false;
  }
}

/** Ends the worker, whatever it does. What is asked of the next one from now on waits for its engine. */
export function revive(backend: Backend = engine.value?.backend ?? "webgpu"): Promise<void> {
  client.restart();
  const file = recordingFile.value;
  if (file) void client.call("read", file.name, file.bytes).catch((error) => failed("The recording is gone", error));
  return openBackend(backend);
}
