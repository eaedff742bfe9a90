/**
 * One sub-step of the ODE between events, y(r) → y(r + h) within a grid step, in float64, with its exact reverse and
 * forward derivative. Times r and h are counted from the grid point. The driver path's slope is
 *
 *     x(r) = a + b (dt - 2 r),  a = ΔW / dt,  b = 6 H / dt²      (docs/mathematics.md; b = 0 for `wong-zakai`)
 *
 * which a stage reads at its node, or where noise is additive at its `additivePlaces` (shaders/substep/tableau.ts).
 *
 * `euler` freezes the drift at the start of the sub-step and leaves the noise to the grid points.
 */
import { alongPath, sumOf, tableauOf } from "../../shaders/substep/tableau.js";
import { isAdditive } from "../cell/channels.js";
import type { CompiledCell } from "../cell/emit-js.js";
import type { Method } from "../plan/plan.js";

export interface Driver {
  /** ΔW / dt per channel. */
  readonly a: Float64Array;
  /** 6 H / dt² per channel; 0 without the parabola. */
  readonly b: Float64Array;
}

/** A sub-step, of one neuron: what its end is a function of. */
export interface SubStep {
  y: Float64Array;
  r: number;
  h: number;
  driver: Driver;
  /** The cell's parameters, and the input current. */
  p: Float64Array;
  I: number;
}

/** A direction in which a sub-step is differentiated. */
export type SubStepTangent = Omit<SubStep, "driver">;

const dot = (a: Float64Array, b: Float64Array): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
};

export class Stepper {
  /** Cotangents of r and h, set by `reverse`. */
  rBar = 0;
  hBar = 0;

  protected readonly n: number;
  protected readonly frozen: boolean;
  protected readonly node: readonly number[];
  private readonly weight: readonly number[];
  private readonly total: number;
  /** By channel: where in a sub-step each stage reads the slope of the path. */
  protected readonly places: (readonly number[])[];
  protected readonly x: Float64Array;
  protected readonly dx: Float64Array;
  protected readonly xBar: Float64Array;
  protected readonly stages: Float64Array[];
  protected readonly slopes: Float64Array[];
  protected readonly slopeTangents: Float64Array[];
  protected readonly kBar: Float64Array;
  protected readonly yBarStage: Float64Array;
  protected readonly tangentStage: Float64Array;

  constructor(
    protected readonly cell: CompiledCell,
    method: Method,
    protected readonly dt: number,
    nodes: readonly number[] = tableauOf(method).nodes,
  ) {
    const tableau = tableauOf(method);
    this.n = cell.cell.states.length;
    this.frozen = !alongPath(tableau);
    this.node = nodes;
    this.weight = tableau.weights;
    this.total = sumOf(tableau.weights);
    const { channels } = cell.cell;
    const rated = cell.rated?.flatMap((has, i) => (has ? [i] : []));
    this.places = channels.map((c) => (isAdditive(c, rated) ? (tableau.additivePlaces ?? nodes) : nodes));
    const vectors = (count: number): Float64Array[] => Array.from({ length: count }, () => new Float64Array(this.n));
    this.x = new Float64Array(channels.length);
    this.dx = new Float64Array(channels.length);
    this.xBar = new Float64Array(channels.length);
    this.stages = vectors(this.node.length);
    this.slopes = vectors(this.node.length);
    this.slopeTangents = vectors(this.node.length);
    [this.kBar, this.yBarStage, this.tangentStage] = vectors(3) as [Float64Array, Float64Array, Float64Array];
  }

  /** x ← slope of the path at a stage; a frozen drift leaves it out. */
  protected slope({ driver, r, h }: SubStep, stage: number): void {
    if (this.frozen) return;
    for (let c = 0; c < this.x.length; c++) {
      this.x[c] = driver.a[c]! + driver.b[c]! * (this.dt - 2 * (r + this.places[c]![stage]! * h));
    }
  }

  /** rBar, hBar += those of the places at which a stage reads the path. */
  protected addPlaceBars({ driver }: SubStep, stage: number): void {
    if (this.frozen) return;
    for (let c = 0; c < this.xBar.length; c++) {
      const byTime = -2 * driver.b[c]! * this.xBar[c]!;
      this.rBar += byTime;
      this.hBar += this.places[c]![stage]! * byTime;
    }
  }

  /** dx ← the change of a stage's slope by r and h; none of a frozen drift. */
  protected slopeTangent({ driver }: SubStep, stage: number, dr: number, dh: number): void {
    if (this.frozen) return;
    for (let c = 0; c < this.dx.length; c++) {
      this.dx[c] = -2 * driver.b[c]! * (dr + this.places[c]![stage]! * dh);
    }
  }

  /** Stage states and slopes. The first state is y itself, not a copy. */
  private stagesOf(subStep: SubStep): void {
    const { y, h, p, I } = subStep;
    const { node, stages, slopes } = this;
    stages[0] = y;
    for (let s = 0; s < node.length; s++) {
      const stage = stages[s]!;
      if (s > 0) {
        const before = slopes[s - 1]!;
        for (let i = 0; i < this.n; i++) stage[i] = y[i]! + node[s]! * h * before[i]!;
      }
      this.slope(subStep, s);
      this.cell.flow(slopes[s]!, stage, p, I, this.x);
    }
  }

  /** Whether states move straight, along a drift that is frozen. */
  get straight(): boolean {
    return this.frozen;
  }

  /** out ← y(r + h); out may be y itself. */
  advance(out: Float64Array, subStep: SubStep): void {
    this.stagesOf(subStep);
    const { slopes, weight } = this;
    const { y, h } = subStep;
    const part = h / this.total;
    for (let i = 0; i < this.n; i++) {
      let sum = weight[0]! * slopes[0]![i]!;
      for (let s = 1; s < slopes.length; s++) sum += weight[s]! * slopes[s]![i]!;
      out[i] = y[i]! + part * sum;
    }
  }

  /**
   * Exact reverse of `advance`: yBar ← (∂out/∂y)ᵀ c, pBar += (∂out/∂p)ᵀ c, and rBar, hBar as fields.
   * yBar may be c itself.
   */
  reverse(yBar: Float64Array, pBar: Float64Array, subStep: SubStep, c: Float64Array): void {
    const { h, p, I } = subStep;
    const { n, kBar, yBarStage, xBar, node, weight, slopes } = this;
    const bar = { y: yBarStage, x: xBar, p: pBar };
    this.rBar = 0;
    this.hBar = 0;
    this.stagesOf(subStep);
    const total = this.tangentStage;
    total.set(c);
    for (let s = node.length - 1; s >= 0; s--) {
      // kBar: from the final sum, and from the next stage's state y + node·h·k.
      const part = weight[s]! / this.total;
      this.hBar += part * dot(c, slopes[s]!);
      for (let i = 0; i < n; i++) kBar[i] = part * h * c[i]!;
      if (s + 1 < node.length) {
        const next = node[s + 1]!;
        this.hBar += next * dot(yBarStage, slopes[s]!);
        for (let i = 0; i < n; i++) kBar[i]! += next * h * yBarStage[i]!;
      }
      this.slope(subStep, s);
      this.cell.flowVjp(bar, this.stages[s]!, p, I, this.x, kBar);
      this.addPlaceBars(subStep, s);
      for (let i = 0; i < n; i++) total[i]! += yBarStage[i]!;
    }
    yBar.set(total);
  }

  /** out ← the forward derivative of `advance` in a direction; out may be the direction's y itself. */
  tangent(out: Float64Array, subStep: SubStep, direction: SubStepTangent): void {
    const { h, p, I } = subStep;
    const { y: dy, r: dr, h: dh, p: dp, I: dI } = direction;
    const { n, dx, node, weight, slopes, slopeTangents } = this;
    this.stagesOf(subStep);
    const stage = this.tangentStage;
    const along = { y: stage, p: dp, I: dI, x: dx };
    for (let s = 0; s < node.length; s++) {
      for (let i = 0; i < n; i++) {
        stage[i] = dy[i]!;
        if (s > 0) stage[i]! += node[s]! * (h * slopeTangents[s - 1]![i]! + dh * slopes[s - 1]![i]!);
      }
      this.slope(subStep, s);
      this.slopeTangent(subStep, s, dr, dh);
      this.cell.flowJvp(slopeTangents[s]!, this.stages[s]!, p, I, this.x, along);
    }
    for (let i = 0; i < n; i++) {
      if (node.length === 1) {
        // Added as it is written, y + h k.
        out[i] = dy[i]! + h * slopeTangents[0]![i]! + dh * slopes[0]![i]!;
        continue;
      }
      let sum = 0;
      for (let s = 0; s < node.length; s++) sum += weight[s]! * (h * slopeTangents[s]![i]! + dh * slopes[s]![i]!);
      out[i] = dy[i]! + sum / this.total;
    }
  }
}
