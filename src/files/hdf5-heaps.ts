/**
 * A look at the collections of an HDF5 file that hold rows of different lengths and texts (global heaps), before the library
 * sees them: in one whose objects do not fill it, it goes round for ever. (HDF5 file format specification 3.0, III.E.)
 */

const signature = [0x47, 0x43, 0x4f, 0x4c, 1, 0, 0, 0]; // GCOL, version 1

/** @throws Error that goes on from the file's name. */
export function checkHeaps(bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // Widths of places and lengths stand in the superblock, after its version.
  const widths = bytes[8]! < 2 ? [bytes[13], bytes[14]] : [bytes[9], bytes[10]];
  if (bytes.length < 16 || widths[0] !== 8 || widths[1] !== 8) {
    throw new Error("is an HDF5 file that is damaged, or cut short; copy it again");
  }
  for (let at = bytes.indexOf(0x47); at >= 0; at = bytes.indexOf(0x47, at + 1)) {
    if (signature.every((b, i) => bytes[at + i] === b) && !isFilled(view, at)) {
      throw new Error("is an HDF5 file whose rows or texts are damaged; copy or save it again");
    }
  }
}

/** Whether the objects of a collection follow on one another to its end, or leave less than the head of one. */
function isFilled(view: DataView, begin: number): boolean {
  if (begin + 16 > view.byteLength) return false;
  const size = Number(view.getBigUint64(begin + 8, true));
  const end = begin + size;
  if (!(size >= 16 && end <= view.byteLength)) return false;
  let at = begin + 16;
  while (at + 16 <= end) {
    const index = view.getUint16(at, true);
    const length = Number(view.getBigUint64(at + 8, true));
    // The first index is of what is free, whose length counts its own head.
    const taken = index === 0 ? length : 16 + 8 * Math.ceil(length / 8);
    if (!(taken >= 16 && at + taken <= end)) return false;
    at += taken;
  }
  return true;
}
