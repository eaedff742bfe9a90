/** Sound as spikes: WAV files, the filters' gain, the neurons' times, and which channels hear a tone. */
import { describe, expect, it } from "vitest";
import { centres, cochlea, gammatone, leakyIntegrate } from "../../src/data/cochlea.js";
import { readWav } from "../../src/files/wav.js";

interface WavForm {
  rate?: number;
  channels?: number;
  bits?: number;
  format?: number;
}

/** A WAV file of samples in [-1, 1), those of its channels in turn. */
function wav(
  samples: readonly number[],
  { rate = 16000, channels = 1, bits = 16, format = 1 }: WavForm = {},
): Uint8Array {
  const width = bits / 8;
  const bytes = new Uint8Array(46 + 4 + samples.length * width);
  const view = new DataView(bytes.buffer);
  const text = (at: number, word: string): void => bytes.set(new TextEncoder().encode(word), at);
  text(0, "RIFF");
  view.setUint32(4, bytes.length - 8, true);
  text(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, format, true);
  view.setUint16(22, channels, true);
  view.setUint32(24, rate, true);
  view.setUint32(28, rate * channels * width, true);
  view.setUint16(32, channels * width, true);
  view.setUint16(34, bits, true);
  // A chunk of odd length that is passed over, and padded.
  text(36, "LIST");
  view.setUint32(40, 1, true);
  // 44: its byte, 45: the pad; the rest shifts by 10.
  const out = new Uint8Array(54 + samples.length * width);
  out.set(bytes.subarray(0, 46));
  const data = new DataView(out.buffer);
  out.set(new TextEncoder().encode("data"), 46);
  data.setUint32(50, samples.length * width, true);
  samples.forEach((x, n) => {
    const at = 54 + n * width;
    if (format === 3) {
      if (bits === 32) data.setFloat32(at, x, true);
      else data.setFloat64(at, x, true);
    } else if (bits === 8) data.setUint8(at, 128 + 128 * x);
    else {
      const value = Math.round(x * 2 ** (bits - 1));
      for (let b = 0; b < width; b++) data.setUint8(at + b, (value >> (8 * b)) & 255);
    }
  });
  return out;
}

const tone = (hertz: number, seconds: number, rate = 16000): number[] =>
  Array.from({ length: seconds * rate }, (_, n) => 0.5 * Math.sin((2 * Math.PI * hertz * n) / rate));

describe("WAV files", () => {
  it("are read in every format, channels averaged", () => {
    const samples = [0.5, -0.25, 0.75, -1];
    for (const bits of [8, 16, 24, 32]) expect([...readWav(wav(samples, { bits })).samples]).toEqual(samples);
    for (const bits of [32, 64]) expect([...readWav(wav(samples, { bits, format: 3 })).samples]).toEqual(samples);
    expect(readWav(wav(samples, { channels: 2, rate: 8000 }))).toEqual({
      rate: 8000,
      samples: Float64Array.of(0.125, -0.125),
    });
  });

  it("are refused where they lie", async () => {
    const good = wav([0.5, 0.25]);
    const changed = (at: number, ...values: number[]): Uint8Array => {
      const bytes = good.slice();
      bytes.set(values, at);
      return bytes;
    };
    const refused = (bytes: Uint8Array, message: string) =>
      expect(cochlea([good, bytes])).rejects.toThrow(`files[1]: the file ${message}`);
    await refused(changed(0, 1), "is no WAV file (RIFF, WAVE)");
    await refused(changed(20, 7), "has 16 bits in format 7, which is not read; save it as PCM of 16 bits");
    await refused(changed(22, 0), "has a format that is damaged (0 channels, 16000 Hz, 2 bytes)");
    await refused(changed(46, 1), "has no samples; save it again");
    await refused(good.subarray(0, 56), "ends after 2 of 4 bytes; copy it again");
    await refused(changed(12, 1), "has samples before their format; save it again");
    await refused(wav([Number.NaN], { bits: 32, format: 3 }), "has NaN as sample 0; save it again");
  });
});

describe("a cochlea", () => {
  it("has centres from low to high, closer together below", () => {
    const found = centres(5, 100, 4000);
    expect(found[0]).toBeCloseTo(100, 9);
    expect(found[4]).toBeCloseTo(4000, 9);
    const steps = [1, 2, 3, 4].map((c) => found[c]! - found[c - 1]!);
    expect([...steps].sort((a, b) => a - b)).toEqual(steps);
    // 21.4 log10(1 + 0.00437 f): the middle by its own scale.
    expect(found[2]).toBeCloseTo((Math.sqrt((1 + 0.437) * (1 + 0.00437 * 4000)) - 1) / 0.00437, 8);
  });

  it("filters with the gain of its four poles", () => {
    const [rate, centre, hertz] = [16000, 1000, 1150];
    const samples = Float64Array.from(tone(hertz, 0.25));
    const out = gammatone({ rate, samples }, centre);
    // Of a tone at f, the part that is shifted to f - centre, and the one at f + centre, through poles at `keep`.
    const keep = Math.exp((-2 * Math.PI * 1.019 * 24.7 * (1 + 0.00437 * centre)) / rate);
    const gain = (f: number): number => {
      const angle = (2 * Math.PI * f) / rate;
      return ((1 - keep) / Math.hypot(1 - keep * Math.cos(angle), keep * Math.sin(angle))) ** 4;
    };
    const peak = out.slice(2000).reduce((most, x) => Math.max(most, Math.abs(x)), 0);
    // The mirror image adds its own gain, and samples may miss the peak by (pi · 1150 / 16000)² / 2.
    expect(Math.abs(peak / 0.5 - gain(hertz - centre))).toBeLessThan(
      gain(hertz + centre) + 0.026 * gain(hertz - centre),
    );
  });

  it("spikes where a leaky integrator reaches 1", () => {
    const [tau, refractory, d, dt] = [0.005, 0.001, 1.7, 1e-3];
    const times = leakyIntegrate(new Float64Array(50).fill(d), dt, { tau, refractory });
    const interval = tau * Math.log(d / (d - 1));
    expect(times).toHaveLength(Math.floor((0.05 + refractory) / (interval + refractory)));
    times.forEach((t, n) => {
      expect(t).toBeCloseTo((n + 1) * interval + n * refractory, 12);
    });
    // A drive that changes within: from v = a of the first sample on.
    const [a, b] = [0.9, 3];
    const v = a * (1 - Math.exp(-dt / tau));
    expect(leakyIntegrate(Float64Array.of(a, b, b), dt, { tau, refractory })[0]).toBeCloseTo(
      dt + tau * Math.log((b - v) / (b - 1)),
      12,
    );
    expect(leakyIntegrate(new Float64Array(50).fill(1), dt, { tau, refractory })).toEqual([]);
  });

  it("hears a tone at its place, and silence not at all", async () => {
    const options = { channels: 16, low: 200, high: 6000, labels: [3, 4], scale: 1000 };
    const data = await cochlea([wav(tone(1000, 0.2)), wav(Array(400).fill(0))], options);
    expect(data).toMatchObject({ count: 2, sourceCount: 16, labels: Int32Array.of(3, 4) });
    expect(data.offsets[2]).toBe(data.offsets[1]);
    const counts = new Uint32Array(16);
    for (const source of data.sources) counts[source]!++;
    const place = centres(16, 200, 6000).reduce(
      (best, f, c, all) => (Math.abs(f - 1000) < Math.abs(all[best]! - 1000) ? c : best),
      0,
    );
    expect(counts.indexOf(Math.max(...counts))).toBe(place);
    expect(counts[15]).toBe(0);
    expect(data.times[data.times.length - 1]).toBeLessThan(200);
    expect(data.times[data.times.length - 1]).toBeGreaterThan(180);
  });

  it("refuses channels that the sampling rate does not hold", async () => {
    const slow = wav([0.5], { rate: 8000 });
    await expect(cochlea([wav([0.5]), slow], { high: 5000 })).rejects.toThrow(
      "high: 5000 Hz is not below half the sampling rate of files[1], 8000 Hz; lower it",
    );
    await expect(cochlea([slow], { low: 4000 })).rejects.toThrow("high: expected a frequency above low = 4000 Hz");
  });
});
