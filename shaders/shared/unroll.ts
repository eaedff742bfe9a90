/** Repeats a piece of WGSL `count` times: values that must live in registers are separate variables, not an array. */
export function unroll(count: number, piece: (i: number) => string): string {
  return Array.from({ length: count }, (_, i) => piece(i)).join("\n");
}

/** The same from the last to the first. */
export function unrollDown(count: number, piece: (i: number) => string): string {
  return Array.from({ length: count }, (_, i) => piece(count - 1 - i)).join("\n");
}
