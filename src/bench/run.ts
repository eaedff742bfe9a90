/** Runs suites on an engine: the same code in Node, in a page and on the CPU. */

import { Engine } from "../engine.js";
import { SaltationError } from "../errors.js";
import type { AdapterSummary } from "../gpu/index.js";
import { type Bits, fingerprint } from "./bits.js";
import { type FloorKind, type Floors, floorUnits, makeFloors } from "./floors.js";
import { type Clock, inTurn, type Repeats, type Spread, seconds, spreadOf } from "./measure.js";
import { type Sizes, sizes } from "./sizes.js";
import type { StartOptions, StartTask } from "./start.js";
import { type Figure, type SuiteName, suites } from "./suites.js";

export interface BenchOptions extends StartOptions {
  suites: readonly SuiteName[];
  /** The smallest sizes and two repeats: whether everything runs, not how fast. */
  quick?: boolean;
}

/** After so many seconds a figure gets three repeats only, so that all suites end within five minutes. */
const patience = 150;
const hurried: Repeats = { least: 3, seconds: 0, most: 3 };

/** What a bench needs of where it runs. */
export interface Host {
  readonly clock: Clock;
  /** Seconds from the start of a new process or page to the end of a task in it. */
  fresh(task: StartTask, options: StartOptions): Promise<number>;
  /** Told what is about to be timed. */
  progress?(suite: SuiteName, figure: string): void;
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

/** @throws SaltationError `no-adapter`, or whatever goes wrong in a suite. */
export async function runBench(host: Host, options: BenchOptions): Promise<BenchResult> {
  const { clock } = host;
  const engine = await Engine.create(options);
  let floors: Floors | undefined;
  try {
    const chosen = sizesFor(engine, options.quick ?? false);
    const bits = await fingerprint(engine);
    floors = await makeFloors(engine.gpu, clock);
    const began = clock();
    const floorRates = new Map<FloorKind | "start", number[]>();
    const figures: FigureResult[] = [];

    const time = async (suite: SuiteName, figure: Figure): Promise<void> => {
      host.progress?.(suite, figure.name);
      const { fresh, floor } = figure;
      const beneath = floor === "start" ? { amount: 1, run: async () => {} } : floors![floor];
      const times = await inTurn(
        clock,
        clock() - began < patience ? chosen.repeats : hurried,
        () => (fresh ? host.fresh("bare", options) : seconds(clock, beneath.run)),
        async () => {
          await figure.prepare?.();
          return fresh ? host.fresh(fresh, options) : seconds(clock, figure.run);
        },
      );
      const taken = spreadOf(times.work);
      const rates = floorRates.get(floor) ?? [];
      rates.push(...times.floor.map((s) => beneath.amount / s));
      floorRates.set(floor, rates);
      figures.push({
        suite,
        name: figure.name,
        repeats: times.work.length,
        seconds: taken,
        rate: { perSecond: figure.does.amount / taken.median, unit: figure.does.unit },
        floor,
        ratio: spreadOf(times.work.map((s, i) => s / figure.amount / (times.floor[i]! / beneath.amount))),
      });
    };

    for (const suite of options.suites) {
      for await (const figure of suites[suite](engine, chosen)) {
        try {
          await time(suite, figure);
        } catch (error) {
          if (!(error instanceof SaltationError)) throw error;
          throw new SaltationError(error.code, `bench ${suite}, ${figure.name}: ${error.message}`, { cause: error });
        } finally {
          figure.dispose?.();
        }
      }
    }
    return {
      adapter: adapterOf(engine),
      adapterName: engine.adapterName,
      sizes: chosen.name,
      bits,
      floors: Array.from(floorRates, ([kind, rates]) => ({
        kind,
        repeats: rates.length,
        perSecond: spreadOf(rates),
        unit: kind === "start" ? "bare starts" : floorUnits[kind],
      })),
      figures,
    };
  } finally {
    floors?.dispose();
    engine.dispose();
  }
}
