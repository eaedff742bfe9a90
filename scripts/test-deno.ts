/**
 * The GPU tests on a second implementation of WebGPU: `npm run test:deno`, with names of test files to run only those.
 * Deno, from npm, brings wgpu, which runs on the CPU by Mesa's lavapipe: the driver that VK_DRIVER_FILES names, or the
 * one of the system, or else Debian's package, unpacked into a cache and not installed. Where none is to be had the
 * reason is printed and nothing is tested.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cacheFolder, fromNpm } from "./from-npm.js";

const denoVersion = "2.9.6";
const drivers = "usr/share/vulkan/icd.d";
const description = "lvp_icd.x86_64.json";
const packages = ["mesa-vulkan-drivers", "libvulkan1"];

/** Debian's packages of the driver and the loader. @returns variables by which a process finds them. */
function unpacked(): Record<string, string> {
  const folder = cacheFolder("lavapipe");
  const libraries = join(folder, "usr/lib/x86_64-linux-gnu");
  const found = join(folder, description);
  if (!existsSync(found)) {
    const run = (program: string, ...args: string[]): string =>
      execFileSync(program, args, { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
    try {
      run("apt-get", "download", ...packages);
    } catch {
      run("apt-get", "update"); // there may be no lists of packages yet
      run("apt-get", "download", ...packages);
    }
    for (const file of readdirSync(folder)) if (file.endsWith(".deb")) run("dpkg", "-x", file, ".");
    const driver = join(libraries, "libvulkan_lvp.so");
    const missing = run("ldd", driver).match(/\S+(?= => not found)/g);
    if (missing) throw new Error(`the driver needs ${missing.join(", ")}: apt-get install ${packages.join(" ")}`);
    const { ICD, ...rest } = JSON.parse(readFileSync(join(folder, drivers, description), "utf8"));
    writeFileSync(found, JSON.stringify({ ...rest, ICD: { ...ICD, library_path: driver } }));
  }
  return { VK_DRIVER_FILES: found, LD_LIBRARY_PATH: libraries };
}

/** Variables by which Deno finds a driver. @throws Error where there is none. */
function driver(): Record<string, string> {
  if (process.env.VK_DRIVER_FILES) return {};
  const installed = join("/", drivers, description);
  return existsSync(installed) ? { VK_DRIVER_FILES: installed } : unpacked();
}

let deno: string;
let variables: Record<string, string>;
try {
  if (process.platform !== "linux" || process.arch !== "x64") throw new Error("Linux on x64 is needed");
  deno = join(fromNpm("@deno/linux-x64-glibc", denoVersion), "deno");
  variables = driver();
} catch (error) {
  const { message, stderr } = error as Error & { stderr?: string };
  console.log(`GPU tests on Deno skipped: ${stderr?.trim().split("\n")[0] || message}`);
  process.exit();
}
const files = process.argv.slice(2);
// A process a file: a panic of Deno's fails that file alone.
const vitest = ["node_modules/vitest/vitest.mjs", "run", "--project=dawn", "--pool=forks", "--isolate"];
const { status } = spawnSync(deno, ["run", "-A", ...vitest, ...(files.length > 0 ? files : [".gpu.test.ts"])], {
  env: { ...process.env, ...variables, DENO_NO_UPDATE_CHECK: "1" },
  stdio: "inherit",
});
process.exitCode = status ?? 1;
