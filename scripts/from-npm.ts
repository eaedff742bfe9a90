/** Programs that npm's packages hold, fetched into a folder of the user's, outside of every project. */
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** The folder for what is fetched: made where it is not there. */
export function cacheFolder(name: string): string {
  const folder = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "saltation", name);
  mkdirSync(folder, { recursive: true });
  return folder;
}

/**
 * Installs a package, or finds it installed.
 * @param wanted its name and version, as `npm install` takes them.
 * @returns the package's folder.
 * @throws Error where npm cannot fetch it.
 */
export function fromNpm(name: string, wanted: string): string {
  const folder = cacheFolder(`${name.replace(/^\W+/, "").replace(/\W+/g, "-")}-${wanted}`);
  const options = ["--prefix", folder, "--no-save", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"];
  execFileSync("npm", ["install", ...options, `${name}@${wanted}`], { stdio: ["ignore", "ignore", "inherit"] });
  return join(folder, "node_modules", name);
}
