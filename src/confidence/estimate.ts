/** Puts a `Confidence` together. */
import { checkOptions, counted, fail, type Names, show } from "../checks.js";
import type { EngineNetwork } from "../engine.js";
import { judgeMean } from "../loss/judge-mean.js";
import { parameterLayout, parameterVector, requestedViews, shapedValues, type View } from "../plan/layout.js";
import { type SolvePlan, solveNames } from "../plan/plan.js";
import { trainableNames, trainableOf } from "../train/trainable.js";
import { entriesOf } from "../train/update.js";
import type { Confidence, ConfidenceOptions, ParameterConfidence } from "./confidence.js";
import { Fit, fitEntry, type Point } from "./fit.js";
import { covarianceOf, type Information, informationAt } from "./information.js";
import { maximise } from "./maximise.js";
import { type CheckedSettings, checkSettings, settingNames } from "./options.js";
import { type Profile, profileOf } from "./profile.js";
import { normalQuantile } from "./quantiles.js";
import { form, product } from "./symmetric.js";
import { timeRescaling } from "./time-rescaling.js";

const names: Names<ConfidenceOptions> = {
  ...solveNames,
  ...settingNames,
  loss: true,
  trainable: true,
  values: true,
};

/** A value stands at a bound where going all the way there changes log L by less than so many nats: 0.02 standard errors. */
const boundChange = 2e-4;
/** Values further from the maximum than this, in standard errors, are told. */
const near = 0.1;
/** Trials that the sandwich needs: its standard errors are then known to 1/√(2 (n − 1)) = 24 % at worst. */
const leastTrials = (entries: number): number => Math.max(10, 2 * entries);

/** Writes values of a parameter, in the shape in which it was given, into the vector of all. */
function writeValues(view: View, given: unknown, vector: Float64Array): void {
  const field = `values.${view.asked}`;
  // Places are told from the neurons of edges by their sign.
  const places = view.shape(
    Float64Array.from({ length: view.length }, (_, i) => -1 - i),
    new Float64Array(view.beyond.length),
  );
  const follow = (value: unknown, place: unknown): void => {
    if (typeof place === "number") {
      if (place >= 0) return;
      if (typeof value !== "number" || !Number.isFinite(value))
        fail(field, `expected a finite number, got ${show(value)}`);
      vector[view.offset - 1 - place] = value;
      return;
    }
    const all = place as unknown[];
    const has = (value as { length?: number } | undefined)?.length;
    if (has !== all.length) fail(field, `expected ${all.length} entries in the parameter's shape, got ${show(value)}`);
    all.forEach((p, i) => {
      follow((value as ArrayLike<unknown>)[i], p);
    });
  };
  follow(given, places);
}

interface Asked extends CheckedSettings {
  readonly plan: SolvePlan;
  readonly fit: Fit;
  readonly views: readonly View[];
}

function read(network: EngineNetwork, options: ConfidenceOptions): Asked {
  checkOptions("", options, names);
  const { loss, trainable, values = {} } = options;
  if (!loss?.likelihood)
    fail("loss", `expected logLikelihood(…), got ${show(loss?.kind)}: confidence is of a likelihood`);
  // Samples say how many paths there are: one for each trial.
  const plan = network.gradientPlan(options.samples ? options : { ...options, paths: options.paths ?? 1 }, loss);
  const asked = trainableNames(trainable);
  const views = requestedViews(network.network, parameterLayout(plan), asked, "trainable");
  const vector = parameterVector(plan);
  for (const name of Object.keys(values)) {
    if (!views.some((v) => v.asked === name)) fail(`values.${name}`, `is not in trainable: ${asked.join(", ")}`);
  }
  for (const view of views) if (view.asked in values) writeValues(view, values[view.asked], vector);
  const { schedule } = loss.likelihood(
    plan,
    views.map((v) => v.name),
  );
  const entries = trainable.flatMap((t, i) =>
    entriesOf(`trainable[${i}]`, trainableOf(t), views[i]!, vector, network.network).map(fitEntry),
  );
  if (entries.length === 0) fail("trainable", "masks leave nothing that was fitted");
  for (const { parameter, place, lower, upper } of entries) {
    const value = vector[place]!;
    if (!(value >= lower && value <= upper))
      fail("trainable", `${parameter} is ${value}, outside its bounds ${lower} to ${upper}`);
  }
  const settings = checkSettings(
    options,
    entries.map((e) => e.parameter),
  );
  return { plan, fit: new Fit(plan, schedule, entries, vector), views, ...settings };
}

/** Whether log L changes, or ends to exist, somewhere on the way from a bound, which need not be as near as the bound. */
async function movesAway(
  natural: Fit,
  at: Float64Array,
  i: number,
  side: "lower" | "upper",
  here: number,
): Promise<boolean> {
  const { lower, upper } = natural.entries[i]!;
  const [from, to] = side === "lower" ? [lower, upper] : [upper, lower];
  const unit = Math.max(Math.abs(at[i]! - from), 1e-3 * Math.abs(at[i]!), 1e-6);
  for (let times = 1; times <= 1e9; times *= 10) {
    const far = at[i]! + Math.sign(to - from) * times * unit;
    if (side === "lower" ? far >= to : far <= to) return true;
    const there = await natural.valueAt(Float64Array.from(at, (v, j) => (j === i ? far : v)));
    if (there === undefined || Math.abs(there - here) >= boundChange) return true;
  }
  return false;
}

/** Which entries stand at a bound. */
async function boundsOf(fit: Fit, x: Float64Array): Promise<("lower" | "upper" | undefined)[]> {
  const natural = fit.natural(x);
  const at = natural.start();
  let here: number | undefined;
  const found: ("lower" | "upper" | undefined)[] = [];
  for (const [i, { lower, upper, transform }] of fit.entries.entries()) {
    const value = at[i]!;
    if (!Number.isFinite(transform.inverse(value)) || value === lower || value === upper) {
      found.push(value - lower < upper - value ? "lower" : "upper");
      continue;
    }
    const sides: ("lower" | "upper")[] = [];
    for (const [side, bound] of [
      ["lower", lower],
      ["upper", upper],
    ] as const) {
      if (!Number.isFinite(bound)) continue;
      here ??= await natural.valueAt(at);
      const to = Float64Array.from(at);
      to[i] = bound + 1e-9 * (value - bound);
      const there = await natural.valueAt(to);
      if (here !== undefined && there !== undefined && Math.abs(there - here) < boundChange) sides.push(side);
    }
    // Of one that may stand at either, the data say nothing, nor of one that may be as large as it likes: that is told as such.
    const [side] = sides;
    found.push(side && sides.length === 1 && (await movesAway(natural, at, i, side, here!)) ? side : undefined);
  }
  return found;
}

/** The information and its inverse at a point, over the entries that are at no bound. */
interface Curvature {
  readonly fit: Fit;
  readonly point: Point;
  readonly information: Information;
  readonly covariance: readonly (readonly number[])[];
  readonly toMaximum: number;
}

async function curvatureAt(fit: Fit, x: Float64Array): Promise<Curvature> {
  const point = await fit.at(x);
  const information = await informationAt(fit, point);
  const covariance = covarianceOf(fit, information);
  const toMaximum = Math.sqrt(Math.max(0, form(covariance, point.gradient, point.gradient)));
  return { fit, point, information, covariance, toMaximum };
}

/** The maximum, from a point near by. */
async function maximumFrom(fit: Fit, x: Float64Array): Promise<Float64Array> {
  return (await maximise(fit, await fit.at(x))).x;
}

/** Mean outer product of the scores of trials, times their number. */
function scatterOf({ scores }: Point): number[][] {
  const n = scores.length;
  const size = scores[0]!.length;
  const mean = Array.from({ length: size }, (_, i) => scores.reduce((sum, s) => sum + s[i]!, 0) / n);
  return mean.map((a, i) =>
    mean.map((b, j) => (scores.reduce((sum, s) => sum + (s[i]! - a) * (s[j]! - b), 0) * n) / (n - 1)),
  );
}

const times = (matrix: readonly (readonly number[])[], slopes: readonly number[]): number[][] =>
  matrix.map((row, i) => row.map((c, j) => c * slopes[i]! * slopes[j]!));

/** Rows and columns of entries that are free, among all. */
function spread(matrix: readonly (readonly number[])[], free: readonly number[], all: number): number[][] {
  const wide = Array.from({ length: all }, () => new Array<number>(all).fill(Number.NaN));
  free.forEach((i, a) => {
    free.forEach((j, b) => {
      wide[i]![j] = matrix[a]![b]!;
    });
  });
  return wide;
}

export async function estimate(network: EngineNetwork, options: ConfidenceOptions): Promise<Confidence> {
  const { plan, fit: whole, views, level, coordinates, profile, refine } = read(network, options);
  const warnings = [...(plan.warnings ?? []), ...(options.loss.warnings?.(plan) ?? [])];
  const z = normalQuantile(level);
  let x = whole.start();
  let bounds = await boundsOf(whole, x);
  const freeOf = (): number[] => bounds.flatMap((b, i) => (b ? [] : [i]));
  if (refine) {
    const free = freeOf();
    const found = await maximumFrom(
      whole.holding(x, free),
      Float64Array.from(free, (i) => x[i]!),
    );
    x = Float64Array.from(x);
    free.forEach((i, a) => {
      x[i] = found[a]!;
    });
    bounds = await boundsOf(whole, x);
  }
  const free = freeOf();
  if (free.length === 0) fail("trainable", "every parameter stands at a bound: there is nothing to tell");
  for (const [i, b] of bounds.entries()) {
    const { parameter } = whole.entries[i]!;
    if (b)
      warnings.push(
        `${parameter} stands at its ${b} bound: it has no standard error, and those of others are for it held there`,
      );
  }
  const constrained = whole.holding(x, free);
  const own = coordinates === "natural" ? constrained.natural(constrained.start()) : constrained;
  const { fit, point, information, covariance, toMaximum } = await curvatureAt(own, own.start());
  if (toMaximum > near) {
    const gain = (toMaximum ** 2 / 2).toPrecision(2);
    warnings.push(
      `the values are ${toMaximum.toPrecision(2)} standard errors from the maximum of log L, which is about ${gain} nats higher: ` +
        'train on, or give "refine": standard errors are of a maximum',
    );
  }
  const { trials, spikes } = fit;
  const slopes = fit.entries.map((e, i) => e.transform.derivative(point.x[i]!));
  const enough = trials >= leastTrials(free.length);
  if (!enough)
    warnings.push(
      `no robust standard errors: they take ${leastTrials(free.length)} trials for ${counted(free.length, "parameter")}, and there are ${trials}`,
    );
  const robust = enough ? product(product(covariance, scatterOf(point)), covariance) : [];
  const all = whole.entries.length;
  const natural = spread(times(covariance, slopes), free, all);
  const sandwich = spread(enough ? times(robust, slopes) : natural.map((row) => row.map(() => Number.NaN)), free, all);
  const values = whole.valuesAt(x);
  const parameters = whole.entries.map(({ parameter, place }, i): ParameterConfidence => {
    const a = free.indexOf(i);
    const value = values[place]!;
    const atBound = bounds[i];
    const end = (sign: number): number =>
      a < 0 ? Number.NaN : fit.entries[a]!.transform.value(point.x[a]! + sign * z * Math.sqrt(covariance[a]![a]!));
    return {
      parameter,
      value,
      standardError: Math.sqrt(natural[i]![i]!),
      interval: [end(-1), end(1)],
      robustStandardError: Math.sqrt(sandwich[i]![i]!),
      ...(atBound ? { atBound } : {}),
    };
  });
  const outside = parameters.filter(
    ({ interval: [low, high] }, i) => low < whole.entries[i]!.lower || high > whole.entries[i]!.upper,
  );
  for (const { parameter } of outside)
    warnings.push(
      `the interval of ${parameter} goes beyond its bounds: take coordinates "unconstrained", or its profile`,
    );
  const judged = judgeMean(plan, options.loss, trainableNames(options.trainable), false);
  for (const because of judged.because) warnings.push(`standard errors do not see jumps of log L: ${because}`);
  const profiles: Profile[] = [];
  for (const i of profile) {
    const { parameter } = whole.entries[i]!;
    const a = free.indexOf(i);
    if (a < 0) fail("profile", `${parameter} stands at its ${bounds[i]} bound; leave it out`);
    const of = constrained === fit ? { point, covariance } : await curvatureAt(constrained, constrained.start());
    profiles.push(await profileOf(constrained, of.point, of.covariance, a, z));
  }
  warnings.push(...profiles.flatMap((p) => p.warnings));
  return {
    level,
    coordinates,
    refined: refine,
    parameters,
    values: shapedValues(views, values),
    covariance: natural,
    correlation: natural.map((row, i) => row.map((c, j) => c / Math.sqrt(natural[i]![i]! * natural[j]![j]!))),
    robustCovariance: sandwich,
    logLikelihood: point.value,
    trials,
    spikes,
    aic: 2 * all - 2 * point.value,
    bic: all * Math.log(spikes) - 2 * point.value,
    toMaximum,
    informationError: information.error,
    profiles,
    goodness: timeRescaling(await fit.hazards(point.x), plan.network.neurons, level),
    warnings,
  };
}
