/**
 * Whether an event function crosses 0 within a sub-step, and where. Where it is at or above 0 at the end it does; where
 * it is below at both ends it may have peaked above in between: then the cubic through values and slopes says where to
 * look.
 */
import { alongPath, tableauOf } from "../../shaders/substep/tableau.js";
import type { CompiledCell, Happening } from "../cell/emit-js.js";
import { levelState } from "../cell/upstroke.js";
import type { Method } from "../plan/plan.js";
import type { Stepper, SubStep } from "./advance.js";
import { termsOf } from "./tangential.js";
import { whichEvent } from "./which-event.js";

/**
 * Whether a jump (or the start) left an event function above zero: its event then follows with no time between. Of a
 * single event that is so at zero too; of several, zero is where another has just happened.
 */
export function happensAtOnce(cell: CompiledCell, y: Float64Array, p: Float64Array): boolean {
  const height = cell.event(y, p);
  return cell.happenings.length > 1 ? height > 0 : height >= 0;
}

/** An event function that is above 0 by less than it grows in such a part of a step came there along the flow, to rounding. */
const justNow = 1e-9;

/** Looks at a peak that comes this near to 0, in parts of its height above both ends. */
const nearness = 0.25;
/** States looked at on the way to a peak. */
const mostLooks = 4;
/** Halvings of a sub-step whose end is not finite, in search of a crossing before. */
const mostHalvings = 24;

export class Crossings {
  /** Whether the sub-step that was looked at last left the finite numbers, or may come near to that. */
  steep = false;
  /** The least height by which a peak stayed below 0, as a part of what its event function is a sum of. */
  missed = Number.POSITIVE_INFINITY;
  private readonly peaking: readonly Happening[];
  private readonly along: boolean;
  private readonly falls: boolean;
  private readonly levels: boolean;
  private readonly x: Float64Array;
  private readonly slope: Float64Array;
  private readonly gradient: Float64Array;
  private readonly out: Float64Array;
  private readonly unused: Float64Array;

  constructor(
    private readonly cell: CompiledCell,
    private readonly stepper: Stepper,
    method: Method,
    private readonly dt: number,
  ) {
    const { states, channels, parameters } = cell.cell;
    const peaking = cell.happenings.filter((h) => h.peaks);
    this.falls = peaking.length > 0;
    // Along a frozen drift a state moves straight.
    this.along = alongPath(tableauOf(method));
    this.peaking = this.along ? peaking : [];
    this.levels = states.includes(levelState);
    this.x = new Float64Array(channels.length);
    this.slope = new Float64Array(states.length);
    this.gradient = new Float64Array(states.length);
    this.out = new Float64Array(states.length);
    this.unused = new Float64Array(parameters.length + 1);
  }

  /**
   * The length within which the highest of the event functions crosses 0 first; -1 where none does.
   * @param whole the sub-step to the end of the step; its length is as it was when this returns.
   * @param end the state at its end.
   */
  within(whole: SubStep, end: Float64Array): number {
    const { h, p } = whole;
    // At the end of a step, what the event before it took above 0.
    if (!(h > 0)) return this.cell.happenings.length > 1 && happensAtOnce(this.cell, whole.y, p) ? h : -1;
    const lost = this.peaking.length > 0 && !end.every(Number.isFinite);
    this.steep = lost || this.levels;
    if (lost) {
      const at = this.beforeOverflow(whole);
      whole.h = h;
      return at;
    }
    const height = this.cell.event(end, p);
    // Of several, a state may rest on a surface, as a clock that has run down: that is no crossing.
    const rests = height === 0 && this.cell.happenings.length > 1 && this.cell.event(whole.y, p) === 0;
    if (height >= 0 && !rests) return h;
    // Taken above by a jump, it has happened, though it falls again within the step.
    if (this.falls && happensAtOnce(this.cell, whole.y, p)) return h;
    let first = -1;
    for (const e of this.peaking) {
      const at = this.peakAbove(whole, end, e);
      if (at >= 0 && (first < 0 || at < first)) first = at;
    }
    whole.h = h;
    return first;
  }

  /**
   * A length at which the highest event function is at or above 0, where the state at the end of the sub-step is not
   * finite: an upstroke that only its event ends may overflow within a step. -1 where none is found.
   */
  private beforeOverflow(whole: SubStep): number {
    let [low, high] = [0, whole.h];
    for (let halving = 0; halving < mostHalvings; halving++) {
      const at = 0.5 * (low + high);
      whole.h = at;
      this.stepper.advance(this.out, whole);
      if (!this.out.every(Number.isFinite)) high = at;
      else if (this.cell.event(this.out, whole.p) >= 0) return at;
      else low = at;
    }
    return -1;
  }

  /** The rate of an event function at a state, at a place in the step. */
  private rate(e: Happening, y: Float64Array, { driver, p, I }: SubStep, r: number): number {
    const { x, slope, gradient } = this;
    for (let c = 0; c < x.length; c++) x[c] = driver.a[c]! + driver.b[c]! * (this.dt - 2 * r);
    this.cell.flow(slope, y, p, I, x);
    e.surfaceGradient(gradient, this.unused, y, p);
    let rate = 0;
    for (let i = 0; i < slope.length; i++) rate += gradient[i]! * slope[i]!;
    return rate;
  }

  /** A peak stayed below 0, at a state for which `gradient` is. */
  private misses(height: number, at: Float64Array): void {
    this.missed = Math.min(this.missed, -height / termsOf(this.gradient, at));
  }

  /**
   * Whether an event that follows at once does so because a jump took it there. Where two events coincide, or an arrival comes as
   * the event does, it came along the flow and has a time of its own.
   * @param subStep of no length, from the state at which the event is above 0, or of a single one at 0.
   */
  leapt(subStep: SubStep): boolean {
    const { y, p } = subStep;
    const e = this.cell.happenings[whichEvent(this.cell, y, p)]!;
    const rate = this.rate(e, y, subStep, subStep.r);
    return !(rate > 0 && e.surface(y, p) <= justNow * this.dt * rate);
  }

  /** A length at which an event function is above 0, though at both ends it is not; -1 where there is none. */
  private peakAbove(whole: SubStep, end: Float64Array, e: Happening): number {
    const { y, r, p } = whole;
    const length = whole.h;
    const [from, to] = [e.surface(y, p), e.surface(end, p)];
    if (!(from < 0)) return -1;
    let [low, high] = [0, length];
    let [value, rising] = [from, this.rate(e, y, whole, r)];
    // A curve that bends down stays below its tangent.
    if (!(rising * length >= -(1 - nearness / (1 + nearness)) * from)) return -1;
    let [last, falling] = [to, this.rate(e, end, whole, r + length)];
    for (let look = 0; look < mostLooks; look++) {
      // Where the cubic through both ends is first flat.
      const width = high - low;
      const [a, b, d] = [rising * width, falling * width, last - value];
      const [c2, c3] = [3 * d - 2 * a - b, a + b - 2 * d];
      const s = a / (Math.sqrt(c2 * c2 - 3 * c3 * a) - c2);
      // A peak at the end: the gradient is that of the state there.
      if (look === 0 && Math.abs(s - 1) < 1e-6) this.misses(to, end);
      if (!(rising > 0 && s > 0 && s < 1)) return -1;
      const height = value + s * (a + s * (c2 + s * c3));
      if (height < -nearness * (height - Math.max(from, to))) return -1;
      const at = low + s * width;
      whole.h = at;
      this.stepper.advance(this.out, whole);
      const there = e.surface(this.out, p);
      if (there >= 0) return at;
      const slope = this.rate(e, this.out, whole, r + at);
      this.misses(there, this.out);
      if (slope > 0) [low, value, rising] = [at, there, slope];
      else [high, last, falling] = [at, there, slope];
    }
    return -1;
  }

  /**
   * Length of the sub-step at which the event function is zero, by Newton within a shrinking bracket from 0 to the length
   * of `whole`, whose own is changed. Of several events it is at zero or above there, so that what the event turns over is
   * at zero or below after it.
   */
  locate(whole: SubStep): number {
    const { cell, stepper } = this;
    const { y, r, h, driver, p, I } = whole;
    if (happensAtOnce(cell, y, p)) return 0;
    const several = cell.happenings.length > 1;
    const value = cell.event(y, p);
    const out = new Float64Array(y.length);
    const eBar = new Float64Array(y.length);
    const slope = new Float64Array(y.length);
    const unused = new Float64Array(p.length + 1);
    const x = new Float64Array(this.x.length);
    let [low, high] = [0, h];
    let theta = 0;
    let before = 2 * h;
    let at = y;
    let e = value;
    for (let iteration = 0; iteration < 100; iteration++) {
      cell.eventGradient(eBar, unused, at, p);
      if (this.along) {
        for (let c = 0; c < x.length; c++) x[c] = driver.a[c]! + driver.b[c]! * (this.dt - 2 * (r + theta));
      }
      cell.flow(slope, stepper.straight ? y : at, p, I, x);
      let rate = 0;
      for (let i = 0; i < y.length; i++) rate += eBar[i]! * slope[i]!;
      let next = theta - e / rate;
      // Where the flow's slope is not that of the sub-step's curve, Newton swings from side to side of the root; the least
      // corrections are rounding.
      const nearer = Math.abs(next - theta) <= Math.max(0.5 * before, 1e-12 * this.dt);
      // Far up a steep curve its steps are short and many, or nothing.
      const crawls = iteration > 40 || (e > -value && Math.abs(next - theta) <= 1e-15 * this.dt);
      if (!(next > low && next < high && nearer) || (this.steep && crawls)) next = 0.5 * (low + high);
      before = Math.abs(next - theta);
      if (Math.abs(next - theta) <= 1e-15 * this.dt || high - low <= 1e-16 * this.dt)
        return several ? this.beyond(whole, next, h) : next;
      theta = next;
      whole.h = theta;
      stepper.advance(out, whole);
      at = out;
      e = cell.event(out, p);
      if (e === 0) return several ? this.beyond(whole, theta, h) : theta;
      if (e < 0) low = theta;
      else high = theta;
    }
    return theta;
  }

  /**
   * From a length near an event on, one at which the event function is above 0: by steps of rounding. Where these find none,
   * what was taken for the event is where another has just happened, whose surface is at 0 there and falls: then by halves of
   * what is left up to a length at which it is above 0.
   */
  private beyond(whole: SubStep, near: number, above: number): number {
    const { cell, stepper } = this;
    const out = new Float64Array(whole.y.length);
    const isAbove = (length: number): boolean => {
      // As it comes out of the place in the step that it leads to.
      whole.h = whole.r + length - whole.r;
      stepper.advance(out, whole);
      const height = cell.event(out, whole.p);
      return height > 0 && height < Number.POSITIVE_INFINITY;
    };
    let length = near;
    for (let more = 2 ** -52 * this.dt; more < 1e-9 * this.dt; more *= 2) {
      if (length >= above || isAbove(length)) return Math.min(length, above);
      length += more;
    }
    let [low, high] = [length, above];
    for (let n = 0; n < 60 && low < high; n++) {
      const middle = 0.5 * (low + high);
      if (isAbove(middle)) high = middle;
      else low = middle;
    }
    return high;
  }
}
