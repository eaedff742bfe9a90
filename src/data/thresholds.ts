/** Threshold code: where a signal crosses levels, upwards and downwards. */
import {
  checkOptions,
  fail,
  finiteNumber,
  finiteNumbers,
  isNumbers,
  list,
  type Names,
  type Numbers,
  positiveNumber,
  show,
} from "../checks.js";
import { SpikeBuilder } from "./spike-builder.js";
import { checkLabels, checkSourceCount, type SpikeData } from "./spike-data.js";

export interface ThresholdOptions {
  /** Levels, rising. */
  readonly thresholds: Numbers;
  /** Time between samples of the signal. */
  readonly dt: number;
  /** Time of its first sample; default 0. */
  readonly t0?: number;
  /** [signals] */
  readonly labels?: Numbers;
}

const names: Names<ThresholdOptions> = { thresholds: true, dt: true, t0: true, labels: true };

/** A signal: [time] of one channel, or [time][channels]. */
export type GivenSignal = Numbers | readonly Numbers[];

function channelsOf(field: string, signal: GivenSignal): Float64Array[] {
  list(field, signal as Numbers, "samples by time");
  if (signal.length === 0) return [new Float64Array(0)];
  if (!isNumbers(signal[0])) return [finiteNumbers(field, signal as Numbers, signal.length, "a signal")];
  const rows = signal as readonly Numbers[];
  const channels = rows[0]!.length;
  if (channels === 0) fail(`${field}[0]`, "is empty; a sample holds a number of each channel");
  const out = Array.from({ length: channels }, () => new Float64Array(rows.length));
  rows.forEach((row, n) => {
    const at = `${field}[${n}]`;
    finiteNumbers(at, list(at, row, "channels"), channels, "all samples").forEach((v, c) => {
      out[c]![n] = v;
    });
  });
  return out;
}

/**
 * Spikes where each channel c of a signal, taken as linear between its samples, crosses each threshold k of K: upwards of source
 * `2 (c K + k)`, downwards of the next. A signal is up where it is at the threshold or above. So its values at crossings are known
 * to a reader of the spikes.
 * @param signals one a sample: [time], or [time][channels], of any lengths.
 * @throws SaltationError `invalid-input`, also where signals have different numbers of channels.
 */
export function thresholds(signals: readonly GivenSignal[], options: ThresholdOptions): SpikeData {
  checkOptions("", options, names);
  if (!Array.isArray(signals)) fail("signals", `expected a list of signals, one a sample, got ${show(signals)}`);
  if (signals.length === 0) fail("signals", "is empty; one signal a sample is needed");
  const given = list("thresholds", options.thresholds, "levels");
  const levels = finiteNumbers("thresholds", given, given.length, "levels");
  if (levels.length === 0) fail("thresholds", "is empty; one level at least is needed");
  levels.forEach((level, k) => {
    if (k > 0 && !(level > levels[k - 1]!)) fail(`thresholds[${k}]`, `${level} is not above the one before it`);
  });
  const dt = positiveNumber("dt", options.dt);
  const t0 = finiteNumber("t0", options.t0 ?? 0);
  const labels = options.labels === undefined ? undefined : checkLabels("labels", options.labels, signals.length);
  const builder = new SpikeBuilder("signals", signals.length);
  let channels: number | undefined;
  signals.forEach((signal, s) => {
    const read = channelsOf(`signals[${s}]`, signal);
    channels ??= read.length;
    if (read.length !== channels) fail(`signals[${s}]`, `has ${read.length} channels, and signals[0] has ${channels}`);
    read.forEach((x, c) => {
      for (let n = 1; n < x.length; n++) {
        const [before, after] = [x[n - 1]!, x[n]!];
        if (before === after) continue;
        levels.forEach((level, k) => {
          const up = before < level && level <= after;
          if (!up && !(after < level && level <= before)) return;
          const place = (level - before) / (after - before);
          builder.add(t0 + dt * (n - 1 + place), 2 * (c * levels.length + k) + (up ? 0 : 1));
        });
      }
    });
    builder.endSample();
  });
  return builder.data(checkSourceCount("signals", 2 * channels! * levels.length), labels);
}
