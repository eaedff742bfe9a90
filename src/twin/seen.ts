/**
 * What a plan owes to 32-bit floats beside the rounding of increments: equations that read a state or a parameter of 10⁷ see it
 * to a whole number, and what they take apart may be less. Measured and not derived: some paths are solved in float64 by the
 * cell as it is, and by one whose equations see what they read as float32 has it, with the same noise, and compared.
 */
import { parameterInput, stateInput } from "../cell/cell.js";
import type { CompiledCell } from "../cell/emit-js.js";
import { timeState } from "../cell/hybrid.js";
import { SaltationError } from "../errors.js";
import type { SolvePlan } from "../plan/plan.js";
import { points } from "../plan/points.js";
import { three } from "../plan/stability.js";
import { type Compared, compared, type SolvedPath, solvedPath } from "./compared.js";
import { compileFor } from "./compile.js";
import { PathSolver } from "./forward.js";
import { counterNoise } from "./noise.js";

/** Steps of neurons that are solved of each kind, some hundredths of a second; as many paths at most, and spikes of each. */
const [budget, mostPaths, mostSpikes] = [10_000, 4, 256];

/** The error of spike times, as a part of the interval between them, that is told: a tenth of what a step may cost before it is. */
const tolerance = 1e-3;

/**
 * A cell whose equations see float32. What kernels carry of states, where that matters (carried.ts), reaches surfaces and what jumps
 * add to: there parameters alone are seen so.
 */
function seenInFloat32(cell: CompiledCell): CompiledCell {
  const [states, parameters] = [cell.cell.states, cell.cell.parameters].map(({ length }) => new Float32Array(length));
  const [yRead, pRead] = [new Float64Array(states!.length), new Float64Array(parameters!.length)];
  const through = (read: Float64Array, narrow: Float32Array, from: Float64Array): Float64Array => {
    narrow.set(from);
    read.set(narrow);
    return read;
  };
  const seen = (y: Float64Array): Float64Array => through(yRead, states!, y);
  const held = (p: Float64Array): Float64Array => through(pRead, parameters!, p);
  const [slopes, unused] = [new Float64Array(yRead.length), new Float64Array(pRead.length + 1)];
  /** A surface, with what is carried of states to first order, as kernels have it. */
  const carrying =
    (value: CompiledCell["event"], gradient: CompiledCell["eventGradient"]): CompiledCell["event"] =>
    (y, p) => {
      const [near, by] = [seen(y), held(p)];
      gradient(slopes, unused, near, by);
      return slopes.reduce((sum, slope, i) => sum + slope * (y[i]! - near[i]!), value(near, by));
    };
  return {
    ...cell,
    happenings: cell.happenings.map((h) => ({
      ...h,
      surface: carrying(h.surface, h.surfaceGradient),
      jump: (out, y, p, u) => h.jump(out, y, held(p), u),
    })),
    ports: cell.ports.map((port) => ({ ...port, receive: (out, y, p, w) => port.receive(out, y, held(p), w) })),
    flow: (out, y, p, I, x) => cell.flow(out, seen(y), held(p), Math.fround(I), x),
    event: carrying(cell.event, cell.eventGradient),
    start: (out, p, u) => cell.start(out, held(p), u),
    kick: (out, y, p, x) => cell.kick(out, y, held(p), x),
  };
}

/** What paths differ by to float32, or undefined where paths cannot be solved, which is told elsewhere. */
function seenError(plan: SolvePlan): Compared | undefined {
  const { network, dt, t0 } = plan;
  const paths = Math.min(mostPaths, plan.paths);
  const steps = Math.min(plan.steps, Math.floor(budget / (network.neurons * paths)));
  if (steps < 1) return undefined;
  const maxSpikes = Math.min(mostSpikes, plan.maxSpikes || mostSpikes);
  const sample = { ...plan, steps, maxSpikes, t1: steps === plan.steps ? plan.t1 : t0 + steps * dt };
  const cell = compileFor(plan);
  const solved = (by: CompiledCell): SolvedPath[] => {
    const solver = new PathSolver(sample, by, counterNoise(sample));
    return Array.from({ length: paths }, (_, path) => {
      const result = solver.solve(path, false);
      return solvedPath(result, sample, result.final);
    });
  };
  try {
    const pair = { coarse: solved(seenInFloat32(cell)), fine: solved(cell) };
    // No step of the two is shorter: what they differ by is the error.
    return compared(network.cell, { ...pair, ratio: Number.POSITIVE_INFINITY, orders: { mean: 1, spread: 1 } });
  } catch (error) {
    if (error instanceof SaltationError) return undefined;
    throw error;
  }
}

/** The largest number that equations read where paths begin, by name. */
function largest(plan: SolvePlan): readonly [name: string, value: number] {
  const { states, parameters } = plan.network.cell;
  const named = [
    ...states.map((name) => [name === timeState ? "t" : name, stateInput(name)] as const),
    ...parameters.map((name) => [name, parameterInput(name)] as const),
    ["I", "I"] as const,
  ];
  let most: readonly [string, number] = ["", 0];
  for (const { inputs } of points(plan))
    for (const [name, input] of named) {
      const value = inputs.get(input)!;
      if (Math.abs(value) > Math.abs(most[1])) most = [name, value];
    }
  return most;
}

/** A line that says how far a plan is off by what float32 does not hold, where it is. */
export function notHeld(plan: SolvePlan): string | undefined {
  const found = seenError(plan);
  if (!found || !(found.relative > tolerance)) return undefined;
  const percent = `${three(100 * found.relative)} %`;
  const off =
    found.of === "spike times"
      ? `spike times are off by ${percent} of the mean interval of ${three(found.interval)} between spikes`
      : `"${found.state}" is off by ${percent} of itself`;
  const [name, value] = largest(plan);
  return (
    `32-bit floats do not hold what this job takes apart: ${off} (against float64, on some paths), as they keep ` +
    `${name} = ${three(value)} to ${three(Math.abs(value) * 2 ** -23)}; take another origin or other units, or backend "cpu"`
  );
}
