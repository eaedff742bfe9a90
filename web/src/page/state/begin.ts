/** How the page begins: the work that was kept, the document of its address, and an engine. */
import { markOf, worthKeeping } from "../../model/work.js";
import type { Asked } from "../../worker/engine-keeper.js";
import { onCpu } from "./busy.js";
import { remedies } from "./device.js";
import { comeBack, keepFromNowOn } from "./keep.js";
import { load } from "./load.js";
import { openBackend } from "./revive.js";
import { linked, openLink } from "./share.js";
import { link, standing } from "./signals.js";
import { opened, show, workOn } from "./work.js";
import { client } from "./worker.js";

/** The address may name a backend: `?backend=webgpu` takes a software adapter too, `?backend=simd` no GPU at all. */
function wanted(): Asked {
  const name = new URLSearchParams(location.search).get("backend");
  return name === "webgpu" || name === "simd" ? name : "auto";
}

export async function begin(): Promise<void> {
  remedies.retry = () => void client.call("retry").catch(() => {});
  remedies.onCpu = () => void onCpu();
  // For tests of what happens when a driver crashes.
  (window as unknown as { saltationStudio: unknown }).saltationStudio = { loseDevice: () => client.call("loseDevice") };
  const [document] = await Promise.all([linked(), comeBack()]);
  let asks = false;
  if (document) {
    const mark = markOf(location.hash);
    const before = workOn(document.experiment);
    // What was made of the same link goes on; other work is not given up without a question.
    const goesOn = worthKeeping(before) && before.link === mark;
    asks = worthKeeping(before) && !goesOn;
    if (!asks) show(goesOn ? before : { ...opened(document), link: mark });
  }
  keepFromNowOn();
  window.addEventListener("hashchange", async () => {
    const next = await linked();
    if (next && link.value !== markOf(location.hash)) await openLink(next);
  });
  const { generation } = client;
  await openBackend(wanted());
  // Unless the user could not wait for it.
  if (generation === client.generation) await load(standing.value);
  if (document && asks) await openLink(document);
}
