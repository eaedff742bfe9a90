/** Gram matrices of signature kernels, plain and normalised, and linear functionals of them with their gradients. */
import { checkOptions, fail, finiteNumbers, type Names, wholeNumber } from "../checks.js";
import { SaltationError } from "../errors.js";
import {
  checkBackend,
  type GramRequest,
  type GramResult,
  pairsIn,
  type SignatureBackend,
} from "./definitions/backend.js";
import { refuseFormula } from "./definitions/not-finite.js";
import { type PathBatch, type PathInput, readPaths, sameChannels } from "./definitions/paths.js";
import { type CheckedSolver, checkSolver, type SignatureSolver } from "./definitions/solver.js";
import { type CompiledStaticKernel, compileStaticKernel, type StaticKernel } from "./definitions/static-kernel.js";

export interface KernelOptions {
  /** What points are compared by (default linear). */
  readonly static?: StaticKernel;
  /** How the signature kernel is computed (default: differences at dyadic orders [0, 0]). */
  readonly solver?: SignatureSolver;
  /** k(x, y) / √(k(x, x) k(y, y)) instead of k(x, y). */
  readonly normalised?: boolean;
}

export interface PairwiseOptions extends KernelOptions {
  /** Told how many pairs of paths are done, of how many in all. */
  readonly progress?: (pairsDone: number, pairs: number) => void;
}

export const pairwiseNames: Names<PairwiseOptions> = {
  static: true,
  solver: true,
  normalised: "boolean",
  progress: "function",
};

export interface GramOptions extends PairwiseOptions {
  /**
   * Which of the pairs to compute, in the order of rows (with `y` null and a symmetric solver, of those on and above the
   * diagonal): other entries are 0. Every pair has the bits that it has in the whole matrix. Default all.
   */
  readonly pairs?: readonly [begin: number, end: number];
}

const gramNames: Names<GramOptions> = { ...pairwiseNames, pairs: true };

export interface GramMatrix {
  readonly rows: number;
  readonly columns: number;
  /** [rows, columns]. */
  readonly values: Float64Array;
}

export interface CheckedKernel {
  readonly kernel: CompiledStaticKernel;
  readonly solver: CheckedSolver;
  readonly normalised: boolean;
}

/**
 * Checks kernel options and fills in their defaults.
 * @param names of the options, where they are more.
 * @throws SaltationError `invalid-input`.
 */
export function checkKernel(options: PairwiseOptions, names: Names<PairwiseOptions> = pairwiseNames): CheckedKernel {
  checkOptions("", options, names);
  return {
    kernel: compileStaticKernel(options.static ?? { kind: "linear" }),
    solver: checkSolver(options.solver ?? { kind: "difference" }),
    normalised: options.normalised ?? false,
  };
}

/** Most entries of one Gram matrix: 2 GiB of float64 on the host. */
const mostEntries = 2 ** 28;

function checkPairs([begin, end]: readonly [number, number], all: number): void {
  wholeNumber("pairs[0]", begin, 0, all - 1);
  wholeNumber("pairs[1]", end, begin + 1, all);
}

function refuseHuge(rows: number, columns: number): void {
  if (rows * columns > mostEntries) {
    fail(
      "x",
      `a Gram matrix of ${rows} × ${columns} paths takes ${((rows * columns * 8) / 2 ** 30).toPrecision(3)} GiB; ` +
        `at most ${mostEntries} entries are taken: split the batch`,
      "limit",
    );
  }
}

/** Reads two batches that are to be compared. @throws SaltationError `invalid-input`. */
export function readTwo(x: PathInput, y: PathInput): { x: PathBatch; y: PathBatch } {
  const a = readPaths("x", x);
  const b = readPaths("y", y);
  sameChannels(a, b);
  return { x: a, y: b };
}

/** Pairs of paths that are done, over several calls of the backend. */
class Tally {
  private before = 0;

  constructor(
    private readonly report: PairwiseOptions["progress"],
    private readonly pairs: number,
  ) {
    report?.(0, pairs);
  }

  /** For the next call of the backend, which computes so many pairs. */
  next(pairs: number): (done: number) => void {
    const { before } = this;
    this.before += pairs;
    return (done) => this.report?.(before + done, this.pairs);
  }
}

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

/** Gram matrices, of static kernels that are finite at the points. */
async function evaluate(
  backend: SignatureBackend,
  { kernel, solver }: CheckedKernel,
  requests: readonly GramRequest[],
  tally: Tally,
): Promise<GramResult[]> {
  for (const { x, y, cotangent, skipDiagonal } of requests) {
    const skips = y === null && skipDiagonal;
    const columns = (y ?? x).count - (skips ? 1 : 0);
    const pair = (n: number): [number, number] => {
      const [i, j] = [Math.floor(n / columns), n % columns];
      return [i, skips && j >= i ? j + 1 : j];
    };
    refuseFormula(kernel, x, y ?? x, { count: x.count * columns, pair }, cotangent !== undefined);
  }
  return backend.evaluate(kernel, solver, requests, tally.next(sum(requests.map((r) => pairsIn(r, solver)))));
}

/** Kernels of pairs of paths, of static kernels that are finite at the points. */
async function paired(
  backend: SignatureBackend,
  { kernel, solver }: CheckedKernel,
  x: PathBatch,
  y: PathBatch,
  cotangent: Float64Array | undefined,
  tally: Tally,
): Promise<GramResult> {
  refuseFormula(kernel, x, y, { count: x.count, pair: (n) => [n, n] }, cotangent !== undefined);
  return backend.paired(kernel, solver, x, y, cotangent, tally.next(x.count));
}

/** √k(x, x) of every path, for normalised kernels. */
async function norms(backend: SignatureBackend, k: CheckedKernel, x: PathBatch, tally: Tally): Promise<Float64Array> {
  const { gram } = await paired(backend, k, x, x, undefined, tally);
  const bad = gram.findIndex((v) => !(v > 0));
  if (bad >= 0) {
    throw new SaltationError(
      "not-finite",
      `path ${bad} has k(x, x) = ${gram[bad]}, so it cannot be normalised: raise the dyadic order, or use the polynomial solver`,
    );
  }
  return gram.map(Math.sqrt);
}

/**
 * The Gram matrix k(x_i, y_j); with `y` null, of x with itself, at half the work where the solver is symmetric.
 * @throws SaltationError `invalid-input` for bad paths or options, `not-finite` where a value exceeds float32, `limit`.
 */
export async function signatureGram(
  backend: SignatureBackend,
  x: PathInput,
  y: PathInput | null,
  options: GramOptions = {},
): Promise<GramMatrix> {
  checkBackend(backend);
  const k = checkKernel(options, gramNames);
  const a = readPaths("x", x);
  const b = y === null ? a : readPaths("y", y);
  sameChannels(a, b);
  refuseHuge(a.count, b.count);
  const request: GramRequest = { x: a, y: y === null ? null : b, pairs: options.pairs };
  if (options.pairs) checkPairs(options.pairs, pairsIn({ ...request, pairs: undefined }, k.solver));
  const own = k.normalised ? a.count + (y === null ? 0 : b.count) : 0;
  const tally = new Tally(options.progress, pairsIn(request, k.solver) + own);
  const [{ gram }] = (await evaluate(backend, k, [request], tally)) as [{ gram: Float64Array }];
  if (k.normalised) {
    const na = await norms(backend, k, a, tally);
    const nb = y === null ? na : await norms(backend, k, b, tally);
    for (let i = 0; i < a.count; i++) for (let j = 0; j < b.count; j++) gram[i * b.count + j]! /= na[i]! * nb[j]!;
  }
  return { rows: a.count, columns: b.count, values: gram };
}

export interface PairedKernels {
  /** [batch]. */
  readonly values: Float64Array;
  /** Gradients of Σ cotangent · k to the points, in the layout of the batches' points. */
  readonly gradientX?: Float64Array | undefined;
  readonly gradientY?: Float64Array | undefined;
}

export interface PairedOptions extends PairwiseOptions {
  /** With it, [batch], the gradient of Σ cotangent · k is computed too. */
  readonly cotangent?: ArrayLike<number>;
}

const pairedNames: Names<PairedOptions> = { ...pairwiseNames, cotangent: true };

/**
 * k(x_i, y_i) of two batches of the same size, and with `cotangent` [batch] the gradient of Σ cotangent · k.
 * @throws SaltationError as `signatureGram`, and where the batches differ in size or a cotangent is not finite.
 */
export async function signatureKernel(
  backend: SignatureBackend,
  x: PathInput,
  y: PathInput,
  options: PairedOptions = {},
): Promise<PairedKernels> {
  checkBackend(backend);
  const k = checkKernel(options, pairedNames);
  const two = readTwo(x, y);
  if (two.x.count !== two.y.count) fail("y", `holds ${two.y.count} paths, x holds ${two.x.count}; pairs need as many`);
  if (k.normalised) fail("normalised", "is taken by Gram matrices and statistics, not by pairs");
  const { cotangent } = options;
  const bar = cotangent && finiteNumbers("cotangent", cotangent, two.x.count, `${two.x.count} pairs`);
  const tally = new Tally(options.progress, two.x.count);
  const { gram, gradientX, gradientY } = await paired(backend, k, two.x, two.y, bar, tally);
  return { values: gram, gradientX, gradientY };
}

/** Constant weights of the Gram matrices xx, yy and xy in a statistic. */
export interface StatisticWeights {
  readonly xx?: { readonly diagonal: number; readonly others: number };
  readonly yy?: { readonly diagonal: number; readonly others: number };
  readonly xy?: number;
}

interface TwoBatches {
  readonly x: PathBatch;
  readonly y: PathBatch;
}

export interface StatisticResult {
  readonly value: number;
  readonly gradientX?: Float64Array | undefined;
  readonly gradientY?: Float64Array | undefined;
}

function matrix(n: number, w: { diagonal: number; others: number }): Float64Array {
  const out = new Float64Array(n * n).fill(w.others);
  for (let i = 0; i < n; i++) out[i * n + i] = w.diagonal;
  return out;
}

const dot = (a: Float64Array, b: Float64Array): number => a.reduce((sum, v, i) => sum + v * b[i]!, 0);

/** One of a statistic's Gram matrices, with the weights of its entries. */
interface Term extends GramRequest {
  readonly gradient: { readonly x: boolean; readonly y: boolean };
  readonly weights: Float64Array;
}

/** The Gram matrices that a statistic takes, in the order in which a backend is asked for them: xx, yy, xy. */
export function requestsOf({ x, y }: TwoBatches, weights: StatisticWeights): GramRequest[] {
  const own = (batch: PathBatch, weight: StatisticWeights["xx"]): GramRequest[] =>
    weight ? [{ x: batch, y: null, skipDiagonal: weight.diagonal === 0 }] : [];
  return [...own(x, weights.xx), ...own(y, weights.yy), ...(weights.xy === undefined ? [] : [{ x, y }])];
}

/** Σ weights · Gram matrices, and its gradients to the points. */
export async function linearStatistic(
  backend: SignatureBackend,
  k: CheckedKernel,
  { x, y }: TwoBatches,
  weights: StatisticWeights,
  want: { x: boolean; y: boolean },
  progress: PairwiseOptions["progress"],
): Promise<StatisticResult> {
  refuseHuge(x.count, y.count);
  refuseHuge(x.count, x.count);
  refuseHuge(y.count, y.count);
  const terms = requestsOf({ x, y }, weights).map((request, n): Term => {
    if (request.y)
      return { ...request, gradient: want, weights: new Float64Array(x.count * y.count).fill(weights.xy!) };
    const [weight, wanted] = n === 0 && weights.xx ? [weights.xx, want.x] : [weights.yy!, want.y];
    return { ...request, gradient: { x: wanted, y: wanted }, weights: matrix(request.x.count, weight) };
  });
  const gradients = new Map<PathBatch, Float64Array>();
  const add = (batch: PathBatch, gradient: Float64Array | undefined): void => {
    if (!gradient) return;
    const known = gradients.get(batch);
    if (!known) gradients.set(batch, gradient.slice());
    else for (let i = 0; i < known.length; i++) known[i]! += gradient[i]!;
  };
  const each = sum(terms.map((t) => pairsIn(t, k.solver)));
  const both = x.count + y.count;
  const again = each + (want.x ? x.count : 0) + (want.y ? y.count : 0);
  const tally = new Tally(progress, k.normalised ? both + each + (want.x || want.y ? again : 0) : each);
  let value = 0;
  /** The terms' Gram matrices, and with cotangents their gradients where they are wanted. */
  const grams = (cotangents?: readonly Float64Array[]): Promise<GramResult[]> => {
    const requests = terms.map((t, i) => ({
      ...t,
      cotangent: t.gradient.x || t.gradient.y ? cotangents?.[i] : undefined,
    }));
    return evaluate(backend, k, requests, tally);
  };
  const collect = (results: readonly GramResult[]): void =>
    results.forEach(({ gradientX, gradientY }, i) => {
      add(terms[i]!.x, gradientX);
      if (terms[i]!.y) add(terms[i]!.y!, gradientY);
    });
  if (!k.normalised) {
    const results = await grams(terms.map((t) => t.weights));
    results.forEach((r, i) => {
      value += dot(r.gram, terms[i]!.weights);
    });
    collect(results);
  } else {
    // Values first: the cotangents of a normalised kernel depend on them.
    const nx = await norms(backend, k, x, tally);
    const ny = await norms(backend, k, y, tally);
    const values = await grams();
    const diagonal = new Map([x, y].map((batch) => [batch, new Float64Array(batch.count)]));
    const scaled = terms.map((term, t) => {
      const b = term.y ?? term.x;
      const na = term.x === x ? nx : ny;
      const nb = b === x ? nx : ny;
      return term.weights.map((w, at) => {
        const [i, j] = [Math.floor(at / b.count), at % b.count];
        const share = w / (na[i]! * nb[j]!);
        const part = share * values[t]!.gram[at]!;
        value += part;
        diagonal.get(term.x)![i]! -= part / (2 * na[i]! ** 2);
        diagonal.get(b)![j]! -= part / (2 * nb[j]! ** 2);
        return share;
      });
    });
    if (want.x || want.y) {
      collect(await grams(scaled));
      for (const batch of new Set([x, y])) {
        if (!(batch === x ? want.x : want.y)) continue;
        const own = await paired(backend, k, batch, batch, diagonal.get(batch)!, tally);
        add(batch, own.gradientX);
        add(batch, own.gradientY);
      }
    }
  }
  return {
    value,
    gradientX: want.x ? (gradients.get(x) ?? new Float64Array(x.points.length)) : undefined,
    gradientY: want.y ? (gradients.get(y) ?? new Float64Array(y.points.length)) : undefined,
  };
}
