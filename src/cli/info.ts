import { SaltationError } from "../errors.js";
import { adapterAdvice, softwareAdvice } from "../gpu/advice.js";
import { type FoundAdapter, findAdapter, Gpu, summarise } from "../gpu/index.js";
import { keepsTwoParts } from "../signature/gpu/two-parts.js";
import { simdAdapter } from "../wasm/device.js";
import { colours } from "./colours.js";
import { print, printJson } from "./output.js";

const shownLimits = [
  "maxStorageBufferBindingSize",
  "maxBufferSize",
  "maxStorageBuffersPerShaderStage",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupStorageSize",
  "maxComputeWorkgroupsPerDimension",
];

/**
 * Opens a device, and tries whether its compiler keeps numbers in two float32 parts.
 * @returns that, or why the engine does not take the device.
 */
async function tries(found: FoundAdapter): Promise<{ twoParts: boolean } | { refused: string }> {
  let gpu: Gpu;
  try {
    gpu = await Gpu.on(found);
  } catch (error) {
    if (error instanceof SaltationError) return { refused: error.message };
    throw error;
  }
  try {
    return { twoParts: await keepsTwoParts(gpu) };
  } finally {
    gpu.dispose();
  }
}

/** Kernels as WebAssembly, where there is such; what `auto` takes where there is no GPU. */
async function processor(): Promise<FoundAdapter | undefined> {
  try {
    return { adapter: await simdAdapter(), backend: "simd" };
  } catch {
    return undefined;
  }
}

/** `saltation info`: what would be used, and what to do if nothing was found. */
export async function infoCommand(options: { json?: boolean }): Promise<void> {
  const found = (await findAdapter({ hardware: true })) ?? (await processor());
  if (!found) {
    if (options.json) printJson({ adapter: null, advice: adapterAdvice() });
    else {
      print("neither a GPU nor WebAssembly SIMD was found; the float64 twin on the CPU is used (--backend cpu)");
      print(adapterAdvice());
    }
    return;
  }
  const { adapter, backend } = found;
  const summary = summarise(adapter.info, adapter.features, adapter.limits, backend);
  const tried = await tries(found);
  if (options.json) {
    printJson({ adapter: summary, ...tried, node: process.version });
    return;
  }
  const name = [summary.vendor, summary.architecture, summary.device].filter(Boolean).join(" ");
  print(`${colours.bold(name)}${summary.description ? ` (${summary.description})` : ""}`);
  const { bun, deno } = process.versions;
  const runtime = bun ? `Bun ${bun}` : deno ? `Deno ${deno}` : `Node ${process.version}`;
  print(`through ${{ dawn: "Dawn", browser: "the WebGPU", simd: "WebAssembly" }[backend]} in ${runtime}`);
  if ("refused" in tried) print(`not used: ${tried.refused}; the float64 twin on the CPU is used`);
  else if (backend === "simd") {
    print(`backend simd, as no GPU was found: its kernels run on the processor. ${softwareAdvice()}`);
  }
  print("limits");
  for (const limit of shownLimits) print(`  ${limit} ${summary.limits[limit]}`);
  print(`features\n  ${summary.features.join(" ")}`);
  if ("refused" in tried) return;
  print(
    tried.twoParts
      ? "arithmetic\n  keeps numbers in two float32 parts: small signature kernels are exact to 1e-5 of themselves, also near zero"
      : "arithmetic\n  takes numbers in two float32 parts apart: signature kernels near zero are exact to 1e-5 of their grid only",
  );
}
