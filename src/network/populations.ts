/**
 * Populations: neurons by name, each with values of its own for the parameters and inputs of its cell; or sources, which only
 * send. Neurons are numbered population after population, in the order in which these were given; sources come after all neurons.
 */
import type { Cell, CellDefinition } from "../cell/cell.js";
import { type InputKind, isSampled } from "../cell/inputs.js";
import { poisson } from "../cells/poisson.js";
import { checkOptions, fail, isNumbers, type Names, type Numbers, nonNegative, show, wholeNumber } from "../checks.js";
import { type Current, currentOf, inputField, isSampledCurrent } from "../driver/current.js";
import { kindsOf, readInputs } from "./inputs.js";

export interface CellPopulation {
  /** A cell, its definition, or the name of a built-in cell or of one that `libraryCell` has loaded. Default "slif". */
  cell?: Cell | CellDefinition | string;
  neurons: number;
  /** Values of the cell's parameters, shared (a number) or per neuron (a list); the cell's default where not given. */
  parameters?: Record<string, number | Numbers>;
  /** The input signals of the cell by name: each constant, per neuron, or sampled. */
  inputs?: Record<string, Current>;
  /** Short for the input `I`. */
  current?: Current;
}

/** Poisson processes, short for neurons of the cell `poisson`. */
export interface PoissonPopulation {
  /** Their rate in spikes per unit of time, at least 0: one for all, one each, or sampled; a constant one is called `name.rate`. */
  poisson: Current;
  /** How many; default as many as rates are listed, else 1. */
  neurons?: number;
}

/** Neurons that only send: their spikes come with the samples. */
export interface SourcePopulation {
  sources: number;
}

export type PopulationDefinition = CellPopulation | PoissonPopulation | SourcePopulation;

const cellNames: Names<CellPopulation> = { cell: true, neurons: true, parameters: true, inputs: true, current: true };

/** Whether nothing of a rate is below 0. @throws SaltationError naming what is. */
function checkRate(field: string, rate: Current): void {
  const all = isSampledCurrent(rate) ? rate.samples : rate;
  const check = (at: string, value: unknown): void => {
    if (isNumbers(value)) Array.from(value as ArrayLike<unknown>, (one, i) => check(`${at}[${i}]`, one));
    else nonNegative(at, value);
  };
  check(isSampledCurrent(rate) ? `${field}.samples` : field, all);
}

/** Whether a cell is that of Poisson processes, whose rate is at least 0. */
export const isPoisson = ({ definition }: Cell): boolean => definition === poisson;

/** How many neurons a population says that it has; 0 of sources. */
export function neuronsGiven(population: PopulationDefinition): number {
  if ("sources" in population) return 0;
  if (population.neurons !== undefined) return population.neurons;
  return "poisson" in population && isNumbers(population.poisson) ? population.poisson.length : 1;
}

/** What a population of Poisson processes is short for. */
function ofPoisson(field: string, given: PoissonPopulation): CellPopulation {
  checkOptions(field, given, { poisson: true, neurons: true });
  const rate = currentOf(given.poisson, `${field}.poisson`);
  checkRate(`${field}.poisson`, rate);
  if (isNumbers(rate) && rate.length === 0) fail(`${field}.poisson`, "is empty; give one rate or more");
  const neurons = neuronsGiven(given);
  if (isNumbers(rate) && rate.length !== neurons)
    fail(`${field}.poisson`, `has ${rate.length} rates for ${show(neurons)} neurons; give one for all, or one each`);
  return { cell: poisson, neurons, inputs: { rate } };
}

/** Neurons of a network that have a name. */
export interface PopulationPlace {
  readonly name: string;
  /** Number of the first: among neurons, of sources after all of these. */
  readonly first: number;
  readonly count: number;
  readonly sources: boolean;
  /** Of neurons, their cell, as it was defined. */
  readonly cell?: Cell;
  /** Of neurons, the signals of their inputs. */
  readonly signals?: ReadonlyMap<string, Current>;
}

/** A population as it was given, with its place. */
export interface ReadPopulation extends PopulationPlace {
  /** Where its fields are, for messages. */
  readonly field: string;
  readonly given: CellPopulation | undefined;
}

/** More neurons than these have no room beside the number of a port (shaders/solve/agenda.wgsl.ts). */
export const maximumNeurons = 2 ** 24;

/** A neuron: its number, or by the name of its population, within which numbers begin at 0: `out[3]`. */
export type NeuronName = number | string;

/** One or several neurons; the name of a population alone stands for all of its neurons. */
export type NeuronNames = NeuronName | readonly NeuronName[] | Numbers;

/** Where names of neurons are known. */
type Named = { readonly populations: readonly PopulationPlace[] };

/**
 * The neurons that a name means: `out` all of a population, `out[3]` one of it.
 * @throws SaltationError `invalid-input` where none is called so.
 */
export function neuronsNamed({ populations }: Named, field: string, name: string): Uint32Array {
  const known = populations.filter((p) => !p.sources);
  const [, of, at] = /^([^[\]]*)\[(\d+)\]$/.exec(name) ?? [undefined, name];
  const found = populations.find((p) => p.name === of);
  if (found?.sources) fail(field, `${show(of)} are sources, which are no neurons; name a population of neurons`);
  if (!found) {
    const names = known.length > 0 ? `known: ${known.map((p) => p.name).join(", ")}` : "the network names none";
    return fail(field, `no population of neurons is called ${show(of)}; ${names}`);
  }
  if (at === undefined) return Uint32Array.from({ length: found.count }, (_, k) => found.first + k);
  if (!(Number(at) < found.count))
    fail(field, `${show(name)}: population ${show(of)} has neurons 0 to ${found.count - 1}`);
  return Uint32Array.of(found.first + Number(at));
}

/**
 * The neurons that are called, by number, in their order. Numbers are not checked.
 * @throws SaltationError `invalid-input` where none is called so, or one is called twice.
 */
export function neuronsCalled(network: Named, field: string, given: NeuronNames): number[] {
  const several = typeof given !== "number" && typeof given !== "string";
  const all: number[] = [];
  const seen = new Set<number>();
  Array.from<NeuronName>(several ? given : [given]).forEach((one, i) => {
    const at = several ? `${field}[${i}]` : field;
    for (const k of typeof one === "string" ? neuronsNamed(network, at, one) : [one]) {
      if (seen.has(k))
        fail(at, `${typeof one === "string" ? `${show(one)} names neuron ${k}, which` : k} stands there twice`);
      seen.add(k);
      all.push(k);
    }
  });
  return all;
}

/** What a signal of a population is called in messages. */
export const populationField = (population: string, input: string): string =>
  inputField(input, `network.populations.${population}`);

/**
 * Reads the populations of a network.
 * @param readCell finds a cell by what was given.
 * @throws SaltationError `invalid-input` naming the population, the field and what would be right.
 */
export function readPopulations(
  given: unknown,
  readCell: (cell: CellPopulation["cell"], field: string) => Cell,
): ReadPopulation[] {
  const whole = "network.populations";
  if (typeof given !== "object" || given === null || Array.isArray(given))
    fail(whole, `expected an object of populations by name, got ${show(given)}`);
  let neurons = 0;
  let sources = 0;
  const read = Object.entries(given as Record<string, PopulationDefinition>).map(([name, population]) => {
    const field = `${whole}.${name}`;
    if (!/^[A-Za-z_][\w-]{0,63}$/.test(name) || name in {})
      fail(whole, `${show(name)} is no name; take letters, digits, - and _, a letter first`);
    if (typeof population !== "object" || population === null)
      fail(field, `expected { neurons, … }, { poisson } or { sources }, got ${show(population)}`);
    if (!("sources" in population || "poisson" in population))
      checkOptions(field, population, { sources: true, poisson: true, ...cellNames });
    if ("sources" in population) {
      checkOptions(field, population, { sources: true });
      const count = wholeNumber(`${field}.sources`, population.sources, 1, maximumNeurons);
      const first = sources;
      sources += count;
      return { name, field, first, count, sources: true, given: undefined };
    }
    const written = "poisson" in population ? ofPoisson(field, population) : population;
    checkOptions(field, written, cellNames);
    const count = wholeNumber(`${field}.neurons`, written.neurons, 1, maximumNeurons);
    const first = neurons;
    neurons += count;
    const cell = readCell(written.cell, `${field}.cell`);
    const signals = readInputs(cell, written, field);
    return { name, field, first, count, sources: false, cell, signals, given: written };
  });
  if (neurons === 0) fail(whole, "has no neurons; give one population a cell and neurons");
  if (neurons + sources > maximumNeurons)
    fail(whole, `has ${neurons + sources} neurons and sources; at most ${maximumNeurons} have numbers`);
  return read.map((population) =>
    population.sources ? { ...population, first: neurons + population.first } : population,
  );
}

/**
 * How signals come to the equations of a cell that several populations have: as those that ask for most.
 * @throws SaltationError where one holds samples and another goes straight between them.
 */
export function kindsOfAll(cell: Cell, populations: readonly ReadPopulation[]): Record<string, InputKind> {
  const all: Record<string, InputKind> = {};
  for (const { name, signals } of populations) {
    for (const [input, kind] of Object.entries(kindsOf(cell, signals!))) {
      const before = all[input] ?? kind;
      if (before !== kind && isSampled(before) && isSampled(kind))
        fail(
          populationField(name, input),
          `is "${kind === "held" ? "constant" : "linear"}" between samples, and that of another population of this cell is not; interpolate both alike`,
        );
      all[input] = isSampled(before) ? before : kind;
    }
  }
  return all;
}
