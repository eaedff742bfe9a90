/** HDF5 files made by h5wasm itself, in its own file system. */
import type { File, Group } from "h5wasm";

let made = 0;

export async function makeHdf5(fill: (file: File) => void): Promise<Uint8Array> {
  const library = await import("h5wasm");
  const { FS } = (await library.ready) as unknown as { FS: { readFile(name: string): Uint8Array } };
  const name = `/made-${made++}`;
  const file = new library.File(name, "w");
  fill(file);
  file.close();
  return FS.readFile(name).slice();
}

/** The file that test/files/data/make.py makes as cell.nwb, as far as h5wasm writes it. */
export const makeNwb = (): Promise<Uint8Array> =>
  makeHdf5((file) => {
    file.create_attribute("nwb_version", "2.6.0");
    const units = file.create_group("units");
    units.create_dataset({ name: "spike_times", data: Float64Array.of(0.5125, 0.53, 0.61, 0.52, 0.7) });
    units.create_dataset({ name: "spike_times_index", data: Uint8Array.of(3, 5) });
    units.create_dataset({ name: "id", data: Int32Array.of(7, 9) });
    const current = file.create_group("stimulus").create_group("presentation").create_group("current");
    const pA = Int16Array.from({ length: 4000 }, (_, i) => i - 100);
    const data = current.create_dataset({ name: "data", data: pA, chunks: [500], compression: "gzip" });
    data.create_attribute("unit", "amperes");
    data.create_attribute("conversion", 1e-12);
    const begin = current.create_dataset({ name: "starting_time", data: Float64Array.of(0.5), shape: [] });
    begin.create_attribute("rate", Float32Array.of(10000), []);
    begin.create_attribute("unit", "seconds");
    const voltage = file.create_group("acquisition").create_group("voltage");
    const recorded = voltage.create_dataset({ name: "data", data: Float64Array.of(10, 20, 40) });
    recorded.create_attribute("unit", "volts");
    recorded.create_attribute("conversion", Float32Array.of(1e-3), []);
    recorded.create_attribute("offset", Float64Array.of(-0.07), []);
    const stamps = voltage.create_dataset({ name: "timestamps", data: Float64Array.of(0.25, 0.5, 0.75) });
    stamps.create_attribute("unit", "seconds");
    const channels: [string, number[]][] = [
      ["electrodes", [2, 0.5]],
      ["factors", [1, 1, 1]],
    ];
    for (const [name, factors] of channels) {
      const series = file.get("acquisition") as Group;
      const of = series.create_group(name);
      const data = of.create_dataset({ name: "data", data: Int16Array.of(1, 10, 2, 20, 3, 30), shape: [3, 2] });
      data.create_attribute("unit", "volts");
      data.create_attribute("conversion", 1e-3);
      data.create_attribute("offset", 0.25);
      const conversion = of.create_dataset({ name: "channel_conversion", data: Float32Array.from(factors) });
      conversion.create_attribute("axis", Int32Array.of(1), []);
      const begin = of.create_dataset({ name: "starting_time", data: Float64Array.of(0), shape: [] });
      begin.create_attribute("rate", Float32Array.of(4), []);
      begin.create_attribute("unit", "seconds");
    }
  });

/** The same as intervals.nwb, but for the order of bytes. */
export const makeIntervals = (): Promise<Uint8Array> =>
  makeHdf5((file) => {
    file.create_attribute("nwb_version", "2.7.0");
    const units = file.create_group("units");
    units.create_dataset({ name: "spike_times", data: Float64Array.of(0.5125, 0.53, 0.61, 0.52, 0.7) });
    units.create_dataset({ name: "spike_times_index", data: Uint16Array.of(3, 5) });
    units.create_dataset({ name: "id", data: Int32Array.of(7, 9) });
    const data = Float64Array.of(0.5, 0.9, 0.5, 0.6, 0.6, 0.75, 0.8, 0.9);
    units.create_dataset({ name: "obs_intervals", data, shape: [4, 2] });
    units.create_dataset({ name: "obs_intervals_index", data: Uint8Array.of(1, 4) });
  });

export const makeSonata = (): Promise<Uint8Array> =>
  makeHdf5((file) => {
    const spikes = file.create_group("spikes");
    const populations: [string, number[], number[]][] = [
      ["V1", [20.5, 3.25, 11], [2, 0, 2]],
      ["LGN", [1], [5]],
    ];
    for (const [name, when, who] of populations) {
      const population = spikes.create_group(name);
      const stamps = population.create_dataset({ name: "timestamps", data: Float64Array.from(when) });
      stamps.create_attribute("units", "milliseconds");
      population.create_dataset({ name: "node_ids", data: BigUint64Array.from(who, BigInt) });
    }
  });
