import type { Runner } from "./kinds.js";
export async function openLinks(_folder: string): Promise<Runner> {
  throw new Error("todo");
}
