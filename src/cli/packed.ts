/** Arrays of numbers in JSON, bit by bit: base64 of what they hold, little-endian, under the name of their type. */

const kinds = { f64: Float64Array, f32: Float32Array, i32: Int32Array } as const;
type Kind = keyof typeof kinds;

const kindOf = (value: unknown): Kind | undefined =>
  (Object.keys(kinds) as Kind[]).find((kind) => value instanceof kinds[kind]);

/** A value with its arrays of numbers packed. */
export function packed(value: unknown): unknown {
  const kind = kindOf(value);
  if (kind) {
    const { buffer, byteOffset, byteLength } = value as Float64Array;
    return { [kind]: Buffer.from(buffer, byteOffset, byteLength).toString("base64") };
  }
  if (Array.isArray(value)) return value.map(packed);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, packed(v)]));
}

/** The value again. @throws Error where an array is not of whole numbers of its type. */
export function unpacked(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unpacked);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value);
  const [key, data] = entries[0] ?? [];
  if (entries.length === 1 && typeof data === "string" && Object.hasOwn(kinds, key!)) {
    const bytes = Uint8Array.from(Buffer.from(data, "base64"));
    return new kinds[key as Kind](bytes.buffer);
  }
  return Object.fromEntries(entries.map(([k, v]) => [k, unpacked(v)]));
}
