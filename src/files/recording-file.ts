/** What all kinds of files of recordings have in common: what is inside, spike trains and time series by name. */
import type { SpikeTrains } from "./spike-trains.js";

/** A time series as a file holds it: of one or several channels, in its own units. */
export interface Series {
  /** [samples, channels], as stored; a value is `stored · conversion · channelConversion + offset` in `unit`. */
  readonly stored: Float64Array;
  readonly channels: number;
  readonly conversion: number;
  /** Whether the file has the conversion as a float32, which rounds powers of ten. */
  readonly singleConversion: boolean;
  /** A factor for each channel, where the file has them. */
  readonly channelConversion?: Float64Array;
  readonly offset: number;
  /** As the file names it; undefined where it names none. */
  readonly unit: string | undefined;
  /** The time of the first sample, and samples in a unit of time. */
  readonly start: number;
  readonly rate: number;
  readonly timeUnit: string;
}

/** A line of what a file holds. */
export interface Entry {
  /** By which a job names it; "" is the file's only table. */
  readonly key: string;
  readonly what: "spike trains" | "time series" | "numbers" | "text" | "link";
  /** How large it is, in words. */
  readonly size: string;
  /** The unit of values, and that of time. */
  readonly unit?: string | undefined;
  readonly timeUnit?: string | undefined;
  /** What else there is to say, or why it cannot be read. */
  readonly note?: string | undefined;
  /** Of a time series: the time between samples, and the time of the first. */
  readonly dt?: number | undefined;
  readonly start?: number | undefined;
  /** Numbers of neurons in spike trains, the first few, and how many trials. */
  readonly neurons?: readonly number[] | undefined;
  readonly trials?: number | undefined;
  /** When the first unit of a file was observed, where it says that of its units, in words and in `timeUnit`. */
  readonly observed?: string | undefined;
  /** The first trial of which a table has a row, where it is not 0. */
  readonly firstTrial?: number | undefined;
}

export interface RecordingFile {
  /** What the file is, for people. */
  readonly format: string;
  /** Whether times are in a unit, which the file names or not, so that a job must say its own. */
  readonly physical: boolean;
  entries(): readonly Entry[];
  /**
   * @param key of an entry of spike trains; undefined where there is one only.
   * @throws Error that goes on from the file's name.
   */
  spikes(key: string | undefined): SpikeTrains;
  /** @throws Error that goes on from the file's name. */
  series(key: string): Series;
  /** Whether a key names a time series. */
  isSeries(key: string): boolean;
  /** An array of numbers, of one dimension or two. @throws Error that goes on from the file's name. */
  numbers(key: string): { readonly data: ArrayLike<number>; readonly shape: readonly number[] } | undefined;
  close(): void;
}
