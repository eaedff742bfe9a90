/**
 * Sound as spikes, as a cochlea gives them: a bank of gammatone filters, hair cells that rectify and compress, and a leaky
 * integrate-and-fire neuron for each. A plain model of the kind that SHD's is (B. Cramer, Y. Stradmann, J. Schemmel & F. Zenke, The
 * Heidelberg spiking data sets for the systematic evaluation of spiking neural networks, IEEE TNNLS 2020), without its basilar
 * membrane, whose sections act on one another, and without its bushy cells.
 */
import {
  checkOptions,
  fail,
  list,
  type Names,
  type Numbers,
  nonNegative,
  positiveNumber,
  wholeNumber,
} from "../checks.js";
import { readWav, type Sound } from "../files/wav.js";
import { type DataFile, readDataFile } from "./data-file.js";
import { SpikeBuilder } from "./spike-builder.js";
import { checkLabels, checkSourceCount, type SpikeData } from "./spike-data.js";

export interface CochleaOptions {
  /** Number of channels, one source each, from low to high; default 64. */
  readonly channels?: number;
  /** Centre of the lowest channel and of the highest one in Hz; default 80, and 8000 or 0.45 of the lowest sampling rate. */
  readonly low?: number;
  readonly high?: number;
  /** The drive of a neuron is `gain · max(0, x)^power` where x is the filtered sound, of peak 1; default 10 and 0.3. */
  readonly gain?: number;
  readonly power?: number;
  /** Membrane time constant and refractory period in seconds; default 0.005 and 0.001. */
  readonly tau?: number;
  readonly refractory?: number;
  /** Times in seconds are multiplied by it; default 1, and 1000 for a network in ms. */
  readonly scale?: number;
  /** [files] */
  readonly labels?: Numbers;
}

const names: Names<CochleaOptions> = {
  channels: true,
  low: true,
  high: true,
  gain: true,
  power: true,
  tau: true,
  refractory: true,
  scale: true,
  labels: true,
};

/** Number of equivalent rectangular bandwidths below a frequency, and back: B. Glasberg & B. Moore, Hearing Research 47 (1990). */
const erbRate = (hertz: number): number => 21.4 * Math.log10(1 + 0.00437 * hertz);
const hertzOf = (rate: number): number => (10 ** (rate / 21.4) - 1) / 0.00437;
const erb = (hertz: number): number => 24.7 * (1 + 0.00437 * hertz);

/** Centres of channels in Hz, evenly spaced by equivalent rectangular bandwidths. */
export function centres(channels: number, low: number, high: number): Float64Array {
  const [from, to] = [erbRate(low), erbRate(high)];
  return Float64Array.from({ length: channels }, (_, c) =>
    hertzOf(channels === 1 ? from : from + ((to - from) * c) / (channels - 1)),
  );
}

/**
 * A gammatone filter of order 4 (J. Holdsworth et al., Implementing a gammatone filter bank, 1988): the sound, shifted by its centre
 * to 0 Hz, through four one-pole low-passes of 1.019 bandwidths, and shifted back. Gain 1 at the centre.
 */
export function gammatone({ samples, rate }: Sound, centre: number): Float64Array {
  const keep = Math.exp((-2 * Math.PI * 1.019 * erb(centre)) / rate);
  const [turnRe, turnIm] = [Math.cos((2 * Math.PI * centre) / rate), Math.sin((2 * Math.PI * centre) / rate)];
  const [re, im] = [new Float64Array(4), new Float64Array(4)];
  const out = new Float64Array(samples.length);
  // The phase by which the sound is shifted: one turn more with each sample.
  let [phaseRe, phaseIm] = [1, 0];
  for (let n = 0; n < samples.length; n++) {
    let [inRe, inIm] = [samples[n]! * phaseRe, -samples[n]! * phaseIm];
    for (let k = 0; k < 4; k++) {
      inRe = re[k] = inRe + keep * (re[k]! - inRe);
      inIm = im[k] = inIm + keep * (im[k]! - inIm);
    }
    out[n] = 2 * (inRe * phaseRe - inIm * phaseIm);
    [phaseRe, phaseIm] = [phaseRe * turnRe - phaseIm * turnIm, phaseRe * turnIm + phaseIm * turnRe];
    // Products of turns drift off the circle by rounding.
    if ((n & 1023) === 1023) {
      const angle = (2 * Math.PI * centre * ((n + 1) / rate)) % (2 * Math.PI);
      [phaseRe, phaseIm] = [Math.cos(angle), Math.sin(angle)];
    }
  }
  return out;
}

interface Membrane {
  readonly tau: number;
  readonly refractory: number;
}

/**
 * Spike times of tau v' = drive - v, which starts at 0, spikes at 1, and stays at 0 for the refractory period. The drive is constant
 * from each sample to the next, so each time is exact.
 */
export function leakyIntegrate(drive: Float64Array, dt: number, { tau, refractory }: Membrane): number[] {
  const times: number[] = [];
  let v = 0;
  let free = 0; // the end of the refractory period
  for (let n = 0; n < drive.length; n++) {
    const d = drive[n]!;
    const end = (n + 1) * dt;
    let t = Math.max(n * dt, free);
    while (t < end) {
      const after = d + (v - d) * Math.exp((t - end) / tau);
      if (after < 1) {
        v = after;
        break;
      }
      t += tau * Math.log((d - v) / (d - 1));
      times.push(t);
      v = 0;
      t = free = t + refractory;
    }
  }
  return times;
}

/**
 * Spikes of sounds, one a sample; source c is channel c. A sound is scaled to a peak of 1 first; one of silence has no spikes.
 * @param files WAV files, by path or as bytes.
 * @throws SaltationError `invalid-input` that names the file.
 */
export async function cochlea(files: readonly DataFile[], options: CochleaOptions = {}): Promise<SpikeData> {
  checkOptions("", options, names);
  if (!Array.isArray(files)) fail("files", "expected a list of WAV files");
  const channels = wholeNumber("channels", checkSourceCount("channels", options.channels ?? 64), 1, 4096);
  const low = positiveNumber("low", options.low ?? 80);
  const gain = positiveNumber("gain", options.gain ?? 10);
  const power = positiveNumber("power", options.power ?? 0.3);
  const tau = positiveNumber("tau", options.tau ?? 0.005);
  const refractory = nonNegative("refractory", options.refractory ?? 0.001);
  const scale = positiveNumber("scale", options.scale ?? 1);
  const labels =
    options.labels === undefined
      ? undefined
      : checkLabels("labels", list("labels", options.labels, "labels"), files.length);
  const sounds: Sound[] = [];
  for (const [s, file] of files.entries()) sounds.push(await readDataFile(`files[${s}]`, file, readWav));
  const slowest = sounds.reduce((least, { rate }) => Math.min(least, rate), Number.POSITIVE_INFINITY);
  const high = positiveNumber("high", options.high ?? Math.min(8000, 0.45 * slowest));
  if (!(high > low)) fail("high", `expected a frequency above low = ${low} Hz, got ${high}`);
  if (high >= slowest / 2) {
    const which = sounds.findIndex(({ rate }) => rate === slowest);
    fail("high", `${high} Hz is not below half the sampling rate of files[${which}], ${slowest} Hz; lower it`);
  }
  const builder = new SpikeBuilder("files", sounds.length);
  const centre = centres(channels, low, high);
  for (const { rate, samples } of sounds) {
    const peak = samples.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
    if (peak > 0) {
      const sound = { rate, samples: samples.map((x) => x / peak) };
      centre.forEach((hertz, c) => {
        const drive = gammatone(sound, hertz).map((x) => (x > 0 ? gain * x ** power : 0));
        for (const t of leakyIntegrate(drive, 1 / rate, { tau, refractory })) builder.add(scale * t, c);
      });
    }
    builder.endSample();
  }
  return builder.data(channels, labels);
}
