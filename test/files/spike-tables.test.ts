/** Tables of spikes in npz, Parquet and CSV: the same bits whatever way they go, and nothing but tables. */
import { deflateRawSync, gzipSync } from "node:zlib";
import { parquetWriteBuffer } from "hyparquet-writer";
import { describe, expect, it } from "vitest";
import { openNpz, writeNpz } from "../../src/files/npz.js";
import { looksLikeSpikeCsv, readSpikeCsv, writeSpikeCsv } from "../../src/files/spike-csv.js";
import { readSpikeNpz, writeSpikeNpz } from "../../src/files/spike-npz.js";
import { readSpikeParquet, writeSpikeParquet } from "../../src/files/spike-parquet.js";
import type { SpikeTrains } from "../../src/files/spike-trains.js";
import { exponentOfTen, symbolOf, timesTenTo, unitOf } from "../../src/files/unit.js";
import { gunzip } from "../../src/files/zip.js";

/** Times whose bits are easily lost; the second and the last trial have no spike. */
const awkward: SpikeTrains = {
  times: Float64Array.of(-1e300, -5e-324, -0, 0, 5e-324, 0.1, 0.1 + 0.2, 1 / 3, 2 ** 53 + 2, 1.7976931348623157e308),
  neurons: Int32Array.of(0, 1, 0, 2, 1, 0, 2 ** 31 - 1, 3, 3, 0),
  starts: Int32Array.of(0, 4, 4, 10, 10),
  timeUnit: "ms",
};
const bits = ({ times, neurons, starts, timeUnit }: SpikeTrains) => ({
  times: Array.from(new BigUint64Array(Float64Array.from(times).buffer)),
  neurons: neurons && Array.from(neurons),
  starts: Array.from(starts),
  timeUnit,
});

it("gzip unpacks without a runtime's own, to what its size and CRC say and no more", () => {
  const data = Uint8Array.from({ length: 70_000 }, (_, i) => (i * i) % 251);
  const packed = Uint8Array.from(gzipSync(data));
  expect(gunzip(packed, data.length)).toEqual(data);
  for (const size of [data.length - 1, data.length + 1, 0])
    expect(() => gunzip(packed, size)).toThrow(/does not unpack/);
  for (const at of [40, 100, packed.length - 6]) {
    const damaged = packed.slice();
    damaged[at]! ^= 1;
    expect(() => gunzip(damaged, data.length)).toThrow(/does not unpack/);
  }
});

describe("round trips", () => {
  const ways: Record<string, (t: SpikeTrains) => SpikeTrains | Promise<SpikeTrains>> = {
    npz: (t) => readSpikeNpz(openNpz(writeSpikeNpz(t))),
    Parquet: async (t) => readSpikeParquet(await writeSpikeParquet(t)),
    CSV: (t) => readSpikeCsv(writeSpikeCsv(t)),
  };
  it.each(
    Object.keys(ways).flatMap((a) => Object.keys(ways).map((b) => [a, b] as const)),
  )("keep every bit: %s, then %s", async (a, b) => {
    expect(bits(await ways[b]!(await ways[a]!(awkward)))).toEqual(bits(awkward));
  });

  it("keep the slots and the end of a simulation, from npz to Parquet and back", async () => {
    const spike_times = { data: Float64Array.of(0.5, 2, 2, 0.1, 0.2, 2), shape: [2, 3] };
    const spike_neurons = { data: Int32Array.of(1, -1, -1, 0, 4, -1), shape: [2, 3] };
    const spike_counts = { data: Int32Array.of(1, 2), shape: [2] };
    const trains = readSpikeNpz(openNpz(writeNpz({ spike_times, spike_neurons, spike_counts })));
    const back = openNpz(writeSpikeNpz(await readSpikeParquet(await writeSpikeParquet(trains))));
    expect(back.read("spike_times")).toEqual(spike_times);
    expect(back.read("spike_neurons")).toEqual(spike_neurons);
    expect(back.read("spike_counts")).toEqual(spike_counts);
  });
});

describe("tables as text", () => {
  const trials = ({ times, neurons, starts, timeUnit }: SpikeTrains) => ({
    trials: Array.from({ length: starts.length - 1 }, (_, i) => Array.from(times.subarray(starts[i], starts[i + 1]))),
    neurons: neurons && Array.from(neurons),
    timeUnit,
  });
  it.each([
    ["0.2,1\n0.1,0\n", [[0.1, 0.2]], [0, 1], undefined],
    ["\ufeff0.1 0\r\n0.2 1\r\n".slice(1), [[0.1, 0.2]], [0, 1], undefined],
    ["# by hand\ntime_ms;neuron\n1e1;3\n", [[10]], [3], "ms"],
    ["neuron,time (s)\n3,.5\n", [[0.5]], [3], "s"],
    ['"trial"\t"time [us]"\n1\t5\n1\t4\n', [[], [4, 5]], undefined, "us"],
    ["time,neuron,trial\n,,1\n0.5,2,0\n", [[0.5], []], [2], undefined],
    ["senders,times\n4,7.5\n", [[7.5]], [4], undefined],
    ["# by hand\n# neuron,time_ms\n1,7\n0,5\n", [[5, 7]], [0, 1], "ms"],
    ["# trial neuron time\n\n0 3 7\n# a note\n1 4 2\n", [[7], [2]], [3, 4], undefined],
    ["# two words\n7 1\n", [[7]], [1], undefined],
    ["timestamps population node_ids\n7 left 1\n5 left 0\n", [[5, 7]], [0, 1], undefined],
    ["Time (ms), Neuron ID, Session\n7, 1, 2\n5, 0, 2\n", [[5, 7]], [0, 1], "ms"],
    ["trial,condition,time,neuron\n0,a,7,1\n1,b,5,0\n", [[7], [5]], [1, 0], undefined],
    [",time_s,neuron,depth\n0,7,1,0.3\n1,5,0,0.4\n", [[5, 7]], [0, 1], "s"],
    ["3.0 12.0\n4.0 15.0\n", [[3, 4]], [12, 15], undefined],
  ] as [string, number[][], number[] | undefined, string | undefined][])("are read: %j", (text, rows, owners, unit) => {
    expect(looksLikeSpikeCsv(text)).toBe(true);
    expect(trials(readSpikeCsv(text))).toEqual({ trials: rows, neurons: owners, timeUnit: unit });
  });

  it.each([
    [
      "0.1,0.5\n",
      /has in line 1 no whole number from 0 as its neuron; correct the row, or begin the table with a header/,
    ],
    ["time,neuron\n0.1\n", /has 1 columns in line 2, and 2 in its first/],
    ["time,neuron\nInfinity,0\n", /in line 2 no finite number as its time/],
    ["time,neuron\n0x10,0\n", /in line 2 no finite number as its time/],
    ["time,neuron\n1e999,0\n", /in line 2 no finite number as its time/],
    ["time,neuron\n0.1,-1\n", /in line 2 no whole number from 0 as its neuron/],
    ["time,trial\n0.1,4194304\n", /holds 4194305 trials; at most 4194304 are read/],
    ["1,2,3\n", /has 3 columns and no header/],
    ["secret,other\n1,2\n", /has a first row that names no column of times; call its columns time, neuron and trial$/],
    ["time,times\n1,2\n", /names no column of times/],
    ["# nothing\n", /holds no row/],
    [
      "timestamps population node_ids\n7 secret 1\n5 secrets 0\n",
      /has in line 3 another population; keep the rows of one/,
    ],
    ["time,neuron,session_id\n1,2,secret\n1,2,secrets\n", /has in line 3 another session; keep the rows of one/],
    [
      "time,neuron,trial,condition\n1,2,0,secret\n1,2,0,secrets\n",
      /has in line 3 another condition; keep the rows of one/,
    ],
    // Trains of several channels would be one.
    [
      "t,secret\n1,2\n",
      /^has no column of neurons, and others beside times; call it "neuron", or leave the others out$/,
    ],
    // NEST's gdf: the neuron first.
    [
      "3\t12.000\n4\t15.000\n",
      /^has a first column that counts, and a second that does not; begin it with "neuron,time"/,
    ],
  ])("are refused in one line: %j", (text, message) => {
    expect(() => readSpikeCsv(text)).toThrow(message);
    expect(() => readSpikeCsv(text)).not.toThrow(/secret/);
  });
});

describe("units", () => {
  it.each([
    ["s", "s", 0],
    ["seconds", "s", 0],
    ["milliseconds", "s", -3],
    ["µs", "s", -6],
    ["msec", "s", -3],
    ["amperes", "A", 0],
    ["pA", "A", -12],
    ["Volts", "V", 0],
    ["mV", "V", -3],
  ])("%s", (text, of, exponent) => {
    expect(unitOf(text)).toEqual({ of, exponent });
    expect(unitOf(symbolOf(unitOf(text)!))).toEqual({ of, exponent });
  });
  it.each(["", "Ms2", "PA", "unknown", "a.u.", "hours", "__proto__"])("none: %j", (text) => {
    expect(unitOf(text)).toBeUndefined();
  });
  it("are converted with one rounding", () => {
    expect(timesTenTo(0.1, 3)).toBe(100);
    expect(timesTenTo(35, -3)).toBe(0.035); // 35 · 0.001 is not
    expect(exponentOfTen(1e-12)).toBe(-12);
    expect(exponentOfTen(Math.fround(1e-12))).toBeUndefined();
    expect(exponentOfTen(Math.fround(1e-12), true)).toBe(-12);
    expect([0, -1, 2, Number.NaN].map((x) => exponentOfTen(x))).toEqual([undefined, undefined, undefined, undefined]);
  });
});

describe("Parquet", () => {
  const columns = (codec: "SNAPPY" | "UNCOMPRESSED", nullable: boolean) =>
    new Uint8Array(
      parquetWriteBuffer({
        codec,
        columnData: [
          { name: "spike_times", data: Array.from({ length: 64 }, (_, i) => (i % 5) / 8), type: "DOUBLE", nullable },
          { name: "node_ids", data: Array.from({ length: 64 }, (_, i) => BigInt(i % 3)), type: "INT64", nullable },
        ],
      }),
    );
  it("of several populations are refused", async () => {
    const of = (populations: string[] | number[], type: "STRING" | "DOUBLE") =>
      readSpikeParquet(
        new Uint8Array(
          parquetWriteBuffer({
            columnData: [
              { name: "timestamps", data: [1, 2], type: "DOUBLE" },
              { name: "population", data: populations, type },
            ],
          }),
        ),
      );
    expect((await of([3, 3], "DOUBLE")).times).toEqual(Float64Array.of(1, 2));
    for (const read of [of([3, 4], "DOUBLE"), of(["a", "b"], "STRING")])
      await expect(read).rejects.toThrow(
        "has a column population; keep the rows of one population, without the column",
      );
  });
  it("of a column that may be that of neurons is refused", async () => {
    const columnData = [
      { name: "time_ms", data: [1, 2], type: "DOUBLE" as const },
      { name: "channel", data: [3, 4], type: "INT32" as const },
    ];
    await expect(readSpikeParquet(new Uint8Array(parquetWriteBuffer({ columnData })))).rejects.toThrow(
      'has no column of neurons, and others beside times; call it "neuron", or leave the others out',
    );
    columnData[1]!.name = "unit_id";
    expect((await readSpikeParquet(new Uint8Array(parquetWriteBuffer({ columnData })))).neurons).toEqual(
      Int32Array.of(3, 4),
    );
  });
  it.each([true, false])("of others, by dictionary (nullable: %s)", async (nullable) => {
    for (const codec of ["SNAPPY", "UNCOMPRESSED"] as const) {
      const { times, neurons } = await readSpikeParquet(columns(codec, nullable));
      expect([...new Set(times)]).toEqual([0, 0.125, 0.25, 0.375, 0.5]);
      expect([...times].filter((t) => t === 0.5)).toHaveLength(12);
      expect([...neurons!].filter((n) => n === 0)).toHaveLength(22);
    }
  });

  const refusal = (bytes: Uint8Array): Promise<string> =>
    readSpikeParquet(bytes).then(
      () => "accepted",
      (error: Error) => error.message,
    );
  const withColumns = (columnData: Parameters<typeof parquetWriteBuffer>[0]["columnData"]) =>
    refusal(new Uint8Array(parquetWriteBuffer({ columnData })));

  it("is refused in one line where it is no table of spikes", async () => {
    expect(await withColumns([{ name: "v", data: [1, 2] }])).toMatch(/has the columns v; call them time, neuron/);
    expect(await withColumns([{ name: "time", data: ["a"] }])).toMatch(/a column "time".* no numbers/);
    expect(await withColumns([{ name: "time", data: [new Date(0)] }])).toMatch(/TIMESTAMP.*, and no numbers/);
    expect(await withColumns([{ name: "time", data: [1, null], type: "DOUBLE" }])).toMatch(/rows without a number/);
    expect(await withColumns([{ name: "time", data: [1, Number.NaN], type: "DOUBLE" }])).toMatch(
      /NaN as the time in row 1/,
    );
    expect(
      await withColumns([
        { name: "time", data: [1], type: "DOUBLE" },
        { name: "neuron", data: [-1], type: "INT32" },
      ]),
    ).toMatch(/in row 0 no whole number from 0 to 2\^31 - 1 as its neuron/);
  });

  it("is refused where it is cut short, or its footer lies", async () => {
    const whole = columns("SNAPPY", true);
    expect(await refusal(whole.subarray(0, whole.length - 3))).toMatch(/^is a Parquet file that is cut short/);
    expect(await refusal(whole.subarray(0, 8))).toMatch(/cut short/);
    const footer = (length: number, size = whole.length) => {
      const bytes = new Uint8Array(size);
      bytes.set(whole.subarray(0, 100));
      new DataView(bytes.buffer).setUint32(size - 8, length, true);
      bytes.set(whole.subarray(whole.length - 4), size - 4);
      return bytes;
    };
    expect(await refusal(footer(2 ** 31))).toMatch(/cut short/);
    expect(await refusal(footer(2 ** 22 + 1, 2 ** 23))).toMatch(/a footer of 4.00 MiB; at most 4.00 MiB are read/);
    // An integer without an end, at which a reader of big integers works for hours.
    expect(await refusal(footer(2 ** 21, 2 ** 22).fill(0xff, 2 ** 20, 2 ** 22 - 8))).toMatch(/an integer has no end$/);
  });

  it("with a byte changed is read within what the file says, or refused in one line", async () => {
    for (const whole of [columns("UNCOMPRESSED", true), columns("SNAPPY", false)]) {
      for (let at = 4; at < whole.length; at += 3) {
        for (const value of [0xff, 0x7f]) {
          const bytes = whole.slice();
          bytes[at] = value;
          try {
            expect((await readSpikeParquet(bytes)).times.length).toBeLessThanOrEqual(64);
          } catch (error) {
            expect((error as Error).message).toMatch(/^(is|has|holds) .{1,300}$/);
          }
        }
      }
    }
  });

  it("packed in a way that is not read is refused with another", async () => {
    const columnData = [{ name: "time", data: [1, 2, 3, 4], type: "DOUBLE" as const }];
    const compressors = { LZ4_RAW: (page: Uint8Array) => page.slice(1) };
    const file = new Uint8Array(parquetWriteBuffer({ columnData, codec: "LZ4_RAW", compressors }));
    expect(await refusal(file)).toBe(
      'has a column "time" that cannot be read: is packed by LZ4_RAW, which is not read; save it with snappy or gzip',
    );
  });

  it("that unpacks to more than it says is stopped", async () => {
    // GZIP is Node's, which is told how much there may be.
    const zeros = deflateRawSync(new Uint8Array(2 ** 20));
    const gzip = new Uint8Array(18 + zeros.length);
    gzip.set([0x1f, 0x8b, 8]);
    gzip.set(zeros, 10);
    const compressors = { GZIP: () => gzip };
    const columnData = [{ name: "time", data: Array.from({ length: 64 }, (_, i) => i / 3), type: "DOUBLE" as const }];
    const file = new Uint8Array(parquetWriteBuffer({ columnData, codec: "GZIP", compressors }));
    expect(await refusal(file)).toMatch(/a column "time" that cannot be read: Cannot create a Buffer larger than/);
  });
});
