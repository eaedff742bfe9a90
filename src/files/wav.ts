/**
 * WAV files (RIFF/WAVE, Microsoft & IBM 1991): PCM of 8, 16, 24 and 32 bits, floats of 32 and 64 bits, any number of channels, which
 * are averaged.
 */
import { limits } from "./limits.js";

export interface Sound {
  /** Samples by second. */
  readonly rate: number;
  /** [samples]; integers as fractions of their range, [-1, 1). */
  readonly samples: Float64Array;
}

const pcm = 1;
const float = 3;
const extensible = 0xfffe;

type Read = (view: DataView, at: number) => number;

/** How a sample is read, by format and bits. */
const readers: Readonly<Record<string, Read>> = {
  [`${pcm}/8`]: (v, at) => (v.getUint8(at) - 128) / 2 ** 7,
  [`${pcm}/16`]: (v, at) => v.getInt16(at, true) / 2 ** 15,
  [`${pcm}/24`]: (v, at) => (v.getUint8(at) + v.getInt16(at + 1, true) * 256) / 2 ** 23,
  [`${pcm}/32`]: (v, at) => v.getInt32(at, true) / 2 ** 31,
  [`${float}/32`]: (v, at) => v.getFloat32(at, true),
  [`${float}/64`]: (v, at) => v.getFloat64(at, true),
};

interface Format {
  readonly read: Read;
  readonly channels: number;
  readonly rate: number;
  readonly bytes: number;
}

function formatOf(view: DataView): Format {
  if (view.byteLength < 16) throw new Error("has a format that is cut short; save it again");
  let format = view.getUint16(0, true);
  const [channels, rate, block, bits] = [
    view.getUint16(2, true),
    view.getUint32(4, true),
    view.getUint16(12, true),
    view.getUint16(14, true),
  ];
  // The format proper is then the first word of an identifier.
  if (format === extensible && view.byteLength >= 26) format = view.getUint16(24, true);
  const read = readers[`${format}/${bits}`];
  if (!read) {
    throw new Error(`has ${bits} bits in format ${format}, which is not read; save it as PCM of 16 bits`);
  }
  if (channels === 0 || rate === 0 || block !== (channels * bits) / 8) {
    throw new Error(`has a format that is damaged (${channels} channels, ${rate} Hz, ${block} bytes); save it again`);
  }
  return { read, channels, rate, bytes: bits / 8 };
}

/** @throws Error that goes on from the file's name. */
export function readWav(bytes: Uint8Array): Sound {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = (at: number): string => String.fromCharCode(...bytes.subarray(at, at + 4));
  if (bytes.length < 12 || text(0) !== "RIFF" || text(8) !== "WAVE") throw new Error("is no WAV file (RIFF, WAVE)");
  let format: Format | undefined;
  for (let at = 12; at + 8 <= bytes.length; ) {
    const [name, said, from] = [text(at), view.getUint32(at + 4, true), at + 8];
    const length = Math.min(said, bytes.length - from);
    if (name === "fmt ") format = formatOf(new DataView(bytes.buffer, bytes.byteOffset + from, length));
    if (name === "data") {
      if (!format) throw new Error("has samples before their format; save it again");
      // Programs that write to a pipe do not know the length, and say the most that there is.
      if (said > length && said < 0xfffffff0 - 64)
        throw new Error(`ends after ${length} of ${said} bytes; copy it again`);
      return { rate: format.rate, samples: samplesOf(view, from, length, format) };
    }
    at = from + length + (length & 1);
  }
  throw new Error("has no samples; save it again");
}

function samplesOf(view: DataView, from: number, length: number, { read, channels, bytes }: Format): Float64Array {
  const frames = Math.floor(length / (channels * bytes));
  if (frames * channels > limits.numbers) {
    throw new Error(`holds ${frames * channels} samples; at most ${limits.numbers} are read, cut it`);
  }
  const samples = new Float64Array(frames);
  for (let n = 0; n < frames; n++) {
    let sum = 0;
    for (let c = 0; c < channels; c++) sum += read(view, from + (n * channels + c) * bytes);
    samples[n] = sum / channels;
    if (!Number.isFinite(samples[n])) throw new Error(`has ${samples[n]} as sample ${n}; save it again`);
  }
  return samples;
}
