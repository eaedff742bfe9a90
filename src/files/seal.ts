/** A checksum over what a file says, whatever the order of its keys: a number that was changed is told. */
import { crc32 } from "./zip.js";

/** JSON with the keys of objects in order. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_, v: unknown) =>
    v && typeof v === "object" && !Array.isArray(v)
      ? Object.fromEntries(Object.entries(v).sort(([a], [b]) => (a < b ? -1 : 1)))
      : v,
  );
}

/** CRC-32 of a value's canonical JSON, in 8 hexadecimal digits. It tells of accidents and edits, not of forgers. */
export const checksumOf = (value: object): string =>
  crc32(new TextEncoder().encode(canonical(value)))
    .toString(16)
    .padStart(8, "0");

/** An object with its checksum. */
export const sealed = <T extends object>(value: T): T & { readonly checksum: string } => ({
  ...value,
  checksum: checksumOf(value),
});

/** Whether an object is as it was when it was sealed. */
export function intact({ checksum, ...value }: Readonly<Record<string, unknown>>): boolean {
  return checksum === checksumOf(value);
}
