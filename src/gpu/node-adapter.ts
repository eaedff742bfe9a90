/**
 * Dawn in Node: the machine's own adapter, or, on Linux x64 without one, SwiftShader on the CPU. The software adapter
 * comes from the npm package @sparticuz/chromium, whose archive is unpacked once into a folder of the user's.
 */
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { constants, tmpdir, userInfo } from "node:os";
import { dirname, join } from "node:path";
import { brotliDecompressSync } from "node:zlib";

interface Dawn {
  create(options: string[]): GPU;
  globals: Record<string, unknown>;
}

/** Keeps a library loaded after the call that loaded it has failed (dlfcn.h). */
const RTLD_NODELETE = 0x1000;

const require = createRequire(import.meta.url);

/** Files of a tar archive: only plain files with short names, which is what the archive at hand has. */
function* tarFiles(tar: Uint8Array): Generator<{ name: string; data: Uint8Array }> {
  const text = (from: number, length: number): string =>
    Buffer.from(tar.subarray(from, from + length))
      .toString("latin1")
      .replace(/\0.*$/s, "");
  for (let at = 0; at + 512 <= tar.length && tar[at] !== 0; ) {
    const size = Number.parseInt(text(at + 124, 12).trim(), 8);
    const type = String.fromCharCode(tar[at + 156]!);
    if (type === "0" || type === "\0") yield { name: text(at, 100), data: tar.subarray(at + 512, at + 512 + size) };
    at += 512 + Math.ceil(size / 512) * 512;
  }
}

/** Unpacks SwiftShader and returns its folder, or undefined where the package is not installed. */
function softwareFolder(): string | undefined {
  let archive: string;
  let version: string;
  try {
    const entry = require.resolve("@sparticuz/chromium");
    const root = entry.slice(
      0,
      entry.lastIndexOf(join("@sparticuz", "chromium")) + join("@sparticuz", "chromium").length,
    );
    archive = join(root, "bin", "swiftshader.tar.br");
    version = (JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string }).version;
    statSync(archive);
  } catch {
    return undefined;
  }
  const folder = join(tmpdir(), `saltation-${userInfo().uid}`, `swiftshader-${version}`);
  const icd = join(folder, "vk_swiftshader_icd.json");
  try {
    // A folder that someone else made is not to be loaded code from.
    if (statSync(icd).uid === userInfo().uid) return folder;
  } catch {
    // not unpacked yet
  }
  mkdirSync(dirname(folder), { recursive: true, mode: 0o700 });
  const fresh = mkdtempSync(`${folder}-`);
  for (const file of tarFiles(brotliDecompressSync(readFileSync(archive)))) {
    if (/vulkan|swiftshader/.test(file.name)) writeFileSync(join(fresh, file.name), file.data, { mode: 0o755 });
  }
  try {
    renameSync(fresh, folder);
  } catch {
    // Another process was first; its files are the same.
    rmSync(fresh, { recursive: true, force: true });
  }
  return folder;
}

function useSoftware(): boolean {
  if (process.platform !== "linux" || process.arch !== "x64") return false;
  const folder = softwareFolder();
  if (!folder) return false;
  process.env.VK_ICD_FILENAMES = join(folder, "vk_swiftshader_icd.json");
  try {
    // Not a Node addon, so this throws; but the loader stays in the process and Dawn finds it by its name.
    process.dlopen(
      { exports: {} } as NodeJS.Module,
      join(folder, "libvulkan.so.1"),
      constants.dlopen.RTLD_NOW | constants.dlopen.RTLD_GLOBAL | RTLD_NODELETE,
    );
  } catch {
    // expected
  }
  return true;
}

export interface NodeAdapter {
  adapter: GPUAdapter;
  /** Must be held while a device lives: Dawn aborts the process otherwise. */
  instance: GPU;
}

/** Whether Dawn can find a Vulkan loader on Linux; it complains on stderr where it cannot. */
function hasVulkanLoader(): boolean {
  if (process.platform !== "linux") return true;
  try {
    process.dlopen({ exports: {} } as NodeJS.Module, "libvulkan.so.1", constants.dlopen.RTLD_NOW | RTLD_NODELETE);
  } catch (error) {
    // Found libraries are refused for not being Node addons; missing ones for not being there.
    return !/cannot open shared object/.test((error as Error).message);
  }
  return true;
}

/** Finds an adapter in Node, or undefined. */
export async function requestNodeAdapter(
  options: GPURequestAdapterOptions,
  software: boolean,
): Promise<NodeAdapter | undefined> {
  let dawn: Dawn;
  try {
    const name = "webgpu";
    dawn = (await import(name)) as Dawn;
  } catch {
    return undefined;
  }
  for (const [key, value] of Object.entries(dawn.globals)) {
    if (!(key in globalThis)) Object.defineProperty(globalThis, key, { value, configurable: true, writable: true });
  }
  const attempt = async (): Promise<NodeAdapter | undefined> => {
    const instance = dawn.create([]);
    const adapter = await instance.requestAdapter(options);
    return adapter ? { adapter, instance } : undefined;
  };
  const own = software || !hasVulkanLoader() ? undefined : await attempt();
  if (own) return own;
  return useSoftware() ? attempt() : undefined;
}
