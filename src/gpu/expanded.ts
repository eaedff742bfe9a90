/**
 * How much a compiler has to do for a kernel. All that were looked at write out every call of a function, and their time
 * grows with what is then there: on SwiftShader faster than in proportion.
 */

/**
 * The most operations, calls written out, of a kernel that is compiled. SwiftShader takes 1 s of one core for 15,000, 10 s
 * for 55,000 and more than a minute for 100,000; of GPUs' compilers nothing is known here but that they are not without
 * end either.
 */
export const mostOperations = { software: 60_000, hardware: 600_000 };

/**
 * How long a kernel compiles before it is named, in milliseconds. The short ones take less than a second, but on a machine
 * that is busy with other things.
 */
export const silence = (operations: number): number => (operations > 10_000 ? 2_000 : 20_000);

/** Operations of an entry point with every call written out. */
export function expandedOperations(code: string, entryPoint = "main"): number {
  const bodies = new Map<string, string>();
  for (const piece of code
    .replace(/\/\/.*/g, "")
    .split(/\bfn\s+/)
    .slice(1)) {
    let depth = 0;
    let end = 0;
    for (const { 0: brace, index } of piece.matchAll(/[{}]/g)) {
      depth += brace === "{" ? 1 : -1;
      end = index;
      if (depth === 0) break;
    }
    bodies.set(/^\w*/.exec(piece)![0], piece.slice(piece.indexOf("{"), end));
  }
  const sizes = new Map<string, number>();
  const sizeOf = (name: string): number => {
    const known = sizes.get(name);
    if (known !== undefined) return known;
    sizes.set(name, 0);
    let size = 0;
    for (const [, called] of (bodies.get(name) ?? "").matchAll(/(\w+)\s*\(|[-+*/%&|^<>]/g)) {
      size += called && bodies.has(called) ? sizeOf(called) : 1;
    }
    sizes.set(name, size);
    return size;
  };
  return sizeOf(entryPoint);
}
