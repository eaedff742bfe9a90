/**
 * Fractional Brownian motion on a grid, drawn exactly by circulant embedding: R. B. Davies & D. S. Harte, Tests for Hurst effect,
 * Biometrika 74 (1987); A. T. A. Wood & G. Chan, Simulation of stationary Gaussian processes in [0, 1]^d, J. Comput. Graph. Stat. 3
 * (1994). For `samples.drivers` of a solve.
 */
import FFT from "fft.js";
import { checkOptions, fail, finiteNumber, type Names, positiveNumber, wholeNumber } from "../checks.js";
import { normalPair } from "../driver/normal.js";
import { threefryInto } from "../driver/threefry.js";
import { limits } from "../files/limits.js";
import { streams } from "./streams.js";

export interface FractionalBrownianOptions {
  /** H, above 1/4 and below 1: increments of neighbouring steps go against each other below 1/2, and together above. */
  readonly hurst: number;
  readonly samples: number;
  /** Steps of the grid, each of `dt`, in the unit of time of the network's parameters. */
  readonly steps: number;
  readonly dt: number;
  /** Paths of each sample, default 1. */
  readonly neurons?: number;
  readonly seed: number;
  /** The number of the first sample; default 0. A sample has the same paths whatever others are drawn with it. */
  readonly first?: number;
}

const names: Names<FractionalBrownianOptions> = {
  hurst: true,
  samples: true,
  steps: true,
  dt: true,
  neurons: true,
  seed: true,
  first: true,
};

/** Paths by sample, at the points of a grid, as `samples.drivers` takes them. */
export interface DrawnPaths {
  readonly dt: number;
  /** [samples][steps + 1], from 0 on; of several neurons [samples][steps + 1][neurons]. */
  readonly samples: (Float64Array | Float64Array[])[];
}

/** Covariance of increments that are `lag` steps of length 1 apart. */
const covariance = (hurst: number, lag: number): number =>
  0.5 * (Math.abs(lag + 1) ** (2 * hurst) - 2 * Math.abs(lag) ** (2 * hurst) + Math.abs(lag - 1) ** (2 * hurst));

/** Increments of two independent paths at a time, over steps of length 1. */
class Increments {
  private readonly fft: FFT;
  /** Square roots of the eigenvalues of the circulant matrix, over its size. */
  private readonly scale: Float64Array;
  private readonly size: number;
  private readonly words = new Uint32Array(2);
  private readonly pair = new Float64Array(2);
  private drawn = -1;
  private both: number[];

  constructor(
    hurst: number,
    steps: number,
    private readonly seed: number,
  ) {
    let half = 1;
    while (half < steps) half *= 2;
    this.size = 2 * half;
    this.fft = new FFT(this.size);
    const row = Array.from({ length: this.size }, (_, i) => covariance(hurst, Math.min(i, this.size - i)));
    const spectrum = this.fft.createComplexArray() as number[];
    this.fft.transform(spectrum, this.fft.toComplexArray(row, undefined));
    this.scale = Float64Array.from({ length: this.size }, (_, k) => {
      const eigenvalue = spectrum[2 * k]!;
      // They are none below 0 (Dietrich & Newsam 1997); what rounding makes of 0 is.
      return Math.sqrt(Math.max(0, eigenvalue) / this.size);
    });
    this.both = this.fft.createComplexArray() as number[];
  }

  /** Of path number `path`; path 2p and 2p + 1 are real and imaginary part of the same transform. */
  of(path: number): (step: number) => number {
    const number = Math.floor(path / 2);
    if (number !== this.drawn) {
      const { size, scale, words, pair } = this;
      const given = new Array<number>(2 * size);
      for (let k = 0; k < size; k++) {
        threefryInto(words, this.seed, streams.fractionalBrownian, number, k);
        normalPair(words[0]!, words[1]!, pair);
        given[2 * k] = scale[k]! * pair[0]!;
        given[2 * k + 1] = scale[k]! * pair[1]!;
      }
      this.fft.transform(this.both, given);
      this.drawn = number;
    }
    return (step) => this.both[2 * step + (path % 2)]!;
  }
}

/**
 * Paths of fractional Brownian motion, each with covariance ½ (s^2H + t^2H − |t − s|^2H) at the points of the grid exactly. Drawn from
 * Threefry under (seed, stream) at counters (number of the pair of paths, n).
 * @throws SaltationError `invalid-input`.
 */
export function fractionalBrownian(options: FractionalBrownianOptions): DrawnPaths {
  checkOptions("", options, names);
  const hurst = finiteNumber("hurst", options.hurst);
  if (!(hurst > 0.25 && hurst < 1))
    fail(
      "hurst",
      `is ${hurst}; take one above 1/4, from which solutions along piecewise linear paths converge, and below 1`,
    );
  const count = wholeNumber("samples", options.samples, 1, limits.lists);
  const steps = wholeNumber("steps", options.steps, 1, 2 ** 20);
  const dt = positiveNumber("dt", options.dt);
  const neurons = wholeNumber("neurons", options.neurons ?? 1, 1, 65536);
  if (count * (steps + 1) * neurons > limits.numbers)
    fail("samples", `${count} × ${steps} steps × ${neurons} are more than ${limits.numbers} numbers; take fewer`);
  const seed = wholeNumber("seed", options.seed, 0, 2 ** 32 - 1);
  const first = wholeNumber("first", options.first ?? 0, 0, Math.floor(2 ** 32 / neurons) - count);
  const increments = new Increments(hurst, steps, seed);
  const unit = dt ** hurst;
  const samples = Array.from({ length: count }, (_, s) => {
    const paths = Array.from({ length: neurons }, (_, k) => {
      const by = increments.of((first + s) * neurons + k);
      const path = new Float64Array(steps + 1);
      for (let n = 0; n < steps; n++) path[n + 1] = path[n]! + unit * by(n);
      return path;
    });
    if (neurons === 1) return paths[0]!;
    return Array.from({ length: steps + 1 }, (_, n) => Float64Array.from(paths, (path) => path[n]!));
  });
  return { dt, samples };
}
