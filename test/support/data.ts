/** Reference values that lie beside a checkout, for tests in Node and in the browser. */
import { inject } from "vitest";

declare module "vitest" {
  interface ProvidedContext {
    /** Folder of the reference values, with a slash at its end. */
    sharedData: string;
  }
}

/** Reads a file of reference values; undefined where it is absent. */
export async function readSharedJson(name: string): Promise<unknown> {
  const file = `${inject("sharedData")}${name}`;
  if (typeof process !== "undefined" && process.versions?.node) {
    const { existsSync, readFileSync } = await import("node:fs");
    return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : undefined;
  }
  const { commands } = await import("vitest/browser");
  let text: string;
  try {
    text = await commands.readFile(file);
  } catch {
    return undefined;
  }
  return JSON.parse(text);
}
