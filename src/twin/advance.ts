/**
 * One sub-step of the ODE between events, y(r) → y(r + h) within a grid step, in float64, with its exact reverse and
 * forward derivative. Times r and h are counted from the grid point. The driver path's slope is
 *
 *     x(r) = a + b (dt - 2 r),  a = ΔW / dt,  b = 6 H / dt²      (docs/mathematics.md; b = 0 for `wong-zakai`)
 *
 * `euler` freezes the drift at the start of the sub-step and leaves the noise to the grid points.
 */
import type { CompiledCell } from "../cell/emit-js.js";
import type { Method } from "../plan/plan.js";

export interface Driver {
  /** ΔW / dt per channel. */
  readonly a: Float64Array;
  /** 6 H / dt² per channel; 0 without the parabola. */
  readonly b: Float64Array;
}

const dot = (a: Float64Array, b: Float64Array): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
};

/** Nodes of the classical Runge-Kutta method: stage i is evaluated at r + node·h, and weighs weight/6. */
const node = [0, 0.5, 0.5, 1] as const;
const weight = [1, 2, 2, 1] as const;

export class Stepper {
  /** Cotangents of r and h, set by `reverse`. */
  rBar = 0;
  hBar = 0;

  private readonly n: number;
  private readonly smooth: boolean;
  private readonly x: Float64Array;
  private readonly dx: Float64Array;
  private readonly xBar: Float64Array;
  private readonly stages: Float64Array[];
  private readonly slopes: Float64Array[];
  private readonly slopeTangents: Float64Array[];
  private readonly kBar: Float64Array;
  private readonly yBarStage: Float64Array;
  private readonly tangentStage: Float64Array;

  constructor(
    private readonly cell: CompiledCell,
    method: Method,
    private readonly dt: number,
  ) {
    this.n = cell.cell.states.length;
    this.smooth = method !== "euler";
    const channels = cell.cell.channels.length;
    const vectors = (count: number): Float64Array[] => Array.from({ length: count }, () => new Float64Array(this.n));
    this.x = new Float64Array(channels);
    this.dx = new Float64Array(channels);
    this.xBar = new Float64Array(channels);
    this.stages = vectors(4);
    this.slopes = vectors(4);
    this.slopeTangents = vectors(4);
    [this.kBar, this.yBarStage, this.tangentStage] = vectors(3) as [Float64Array, Float64Array, Float64Array];
  }

  private slope(driver: Driver, r: number): void {
    for (let c = 0; c < this.x.length; c++) this.x[c] = driver.a[c]! + driver.b[c]! * (this.dt - 2 * r);
  }

  /** Stage states and slopes of Runge-Kutta 4. */
  private stagesOf(y: Float64Array, r: number, h: number, driver: Driver, p: Float64Array, I: number): void {
    for (let s = 0; s < 4; s++) {
      const stage = this.stages[s]!;
      if (s === 0) stage.set(y);
      else {
        const before = this.slopes[s - 1]!;
        for (let i = 0; i < this.n; i++) stage[i] = y[i]! + node[s]! * h * before[i]!;
      }
      this.slope(driver, r + node[s]! * h);
      this.cell.flow(this.slopes[s]!, stage, p, I, this.x);
    }
  }

  /** out ← y(r + h). */
  advance(out: Float64Array, y: Float64Array, r: number, h: number, driver: Driver, p: Float64Array, I: number): void {
    if (!this.smooth) {
      this.x.fill(0);
      this.cell.flow(this.slopes[0]!, y, p, I, this.x);
      for (let i = 0; i < this.n; i++) out[i] = y[i]! + h * this.slopes[0]![i]!;
      return;
    }
    this.stagesOf(y, r, h, driver, p, I);
    const [k1, k2, k3, k4] = this.slopes as [Float64Array, Float64Array, Float64Array, Float64Array];
    for (let i = 0; i < this.n; i++) out[i] = y[i]! + (h / 6) * (k1[i]! + 2 * k2[i]! + 2 * k3[i]! + k4[i]!);
  }

  /**
   * Exact reverse of `advance`: yBar ← (∂out/∂y)ᵀ c, pBar += (∂out/∂p)ᵀ c, and rBar, hBar as fields.
   * yBar may be c itself.
   */
  reverse(
    yBar: Float64Array,
    pBar: Float64Array,
    y: Float64Array,
    r: number,
    h: number,
    driver: Driver,
    p: Float64Array,
    I: number,
    c: Float64Array,
  ): void {
    const { n, kBar, yBarStage, xBar } = this;
    this.rBar = 0;
    this.hBar = 0;
    if (!this.smooth) {
      this.x.fill(0);
      this.cell.flow(this.slopes[0]!, y, p, I, this.x);
      this.hBar = dot(c, this.slopes[0]!);
      for (let i = 0; i < n; i++) kBar[i] = h * c[i]!;
      this.cell.flowVjp(yBarStage, xBar, pBar, y, p, I, this.x, kBar);
      for (let i = 0; i < n; i++) yBar[i] = c[i]! + yBarStage[i]!;
      return;
    }
    this.stagesOf(y, r, h, driver, p, I);
    const total = this.tangentStage;
    total.set(c);
    for (let s = 3; s >= 0; s--) {
      // kBar: from the final sum, and from the next stage's state y + node·h·k.
      this.hBar += (weight[s]! / 6) * dot(c, this.slopes[s]!);
      const next = s < 3 ? node[s + 1]! : 0;
      if (s < 3) this.hBar += next * dot(yBarStage, this.slopes[s]!);
      for (let i = 0; i < n; i++) kBar[i] = (weight[s]! / 6) * h * c[i]! + next * h * yBarStage[i]!;
      this.slope(driver, r + node[s]! * h);
      this.cell.flowVjp(yBarStage, xBar, pBar, this.stages[s]!, p, I, this.x, kBar);
      for (let k = 0; k < xBar.length; k++) {
        const byTime = -2 * driver.b[k]! * xBar[k]!;
        this.rBar += byTime;
        this.hBar += node[s]! * byTime;
      }
      for (let i = 0; i < n; i++) total[i]! += yBarStage[i]!;
    }
    yBar.set(total);
  }

  /** Forward derivative of `advance` in the direction (dy, dr, dh, dp, dI). */
  tangent(
    out: Float64Array,
    y: Float64Array,
    r: number,
    h: number,
    driver: Driver,
    p: Float64Array,
    I: number,
    dy: Float64Array,
    dr: number,
    dh: number,
    dp: Float64Array,
    dI: number,
  ): void {
    const { n, dx } = this;
    if (!this.smooth) {
      this.x.fill(0);
      dx.fill(0);
      this.cell.flow(this.slopes[0]!, y, p, I, this.x);
      this.cell.flowJvp(this.slopeTangents[0]!, y, p, I, this.x, dy, dp, dI, dx);
      for (let i = 0; i < n; i++) out[i] = dy[i]! + h * this.slopeTangents[0]![i]! + dh * this.slopes[0]![i]!;
      return;
    }
    this.stagesOf(y, r, h, driver, p, I);
    const stage = this.tangentStage;
    for (let s = 0; s < 4; s++) {
      for (let i = 0; i < n; i++) {
        stage[i] = dy[i]!;
        if (s > 0) stage[i]! += node[s]! * (h * this.slopeTangents[s - 1]![i]! + dh * this.slopes[s - 1]![i]!);
      }
      this.slope(driver, r + node[s]! * h);
      for (let k = 0; k < dx.length; k++) dx[k] = -2 * driver.b[k]! * (dr + node[s]! * dh);
      this.cell.flowJvp(this.slopeTangents[s]!, this.stages[s]!, p, I, this.x, stage, dp, dI, dx);
    }
    for (let i = 0; i < n; i++) {
      let sum = 0;
      for (let s = 0; s < 4; s++) sum += weight[s]! * (h * this.slopeTangents[s]![i]! + dh * this.slopes[s]![i]!);
      out[i] = dy[i]! + sum / 6;
    }
  }
}
