/**
 * Headless Chromium for benches and tests: the one that CHROMIUM_PATH names, the Chrome that is installed, or, on Linux
 * x64, that of the npm package @sparticuz/chromium, unpacked once.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { brotliDecompressSync } from "node:zlib";

/** What playwright and puppeteer launch. */
export interface Launch {
  executablePath?: string;
  channel?: "chrome";
  env?: Record<string, string>;
  args: string[];
}

const args = [
  "--no-sandbox", // containers run as root, where Chromium's sandbox refuses to start
  "--enable-unsafe-webgpu", // WebGPU on Linux, and on adapters that are not on its list
  "--disable-background-networking",
  "--no-first-run",
];

/** The software adapter that Node has without a GPU: the two can be compared to the bit. */
const software = "--use-webgpu-adapter=swiftshader";

/** Unpacks the package's archives into a folder of their version: beside first and moved, so that it is never half. */
function unpack(): string {
  const packageFolder = dirname(dirname(createRequire(import.meta.url).resolve("@sparticuz/chromium")));
  const root = packageFolder.slice(0, packageFolder.lastIndexOf("chromium") + "chromium".length);
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
  const parent = join(tmpdir(), `saltation-${process.getuid?.() ?? 0}`);
  const folder = join(parent, `chromium-${version}`);
  if (existsSync(join(folder, "chromium"))) return folder;
  mkdirSync(parent, { recursive: true, mode: 0o700 });
  const fresh = mkdtempSync(`${folder}-`);
  const archive = (name: string): Buffer => brotliDecompressSync(readFileSync(join(root, "bin", name)));
  // The graphics libraries lie beside the program; those of the system (al2023) are used where the system lacks them.
  execFileSync("tar", ["x", "-C", fresh], { input: archive("swiftshader.tar.br") });
  execFileSync("tar", ["x", "-C", fresh], { input: archive("al2023.tar.br") });
  writeFileSync(join(fresh, "chromium"), archive("chromium.br"), { mode: 0o755 });
  try {
    renameSync(fresh, folder);
  } catch {
    rmSync(fresh, { recursive: true, force: true }); // another process was first
  }
  return folder;
}

const packaged = (): boolean => process.platform === "linux" && process.arch === "x64";

/** The Chromium of the package. */
function packagedChromium(adapter: string[]): Launch {
  const folder = unpack();
  const executablePath = join(folder, "chromium");
  const lacks = execFileSync("ldd", [executablePath], { encoding: "utf8" }).includes("not found");
  const env = { ...(process.env as Record<string, string>), LD_LIBRARY_PATH: join(folder, "lib") };
  return { executablePath, args: [...args, ...adapter], ...(lacks ? { env } : {}) };
}

/** A Chromium on the software adapter where there is one, for tests. CHROMIUM_PATH, if set, names another browser. */
export function chromiumLaunch(): Launch {
  const chosen = process.env.CHROMIUM_PATH;
  if (chosen) return { executablePath: chosen, args: [...args, software] };
  return packaged() ? packagedChromium([software]) : { channel: "chrome", args };
}

/**
 * What to try one after the other until one starts and has an adapter: a GPU before the software adapter.
 * @param softwareOnly use no GPU.
 */
export function* chromiumLaunches(softwareOnly: boolean): Generator<Launch> {
  const chosen = process.env.CHROMIUM_PATH;
  for (const adapter of softwareOnly ? [[software]] : [[], [software]]) {
    if (chosen) yield { executablePath: chosen, args: [...args, ...adapter] };
    else {
      yield { channel: "chrome", args: [...args, ...adapter] };
      if (packaged()) yield packagedChromium(adapter);
    }
  }
}
