/** What is saved from a run. */
import { download } from "../download.js";
import { failed } from "./notices.js";
import { studioDocument } from "./signals.js";
import { client } from "./worker.js";

const fileName = (what: string): string => `saltation-${studioDocument.value.experiment}-${what}`;

export async function exportParameters(): Promise<void> {
  try {
    download(fileName("parameters.json"), "application/json", await client.call("exportParameters"));
  } catch (error) {
    failed("Parameters could not be exported", error);
  }
}

export async function exportJob(): Promise<void> {
  try {
    download(fileName("job.json"), "application/json", await client.call("exportJob"));
  } catch (error) {
    failed("The job could not be exported", error);
  }
}

export async function exportSpikes(): Promise<void> {
  try {
    const npz = await client.call("exportSpikes");
    download(fileName("trains.npz"), "application/octet-stream", npz as BlobPart);
  } catch (error) {
    failed("Spike trains could not be exported", error);
  }
}
