/** Data sets from files that are made here, and files that lie. */
import { readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { digits8x8, fashionMnist } from "../../src/data/images.js";
import { spikeData } from "../../src/data/spike-data.js";
import { spikeFile, writeSpikeFile } from "../../src/data/spike-file.js";
import { writeNpz } from "../../src/files/npz.js";

function idx(shape: number[], data: number[], type = 8): Uint8Array {
  const bytes = new Uint8Array(4 + 4 * shape.length + data.length);
  const view = new DataView(bytes.buffer);
  bytes.set([0, 0, type, shape.length]);
  shape.forEach((n, d) => {
    view.setUint32(4 + 4 * d, n);
  });
  bytes.set(data, 4 + 4 * shape.length);
  return bytes;
}

describe("images of idx files", () => {
  const images = idx([2, 2, 3], [0, 51, 255, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  const labels = idx([2], [7, 3]);

  it("come with their labels, packed or not, by path or as bytes", async () => {
    const path = join(tmpdir(), `saltation-idx-${process.pid}.gz`);
    writeFileSync(path, gzipSync(images));
    const data = await fashionMnist({ images: path, labels: gzipSync(labels) });
    expect(data).toMatchObject({ count: 2, size: 6, shape: [2, 3], labels: Int32Array.of(7, 3) });
    expect([...data.values.slice(0, 3)].map((v) => v * data.scale)).toEqual([0, 0.2, 1]);
    const last = await fashionMnist({ images, labels }, { from: 1 });
    expect([...last.values]).toEqual([4, 5, 6, 7, 8, 9]);
    expect([...last.labels]).toEqual([3]);
    await expect(fashionMnist({ images, labels }, { count: 3 })).rejects.toThrow(
      "count: expected a whole number from 0",
    );
  });

  it("are refused where they lie", async () => {
    const refused = (given: Uint8Array | string, message: string) =>
      expect(fashionMnist({ images: given, labels })).rejects.toThrow(`files.images: ${message}`);
    await refused("/nowhere/images", "cannot read /nowhere/images: ENOENT");
    await refused(tmpdir(), `${tmpdir()} is no regular file`);
    await refused(new Uint8Array(0), "the file is no idx file");
    await refused(idx([2, 2, 3], [1], 13), "the file holds numbers of type 13; only bytes (8) are read");
    await refused(images.subarray(0, 20), "the file holds 4 bytes where its shape [2, 2, 3] takes 12; copy it again");
    await refused(idx([2 ** 31, 2 ** 31, 2 ** 31], []), "the file holds 0 bytes where its shape");
    await refused(idx([0, 0, 0], []).fill(9, 3, 4), "the file has 9 dimensions");
    await refused(labels, "the file has 1 dimensions [2], and images have 3");
    await refused(gzipSync(images).subarray(0, 20), "the file is damaged, or cut short: it does not unpack");
    const wrong = gzipSync(images);
    wrong[wrong.length - 6]! ^= 1; // of its CRC
    await refused(wrong, "the file is damaged");
    await expect(fashionMnist({ images, labels: idx([3], [1, 2, 3]) })).rejects.toThrow(
      "files.labels: the file holds 3 labels of 2 images",
    );
  });

  it("do not unpack without end", async () => {
    const { gunzipped } = await import("../../src/files/gzip.js");
    const bomb = gzipSync(new Uint8Array(2 ** 20));
    await expect(gunzipped(bomb, 2 ** 16)).rejects.toThrow("unpacks to more than the 0.0625 MiB that are read at most");
  });
});

describe("digits", () => {
  const line = (pixel: string | number, label: string | number): string =>
    `${Array(64).fill(pixel).join(",")},${label}`;
  const text = (...lines: string[]): Uint8Array => new TextEncoder().encode(`${lines.join("\n")}\n`);

  it("are lines of 64 pixels and a label", async () => {
    const data = await digits8x8(gzipSync(text(line("16.0", "3.0"), line(4, 9))));
    expect(data).toMatchObject({ count: 2, size: 64, shape: [8, 8], labels: Int32Array.of(3, 9) });
    expect([data.values[0]! * data.scale, data.values[64]! * data.scale]).toEqual([1, 0.25]);
  });

  it("are refused where a line is none", async () => {
    const refused = (bytes: Uint8Array, message: string) => expect(digits8x8(bytes)).rejects.toThrow(message);
    await refused(text(line(1, 2), "1,2,3"), "file: the file has 3 columns in line 2, and digits have 64 pixels");
    await refused(text(line(17, 2)), 'file: the file has "17" in line 1, where a whole number from 0 to 16 is wanted');
    await refused(text(line(1, 10)), 'the file has "10" in line 1');
    await refused(text(line("", 1)), 'the file has "" in line 1');
    await refused(text(""), "file: the file is empty");
    await refused(Uint8Array.of(0xff, 0xd8, 0xff, 0), "file: the file is neither");
  });
});

describe("files of spikes", () => {
  it("of npz are read as they were written", async () => {
    const given = {
      offsets: [0, 2, 2, 3],
      times: [0.5, 0.25, 7],
      sources: [0, 1, 4],
      labels: [2, 0, 1],
      sourceCount: 6,
    };
    const data = spikeData(given);
    const bytes = writeSpikeFile(data);
    expect(await spikeFile(bytes, { sourceCount: 6 })).toEqual(data);
    const { labels: _, ...unlabelled } = data;
    expect(await spikeFile(writeSpikeFile(unlabelled), { scale: 2 })).toEqual({
      ...unlabelled,
      times: data.times.map((t) => 2 * t),
      sourceCount: 5,
    });
    await expect(spikeFile(bytes, { sourceCount: 4 })).rejects.toThrow(
      "file: the file holds a spike of source 4, and sourceCount is 4",
    );
    await expect(spikeFile(bytes, { labels: "digits" })).rejects.toThrow('file: the file has no labels "digits"');
  });

  it("of simulations are read too", async () => {
    const bytes = writeNpz({
      spike_times: { data: Float64Array.of(0.25, 0.5, 1, 1), shape: [2, 2] },
      spike_neurons: { data: Int32Array.of(3, 1, -1, -1), shape: [2, 2] },
      labels: { data: Int32Array.of(1, 0), shape: [2] },
    });
    expect(await spikeFile(bytes)).toEqual(
      spikeData({ offsets: [0, 2, 2], times: [0.25, 0.5], sources: [3, 1], labels: [1, 0], sourceCount: 4 }),
    );
  });

  it("of SHD come with rows of times and units", async () => {
    const data = await spikeFile(readFileSync("test/files/data/shd.h5"), { sourceCount: 700, scale: 1000 });
    expect(data).toMatchObject({ sourceCount: 700 });
    expect(data.count).toBeGreaterThan(1);
    expect(data.times.length).toBe(data.offsets[data.count]);
    await expect(spikeFile(readFileSync("test/files/data/shd.h5"), { key: "elsewhere" })).rejects.toThrow(
      'file: the file has no spike trains "elsewhere"',
    );
  });

  it("are refused where they are none", async () => {
    await expect(spikeFile(new TextEncoder().encode("{}"))).rejects.toThrow(
      "file: the file is text; spikes are read of npz and HDF5",
    );
    const bytes = writeNpz({
      offsets: { data: Int32Array.of(0, 2), shape: [2] },
      times: { data: Float64Array.of(1), shape: [1] },
      sources: { data: Int32Array.of(0), shape: [1] },
    });
    await expect(spikeFile(bytes)).rejects.toThrow("file: the file its spikes.offsets[1]: expected a whole number");
  });
});
