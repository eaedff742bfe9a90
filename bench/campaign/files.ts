import type { Runner } from "./kinds.js";
export async function openFiles(_folder: string): Promise<Runner> {
  throw new Error("todo");
}
