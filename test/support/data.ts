/** Reads reference values that lie beside a checkout; undefined where they are absent. */
export async function readSharedJson(name: string): Promise<unknown> {
  if (typeof process !== "undefined" && process.versions?.node) {
    const { existsSync, readFileSync } = await import("node:fs");
    const file = new URL(`../../../shared/data/${name}`, import.meta.url);
    return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : undefined;
  }
  const { commands } = await import("vitest/browser");
  try {
    return JSON.parse(await commands.readFile(`../../../shared/data/${name}`));
  } catch {
    return undefined;
  }
}
