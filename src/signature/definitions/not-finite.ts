/** Kernels that are not finite: formulas at the points of the data, and results beyond what numbers hold. */
import { fail, firstNotFinite, show } from "../../checks.js";
import { SaltationError } from "../../errors.js";
import { type PathBatch, pathLength, pathPoints } from "./paths.js";
import { argumentOf, type CompiledStaticKernel } from "./static-kernel.js";

/** Pairs of points at which a formula is tried, some of every pair of paths where there are more. */
const mostTried = 2 ** 18;

/** Pairs of paths: how many, and which. */
export interface PathPairs {
  readonly count: number;
  readonly pair: (n: number) => readonly [a: number, b: number];
}

/**
 * Refuses a static kernel of the user's own that is not finite at the data: compilers for GPUs may take it that no such
 * numbers are, and make finite ones of them.
 * @param slopes whether its derivative is needed too.
 * @throws SaltationError `invalid-input` naming the formula and the points.
 */
export function refuseFormula(
  kernel: CompiledStaticKernel,
  x: PathBatch,
  y: PathBatch,
  { count, pair }: PathPairs,
  slopes: boolean,
): void {
  if (kernel.formula === undefined) return;
  const name = kernel.argument === "inner" ? "c" : "q";
  const each = Math.max(4, Math.floor(mostTried / count));
  for (let n = 0; n < count; n++) {
    const [a, b] = pair(n);
    const [xs, ys, width] = [pathPoints(x, a), pathPoints(y, b), pathLength(y, b)];
    const all = pathLength(x, a) * width;
    // One more than a multiple of the width goes through the columns too.
    const step = all <= each ? 1 : Math.ceil(all / each / width) * width + 1;
    for (let at = 0, tried = 0; tried < Math.min(all, each); tried++, at = (at + step) % all) {
      const [i, j] = [Math.floor(at / width), at % width];
      const argument = argumentOf(kernel, xs, i, ys, j, x.channels);
      const where = `at ${name} = ${argument}, of x[${a}][${i}] and y[${b}][${j}]`;
      const value = kernel.value(argument);
      if (!Number.isFinite(value)) {
        fail("static.formula", `${show(kernel.formula)} is ${value} ${where}; it must be finite at all points`);
      }
      const slope = slopes ? kernel.slope(argument) : 0;
      if (!Number.isFinite(slope)) {
        fail(
          "static.formula",
          `${show(kernel.formula)} has the derivative ${slope} ${where}; gradients need a finite one, as of sqrt(max(q, 1e-30))`,
        );
      }
    }
  }
}

/** What numbers are computed in. */
type Precision = "float32" | "float64";

const remedies: Record<Precision, string> = {
  float32: "scale the paths down, use an rbf static kernel, or the cpu backend",
  float64: "scale the paths down, or use an rbf static kernel",
};

/** @throws SaltationError `not-finite` naming the paths of a kernel that is not finite. */
export function refuseOverflow(
  values: Float64Array,
  pair: PathPairs["pair"],
  x: PathBatch,
  y: PathBatch,
  precision: Precision,
): void {
  const bad = firstNotFinite(values);
  if (bad < 0) return;
  const [a, b] = pair(bad);
  throw new SaltationError(
    "not-finite",
    `the signature kernel of x[${a}] (${pathLength(x, a)} points) and y[${b}] (${pathLength(y, b)} points) exceeds ` +
      `${precision}: ${remedies[precision]}`,
  );
}

/** @throws SaltationError `not-finite` where a gradient is not finite. */
export function refuseGradients(gradients: readonly (Float64Array | undefined)[], precision: Precision): void {
  if (gradients.every((g) => !g || firstNotFinite(g) < 0)) return;
  throw new SaltationError(
    "not-finite",
    `the gradient of a signature kernel exceeds ${precision}: ${remedies[precision]}`,
  );
}

/** @throws SaltationError `not-finite` naming the path of a signature [size] that is not finite. */
export function refuseSignatures(values: Float64Array, size: number, precision: Precision): void {
  const bad = firstNotFinite(values);
  if (bad < 0) return;
  const remedy = precision === "float32" ? ", or use the cpu backend" : "";
  throw new SaltationError(
    "not-finite",
    `the signature of path ${Math.floor(bad / size)} exceeds ${precision}: scale the paths down${remedy}`,
  );
}
