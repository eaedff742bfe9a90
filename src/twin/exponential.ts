/**
 * A sub-step in which some states go exactly along rates of their own (`Exponential` in shaders/substep/tableau.ts), in
 * float64, with its exact reverse and forward derivative, which go through the rates too.
 *
 * Of stage i, with z = node a h: m_i = h (first(z) g_1 + before(z) g_(i-1)), Y_i = y + m_i, k_i = flow(Y_i) and
 * g_i = k_i - a m_i; products are state by state. Where a is 0 the factors are those of the row at z = 0.
 */
import { type Exponential, type Phis, tableauOf } from "../../shaders/substep/tableau.js";
import type { CompiledCell } from "../cell/emit-js.js";
import type { Method } from "../plan/plan.js";
import { Stepper, type SubStep, type SubStepTangent } from "./advance.js";
import { phis } from "./phi.js";

/** A factor of a stage, by state, with its derivative by z. */
interface Factor {
  readonly phi: Phis;
  readonly value: Float64Array;
  readonly slope: Float64Array;
}

/** The sub-steps of a cell: along its rates where it has such. */
export function stepperOf(cell: CompiledCell, method: Method, dt: number): Stepper {
  const { exponential } = tableauOf(method);
  return cell.rates && exponential
    ? new ExponentialStepper(cell, method, dt, exponential)
    : new Stepper(cell, method, dt);
}

class ExponentialStepper extends Stepper {
  private readonly first: Factor[];
  private readonly before: Factor[];
  private readonly weights: Factor[];
  /** Factors by where in the sub-step they are taken, as a part of it. */
  private readonly factorsAt: readonly { readonly node: number; readonly factors: readonly Factor[] }[];
  private readonly rate: Float64Array;
  private readonly rateBar: Float64Array;
  private readonly zBar: Float64Array;
  private readonly rateTangent: Float64Array;
  /** m_i / h, and its tangent. */
  private readonly moves: Float64Array[];
  private readonly moveTangents: Float64Array[];
  /** Cotangents of Y_i. */
  private readonly stageBars: Float64Array[];
  private readonly unused: Float64Array;
  /** States that stages leave where they are. */
  private readonly kept: readonly boolean[];
  private readonly phi = new Float64Array(6);

  constructor(cell: CompiledCell, method: Method, dt: number, exponential: Exponential) {
    super(cell, method, dt, exponential.nodes);
    this.kept = exponential.alone ? cell.rated!.map((has) => !has) : [];
    const vector = (): Float64Array => new Float64Array(this.n);
    const factors = (rows: readonly Phis[]): Factor[] => rows.map((phi) => ({ phi, value: vector(), slope: vector() }));
    this.first = factors(exponential.first);
    this.before = factors(exponential.before);
    this.weights = factors(exponential.weights);
    [this.rate, this.rateBar, this.zBar, this.rateTangent] = Array.from({ length: 4 }, vector) as [
      Float64Array,
      Float64Array,
      Float64Array,
      Float64Array,
    ];
    // Stages at one place of the sub-step have one z, and the whole has that of a stage at its end.
    const places = new Map([[1, [...this.weights]]]);
    for (let s = 1; s < this.node.length; s++) {
      const node = this.node[s]!;
      places.set(node, [...(places.get(node) ?? []), this.first[s]!, this.before[s]!]);
    }
    this.factorsAt = Array.from(places, ([node, factors]) => ({ node, factors }));
    this.unused = vector();
    [this.moves, this.moveTangents, this.stageBars] = Array.from({ length: 3 }, () => this.node.map(vector)) as [
      Float64Array[],
      Float64Array[],
      Float64Array[],
    ];
  }

  override get straight(): boolean {
    return false;
  }

  /** Rates and factors, with their derivatives by z where they are asked for. */
  private prepare({ y, h, p }: SubStep, slopes: boolean): void {
    const { cell, rate, first, before, phi } = this;
    cell.rates!(rate, y, p);
    for (let i = 0; i < this.n; i++) {
      for (const { node, factors } of this.factorsAt) {
        phis(phi, node * rate[i]! * h, slopes);
        for (const factor of factors) {
          const [a, b, c] = factor.phi;
          factor.value[i] = a * phi[0]! + b * phi[1]! + c * phi[2]!;
          if (slopes) factor.slope[i] = a * phi[3]! + b * phi[4]! + c * phi[5]!;
        }
      }
      if (!this.kept[i]) continue;
      for (let s = 1; s < this.node.length; s++) {
        first[s]!.value[i] = before[s]!.value[i] = first[s]!.slope[i] = before[s]!.slope[i] = 0;
      }
    }
  }

  /** Stages, with g in the place of slopes. */
  private takeStages(subStep: SubStep): void {
    const { y, h, p, I } = subStep;
    const { node, stages, slopes, moves, first, before, rate } = this;
    stages[0] = y;
    for (let s = 0; s < node.length; s++) {
      const [stage, g, move] = [stages[s]!, slopes[s]!, moves[s]!];
      if (s > 0) {
        for (let i = 0; i < this.n; i++) {
          move[i] = first[s]!.value[i]! * slopes[0]![i]! + before[s]!.value[i]! * slopes[s - 1]![i]!;
          stage[i] = y[i]! + h * move[i]!;
        }
      }
      this.slope(subStep, s);
      this.cell.flow(g, stage, p, I, this.x);
      if (s > 0) for (let i = 0; i < this.n; i++) g[i]! -= rate[i]! * h * move[i]!;
    }
  }

  /** Σ factor_s g_s of one state. */
  private weighed(i: number, of: "value" | "slope", vectors: readonly Float64Array[]): number {
    let sum = 0;
    for (let s = 0; s < this.node.length; s++) sum += this.weights[s]![of][i]! * vectors[s]![i]!;
    return sum;
  }

  override advance(out: Float64Array, subStep: SubStep): void {
    this.prepare(subStep, false);
    this.takeStages(subStep);
    const { y, h } = subStep;
    for (let i = 0; i < this.n; i++) out[i] = y[i]! + h * this.weighed(i, "value", this.slopes);
  }

  override reverse(yBar: Float64Array, pBar: Float64Array, subStep: SubStep, c: Float64Array): void {
    const { h, p, I } = subStep;
    const { n, node, slopes, moves, first, before, weights, rate, rateBar, zBar, xBar, stageBars } = this;
    this.prepare(subStep, true);
    this.takeStages(subStep);
    this.rBar = 0;
    this.hBar = 0;
    rateBar.fill(0);
    const [g, total] = [this.kBar, this.tangentStage];
    total.set(c);
    for (let i = 0; i < n; i++) {
      this.hBar += c[i]! * this.weighed(i, "value", slopes);
      zBar[i] = h * c[i]! * this.weighed(i, "slope", slopes);
    }
    for (let s = node.length - 1; s >= 0; s--) {
      const bar = stageBars[s]!;
      for (let i = 0; i < n; i++) {
        let sum = weights[s]!.value[i]! * c[i]!;
        if (s + 1 < node.length) sum += before[s + 1]!.value[i]! * stageBars[s + 1]![i]!;
        if (s === 0) for (let q = 1; q < node.length; q++) sum += first[q]!.value[i]! * stageBars[q]![i]!;
        g[i] = h * sum;
      }
      this.slope(subStep, s);
      this.cell.flowVjp({ y: bar, x: xBar, p: pBar }, this.stages[s]!, p, I, this.x, g);
      this.addPlaceBars(subStep, s);
      for (let i = 0; i < n; i++) {
        total[i]! += bar[i]!;
        if (s === 0) continue;
        rateBar[i]! -= h * moves[s]![i]! * g[i]!;
        // Of m_s alone: by y the two parts of -a m_s go against each other.
        bar[i]! -= rate[i]! * g[i]!;
        this.hBar += bar[i]! * moves[s]![i]!;
        const slope = first[s]!.slope[i]! * slopes[0]![i]! + before[s]!.slope[i]! * slopes[s - 1]![i]!;
        zBar[i]! += node[s]! * h * bar[i]! * slope;
      }
    }
    for (let i = 0; i < n; i++) {
      this.hBar += rate[i]! * zBar[i]!;
      rateBar[i]! += h * zBar[i]!;
    }
    this.cell.ratesVjp!({ y: this.unused, p: pBar }, subStep.y, p, rateBar);
    yBar.set(total);
  }

  override tangent(out: Float64Array, subStep: SubStep, direction: SubStepTangent): void {
    const { h, p, I } = subStep;
    const { y: dy, r: dr, h: dh, p: dp, I: dI } = direction;
    const { n, dx, node, slopes, slopeTangents, moves, moveTangents, first, before, rate, rateTangent } = this;
    this.prepare(subStep, true);
    this.takeStages(subStep);
    this.cell.ratesJvp!(rateTangent, subStep.y, p, direction);
    /** Of a h. */
    const dz = this.zBar;
    for (let i = 0; i < n; i++) dz[i] = h * rateTangent[i]! + dh * rate[i]!;
    const stage = this.tangentStage;
    const along = { y: stage, p: dp, I: dI, x: dx };
    for (let s = 0; s < node.length; s++) {
      const moved = moveTangents[s]!;
      for (let i = 0; i < n; i++) {
        stage[i] = dy[i]!;
        if (s === 0) continue;
        const slope = first[s]!.slope[i]! * slopes[0]![i]! + before[s]!.slope[i]! * slopes[s - 1]![i]!;
        const along = first[s]!.value[i]! * slopeTangents[0]![i]! + before[s]!.value[i]! * slopeTangents[s - 1]![i]!;
        moved[i] = dh * moves[s]![i]! + h * (node[s]! * dz[i]! * slope + along);
        stage[i]! += moved[i]!;
      }
      this.slope(subStep, s);
      this.slopeTangent(subStep, s, dr, dh);
      const d = slopeTangents[s]!;
      this.cell.flowJvp(d, this.stages[s]!, p, I, this.x, along);
      if (s > 0) for (let i = 0; i < n; i++) d[i]! -= rateTangent[i]! * h * moves[s]![i]! + rate[i]! * moved[i]!;
    }
    for (let i = 0; i < n; i++) {
      const [value, slope] = [this.weighed(i, "value", slopes), this.weighed(i, "slope", slopes)];
      out[i] = dy[i]! + dh * value + h * (dz[i]! * slope + this.weighed(i, "value", slopeTangents));
    }
  }
}
