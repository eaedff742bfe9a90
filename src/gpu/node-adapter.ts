/**
 * Dawn in Node: the machine's own adapter, or, on Linux x64 without one, SwiftShader on the CPU. Node's own modules are
 * loaded by name at run time, so that a bundle for browsers can hold this file and never run it.
 */
import type { AdapterSearch } from "./adapter.js";
import { inNode, loadModule } from "./runtime.js";

interface Dawn {
  create(options: string[]): GPU;
  globals: Record<string, unknown>;
}

export interface NodeAdapter {
  adapter?: GPUAdapter | undefined;
  /** What was tried and did not work. */
  problems: string[];
}

/**
 * Dawn's instances, kept as long as the process: one must outlive its adapters and devices, and nothing else orders
 * their ends. Where all are garbage at once the collector may take the instance first, and Dawn then locks a mutex that
 * is gone: every process that made and dropped 300 devices crashed so, and none did with its instance kept. There are
 * two, as an instance looks for drivers once, and the software adapter's is not there before.
 */
const instances = new Map<"own" | "software", GPU>();

/** Keeps a library loaded after the call that loaded it has failed (dlfcn.h). */
const RTLD_NODELETE = 0x1000;

/**
 * Loads a shared library into the process, where Dawn finds it by its name. `process.dlopen` loads, then throws, as the
 * library is no Node addon.
 * @returns false where there is no such library.
 */
async function preload(path: string): Promise<boolean> {
  const { RTLD_NOW, RTLD_GLOBAL } = (await loadModule<typeof import("node:os")>("node:os")).constants.dlopen;
  try {
    process.dlopen({ exports: {} } as NodeJS.Module, path, RTLD_NOW | RTLD_GLOBAL | RTLD_NODELETE);
  } catch (error) {
    // What Node and Bun say of a library that was loaded and is no addon.
    return /did not self-register|napi_register_module/.test((error as Error).message);
  }
  return true;
}

const noGpu = "no GPU with a driver";

/** Whether Dawn will find a Vulkan loader; where it does not, it says so on stderr, so it is better not asked. */
async function hasVulkanLoader(): Promise<boolean> {
  return process.platform !== "linux" || (await preload("libvulkan.so.1"));
}

/** Makes the software adapter the one that Vulkan finds. @returns what is in the way, or undefined. */
async function useSoftware(): Promise<string | undefined> {
  if (process.platform !== "linux" || process.arch !== "x64") {
    return `there is no software adapter for ${process.platform} ${process.arch}`;
  }
  const { unpackSwiftShader } = await import("./swiftshader.js");
  let files: { driver: string; loader: string };
  try {
    files = await unpackSwiftShader();
  } catch (error) {
    return `the software adapter: ${(error as Error).message.split("\n")[0]}`;
  }
  if (process.versions.bun && !process.env.VK_ICD_FILENAMES && !process.env.VK_DRIVER_FILES) {
    // Neither its environment nor libraries that it loads reach Dawn.
    const folder = files.driver.slice(0, files.driver.lastIndexOf("/"));
    return `for the software adapter start Bun with LD_LIBRARY_PATH=${folder} VK_ICD_FILENAMES=${files.driver}`;
  }
  // A choice of Vulkan driver that was made outside is not overruled.
  if (!process.env.VK_DRIVER_FILES) {
    delete process.env.VK_DRIVER_FILES; // the loader takes an empty one for a choice
    process.env.VK_ICD_FILENAMES ||= files.driver;
  }
  // The system's own loader serves as well, and having two in a process would be one too many.
  if ((await hasVulkanLoader()) || (await preload(files.loader))) return undefined;
  return `the Vulkan loader ${files.loader} cannot be loaded`;
}

/** Finds an adapter where there is no navigator.gpu: in Node, a GPU before the software adapter. */
export async function requestNodeAdapter(
  options: GPURequestAdapterOptions,
  { software = false, hardware = false }: AdapterSearch,
): Promise<NodeAdapter> {
  if (!inNode()) return { problems: ["there is no navigator.gpu"] };
  // Before Dawn is loaded, where only a GPU will do.
  if (hardware && !software && !instances.has("own") && !(await hasVulkanLoader())) return { problems: [noGpu] };
  let dawn: Dawn;
  try {
    dawn = await loadModule<Dawn>("webgpu");
  } catch (error) {
    return { problems: [`the package webgpu: ${(error as Error).message.split("\n")[0]}`] };
  }
  for (const [key, value] of Object.entries(dawn.globals)) {
    if (!(key in globalThis)) Object.defineProperty(globalThis, key, { value, configurable: true, writable: true });
  }
  const attempt = async (which: "own" | "software"): Promise<GPUAdapter | undefined> => {
    const instance = instances.get(which) ?? dawn.create([]);
    instances.set(which, instance);
    return (await instance.requestAdapter(options)) ?? undefined;
  };
  const problems: string[] = [];
  if (!software) {
    const adapter = instances.has("own") || (await hasVulkanLoader()) ? await attempt("own") : undefined;
    if (adapter) return { adapter, problems };
    problems.push(noGpu);
    if (hardware) return { problems };
  }
  const obstacle = await useSoftware();
  if (obstacle) return { problems: [...problems, obstacle] };
  const adapter = await attempt("software");
  if (!adapter) {
    const driver = process.env.VK_DRIVER_FILES || process.env.VK_ICD_FILENAMES;
    problems.push(`the Vulkan driver ${driver} gives no adapter`);
    // A worker thread has a copy of the environment, which libraries do not see.
    const { isMainThread } = await loadModule<typeof import("node:worker_threads")>("node:worker_threads");
    if (!isMainThread) problems.push("start this worker thread with { env: SHARE_ENV }");
  }
  return { adapter, problems };
}
