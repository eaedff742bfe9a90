import pc from "picocolors";
import { adapterAdvice, findAdapter, summarise } from "../gpu/index.js";
import { print, printJson } from "./output.js";

const shownLimits = [
  "maxStorageBufferBindingSize",
  "maxBufferSize",
  "maxStorageBuffersPerShaderStage",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupStorageSize",
  "maxComputeWorkgroupsPerDimension",
];

/** `saltation info`: what would be used, and what to do if nothing was found. */
export async function infoCommand(options: { json?: boolean }): Promise<void> {
  const found = await findAdapter({});
  if (!found) {
    if (options.json) printJson({ adapter: null, advice: adapterAdvice() });
    else {
      print("no WebGPU adapter was found; the float64 twin on the CPU is used (--backend cpu)");
      print(adapterAdvice());
    }
    return;
  }
  const { adapter, backend } = found;
  const summary = summarise(adapter.info, adapter.features, adapter.limits, backend);
  if (options.json) {
    printJson({ adapter: summary, node: process.version });
    return;
  }
  const name = [summary.vendor, summary.architecture, summary.device].filter(Boolean).join(" ");
  print(`${pc.bold(name)}${summary.description ? ` (${summary.description})` : ""}`);
  const { bun, deno } = process.versions;
  const runtime = bun ? `Bun ${bun}` : deno ? `Deno ${deno}` : `Node ${process.version}`;
  print(`through ${backend === "dawn" ? "Dawn" : "the WebGPU"} in ${runtime}`);
  if (summary.fallback) {
    print(
      "a software adapter on the CPU: results are the same, only slower. With a GPU and its Vulkan driver it would be used instead",
    );
  }
  print("limits");
  for (const limit of shownLimits) print(`  ${limit} ${summary.limits[limit]}`);
  print(`features\n  ${summary.features.join(" ")}`);
}
