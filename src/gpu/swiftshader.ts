/**
 * SwiftShader, a Vulkan driver that runs on the CPU, out of the npm package @sparticuz/chromium: its archive is unpacked
 * once into a folder of the user's.
 */
import { loadModule } from "./runtime.js";

/** The driver, the description by which the loader finds it (its path to the driver is relative), and the loader. */
const driverFile = "vk_swiftshader_icd.json";
const loaderFile = "libvulkan.so.1";
const wanted = [driverFile, loaderFile, "libvk_swiftshader.so"];

/** Plain files of a tar archive (POSIX ustar: blocks of 512 bytes; name at 0, octal size at 124, type at 156). */
function* tarFiles(tar: Uint8Array): Generator<{ name: string; data: Uint8Array }> {
  const text = (from: number, length: number): string =>
    String.fromCharCode(...tar.subarray(from, from + length)).replace(/\0.*$/s, "");
  for (let at = 0; at + 512 <= tar.length && tar[at] !== 0; ) {
    const size = Number.parseInt(text(at + 124, 12).trim(), 8);
    const type = text(at + 156, 1);
    if (type === "0" || type === "") yield { name: text(at, 100), data: tar.subarray(at + 512, at + 512 + size) };
    at += 512 + Math.ceil(size / 512) * 512;
  }
}

/**
 * Unpacks the driver, unless a run before has.
 * @returns paths of the driver's description and of a Vulkan loader.
 * @throws Error where the package is not installed or the folder cannot be written.
 */
export async function unpackSwiftShader(): Promise<{ driver: string; loader: string }> {
  const [fs, os, path, zlib, { createRequire }] = await Promise.all([
    loadModule<typeof import("node:fs")>("node:fs"),
    loadModule<typeof import("node:os")>("node:os"),
    loadModule<typeof import("node:path")>("node:path"),
    loadModule<typeof import("node:zlib")>("node:zlib"),
    loadModule<typeof import("node:module")>("node:module"),
  ]);
  const { join } = path;
  const entry = createRequire(import.meta.url).resolve("@sparticuz/chromium");
  const name = join("@sparticuz", "chromium");
  const root = entry.slice(0, entry.lastIndexOf(name) + name.length);
  const { version } = JSON.parse(fs.readFileSync(join(root, "package.json"), "utf8")) as { version: string };

  const uid = process.getuid?.() ?? 0;
  /** A folder that others could write to is not to be loaded code from. */
  const mine = (folder: string): boolean => {
    const s = fs.lstatSync(folder);
    return s.isDirectory() && s.uid === uid && (s.mode & 0o022) === 0;
  };
  const complete = (folder: string): boolean => wanted.every((file) => fs.existsSync(join(folder, file)));
  const paths = (folder: string) => ({ driver: join(folder, driverFile), loader: join(folder, loaderFile) });

  let parent = join(os.tmpdir(), `saltation-${uid}`);
  fs.mkdirSync(parent, { recursive: true, mode: 0o700 });
  if (!mine(parent)) parent = fs.mkdtempSync(`${parent}-`);
  const folder = join(parent, `swiftshader-${version}`);
  if (complete(folder)) return paths(folder);

  // Written beside and moved into place, so that no other process ever sees half of it.
  const fresh = fs.mkdtempSync(`${folder}-`);
  for (const file of tarFiles(zlib.brotliDecompressSync(fs.readFileSync(join(root, "bin", "swiftshader.tar.br"))))) {
    const base = path.posix.basename(file.name);
    if (wanted.includes(base)) fs.writeFileSync(join(fresh, base), file.data, { mode: 0o700 });
  }
  if (!complete(fresh)) throw new Error(`swiftshader.tar.br of @sparticuz/chromium ${version} lacks the driver`);
  try {
    fs.renameSync(fresh, folder);
  } catch {
    // Another process was first, or a cleaner of temporary files left a part: the fresh one serves this process.
    if (!complete(folder)) return paths(fresh);
    fs.rmSync(fresh, { recursive: true, force: true });
  }
  return paths(folder);
}
