/** What runs the program. */

/** Deno has a WebGPU of its own, and calls itself Node too. */
export const inDeno = (): boolean => "Deno" in globalThis;

export const inNode = (): boolean => typeof process !== "undefined" && !!process.versions?.node;
