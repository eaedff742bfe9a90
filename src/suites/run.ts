/** Runs suites on an engine: the same code in Node, in a page and on the CPU. */

import { Engine } from "../engine.js";
import { SaltationError } from "../errors.js";
import type { AdapterSummary } from "../gpu/index.js";
import { type Bits, fingerprint } from "./bits.js";
import { type FloorKind, type Floors, floorUnits, makeFloors } from "./floors.js";
import { type Clock, inTurn, type Spread, seconds, spreadOf } from "./measure.js";
import { type Sizes, sizes } from "./sizes.js";
import { engineOptions, type StartOptions, type StartTask } from "./start.js";
import type { SuiteName } from "./suite-names.js";
import { type Figure, suites, type Work } from "./suites.js";

export interface BenchOptions extends StartOptions {
  suites: readonly SuiteName[];
  /** The smallest sizes, two rounds of one repeat: whether everything runs, not how fast. */
  quick?: boolean;
}

/** Nothing is timed again after so many seconds from the start, so that all suites end within five minutes on a busy machine too. */
const patience = 230;

/** What is about to be timed. */
export interface Progress {
  readonly suite: SuiteName;
  readonly figure: string;
  /** Which figure of the round, from 1, and of how many. */
  readonly at: number;
  readonly figures: number;
  /** Which round, from 1, and of how many at most. */
  readonly round: number;
  readonly rounds: number;
}

/** What a bench needs of where it runs. */
export interface Host {
  readonly clock: Clock;
  /** Seconds from the start of a new process or page to the end of a task in it. */
  fresh(task: StartTask, options: StartOptions): Promise<number>;
  /** Told what is about to be timed. */
  progress?(progress: Progress): void;
  /** Given what is known so far, each time that a figure was timed: figures of the later rounds narrow it down. */
  update?(result: BenchResult): void;
}

export interface FigureResult {
  readonly suite: SuiteName;
  readonly name: string;
  readonly repeats: number;
  readonly seconds: Spread;
  /** How much gets done a second, by the median. */
  readonly rate: { readonly perSecond: number; readonly unit: string };
  readonly floor: FloorKind | "start";
  /** Seconds over those of the floor beside it. */
  readonly ratio: Spread;
}

export interface FloorResult {
  readonly kind: FloorKind | "start";
  readonly repeats: number;
  /** Units a second; seconds of one bare start. */
  readonly perSecond: Spread;
  readonly unit: string;
}

export interface BenchResult {
  readonly adapter:
    | Pick<AdapterSummary, "vendor" | "architecture" | "device" | "description" | "backend" | "fallback">
    | { backend: "cpu"; description: string };
  readonly adapterName: string;
  readonly sizes: Sizes["name"];
  /** Rounds over all figures that were begun; repeats of a figure are spread over them. */
  readonly rounds: number;
  readonly bits: Bits;
  readonly floors: readonly FloorResult[];
  readonly figures: readonly FigureResult[];
}

function sizesFor(engine: Engine, quick: boolean): Sizes {
  if (quick) return sizes.quick;
  if (!engine.gpu) return sizes.cpu;
  return engine.gpu.adapter.fallback ? sizes.software : sizes.hardware;
}

function adapterOf(engine: Engine): BenchResult["adapter"] {
  const a = engine.adapter;
  if (!("vendor" in a)) return a;
  const { vendor, architecture, device, description, backend, fallback } = a;
  return { vendor, architecture, device, description, backend, fallback };
}

/** What was measured of one figure, round after round. */
interface Samples {
  readonly suite: SuiteName;
  readonly figure: Figure;
  does: Work["does"];
  readonly seconds: number[];
  readonly ratios: number[];
}

function figureResult({ suite, figure, does, seconds, ratios }: Samples): FigureResult {
  const taken = spreadOf(seconds);
  return {
    suite,
    name: figure.name,
    repeats: seconds.length,
    seconds: taken,
    rate: { perSecond: does.amount / taken.median, unit: does.unit },
    floor: figure.floor,
    ratio: spreadOf(ratios),
  };
}

/** @throws SaltationError `no-adapter`, or whatever goes wrong in a suite. */
export async function runBench(host: Host, options: BenchOptions): Promise<BenchResult> {
  const { clock } = host;
  const began = clock();
  const engine = await Engine.create(engineOptions(options));
  let floors: Floors | undefined;
  try {
    const chosen = sizesFor(engine, options.quick ?? false);
    const bits = await fingerprint(engine);
    floors = await makeFloors(engine.gpu, clock);
    const floorRates = new Map<FloorKind | "start", number[]>();
    const all = options.suites.flatMap((suite) =>
      suites[suite](engine, chosen).map((figure): Samples => {
        return { suite, figure, does: { amount: 0, unit: "" }, seconds: [], ratios: [] };
      }),
    );
    let round = 0;

    const result = (): BenchResult => ({
      adapter: adapterOf(engine),
      adapterName: engine.adapterName,
      sizes: chosen.name,
      rounds: round,
      bits,
      floors: Array.from(floorRates, ([kind, rates]) => ({
        kind,
        repeats: rates.length,
        perSecond: spreadOf(rates),
        unit: kind === "start" ? "bare starts" : floorUnits[kind],
      })),
      figures: all.filter((s) => s.seconds.length > 0).map(figureResult),
    });

    const time = async (samples: Samples): Promise<void> => {
      const { fresh, floor } = samples.figure;
      const beneath = floor === "start" ? { amount: 1, run: async () => {} } : floors![floor];
      const work = await samples.figure.open();
      try {
        const times = await inTurn(
          clock,
          chosen.repeats,
          // What is opened anew is cold; of starts only the very first is, as files come from the disk.
          !fresh || round === 1,
          () => (fresh ? host.fresh("bare", options) : seconds(clock, beneath.run)),
          async () => {
            await work.prepare?.();
            return fresh ? host.fresh(fresh, options) : seconds(clock, work.run);
          },
        );
        samples.does = work.does;
        samples.seconds.push(...times.work);
        samples.ratios.push(...times.work.map((s, i) => s / work.amount / (times.floor[i]! / beneath.amount)));
        const rates = floorRates.get(floor) ?? [];
        rates.push(...times.floor.map((s) => beneath.amount / s));
        floorRates.set(floor, rates);
      } finally {
        await work.dispose?.();
      }
    };

    for (let n = 0; n < chosen.rounds * all.length; n++) {
      const at = n % all.length;
      if (n >= all.length && clock() - began > patience) break;
      round = Math.floor(n / all.length) + 1;
      const { suite, figure } = all[at]!;
      host.progress?.({
        suite,
        figure: figure.name,
        at: at + 1,
        figures: all.length,
        round,
        rounds: chosen.rounds,
      });
      try {
        await time(all[at]!);
      } catch (error) {
        if (!(error instanceof SaltationError)) throw error;
        throw new SaltationError(error.code, `bench ${suite}, ${figure.name}: ${error.message}`, { cause: error });
      }
      host.update?.(result());
    }
    return result();
  } finally {
    floors?.dispose();
    engine.dispose();
  }
}
