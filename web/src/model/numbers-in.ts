/** Parameters as numbers, one after the other. */

export function numbersIn(value: unknown): number[] {
  if (typeof value === "number") return [value];
  if (Array.isArray(value)) return value.flatMap(numbersIn);
  if (typeof value === "object" && value !== null) {
    // An edge is [from, to, weight].
    if ("edges" in value) return (value.edges as number[][]).map((e) => e[2]!);
    return Object.values(value).flatMap(numbersIn);
  }
  return [];
}
