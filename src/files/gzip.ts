/** Files packed by gzip (RFC 1952), within a limit: the runtime's own DecompressionStream unpacks, and checks the CRC. */
import { mebibytes } from "./limits.js";

const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

/**
 * A file's bytes, unpacked where gzip packed them.
 * @param most bytes that it may unpack to.
 * @throws Error that goes on from the file's name.
 */
export async function gunzipped(bytes: Uint8Array, most: number): Promise<Uint8Array> {
  if (!isGzip(bytes)) return bytes;
  const unpacked = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new DecompressionStream("gzip"));
  const reader = unpacked.getReader();
  const pieces: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read().catch(() => {
      throw new Error("is damaged, or cut short: it does not unpack (gzip); copy it again");
    });
    if (done) break;
    length += value.length;
    if (length > most) {
      await reader.cancel();
      throw new Error(`unpacks to more than the ${mebibytes(most)} that are read at most`);
    }
    pieces.push(value);
  }
  const out = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    out.set(piece, at);
    at += piece.length;
  }
  return out;
}
