/**
 * One Monte Carlo path of a network in float64: the oracle of the kernels, and the solver of the `cpu` backend.
 *
 * Within a grid step every neuron keeps its own sub-steps: it is tried to the end of the step, and only its own events
 * and the arrivals it receives split it. Events are taken in time order across the network, the earliest first (ties:
 * lowest neuron); a spike under way comes before events at its time, and after input spikes. The driver path stays in
 * absolute time: what follows an event goes on along the same path.
 */
import { tableauOf } from "../../shaders/substep/tableau.js";
import type { CompiledCell } from "../cell/emit-js.js";
import { SaltationError } from "../errors.js";
import { weightAt } from "../network/connections.js";
import { arrivalsOf } from "../plan/arrivals.js";
import { firesTooOften, mostPerStep } from "../plan/endless.js";
import type { SolvePlan } from "../plan/plan.js";
import { planOfPath, setInitial } from "../plan/sampled-values.js";
import type { Driver, Stepper, SubStep } from "./advance.js";
import { Crossings } from "./crossing.js";
import { causeOfFiring } from "./endless.js";
import { stepperOf } from "./exponential.js";
import { type GridStates, gridStates } from "./grid-states.js";
import { drawFurther, eventUniform } from "./noise.js";
import { Observer } from "./observed.js";
import { neuronParameters, plannedCurrent } from "./of-neurons.js";
import { Pending, type Sent, sentBySource } from "./pending.js";
import { whichEvent } from "./which-event.js";

/** Gives the driver path: writes ΔW and H of one path, step and channel (neuron · channels + channel). */
export type NoiseSource = (path: number, step: number, channel: number, out: Float64Array) => void;

export interface PathSpike {
  /** Grid step of the spike, and its place within the step as a fraction of dt. */
  readonly step: number;
  readonly fraction: number;
  readonly neuron: number;
}

/** What ends a sub-step. */
type Until = "end" | "arrival" | "input" | "event";

/**
 * What a path did, in order: enough to reverse it. `advance` moves neuron `neuron` by a sub-step within grid step
 * `step`; `fire` is an event of it, and its jump; `receive` applies edge `edge`; `kick` adds the noise of a step (`euler`). `before` is the
 * neuron's state before the operation.
 */
export type Operation =
  | {
      kind: "advance";
      neuron: number;
      step: number;
      /** What ended it: the end of the step, an arrival (from the network or an input), or the neuron's own event. */
      until: Until;
      /** The spike that arrives, where it comes along a connection, and along which. */
      spike: Sent | undefined;
      edge: number | undefined;
      /** Whether it has no length, because a jump left the event function above 0. */
      atOnce: boolean;
      /** From the state before it. */
      subStep: SubStep;
    }
  | {
      kind: "fire";
      neuron: number;
      /** The event, by number; and its spike, where it is one. */
      event: number;
      spike: number | undefined;
      /** Its uniform, and which of the neuron's that is. */
      u: number;
      drawn: number;
      before: Float64Array;
    }
  | {
      kind: "receive";
      neuron: number;
      edge: number;
      /** The spike that arrives; none where a neuron receives its own as it fires, and is not brought to another's time. */
      spike: Sent | undefined;
      before: Float64Array;
    }
  | { kind: "input"; neuron: number; port: number; weight: number; before: Float64Array }
  | { kind: "kick"; neuron: number; before: Float64Array; increment: Float64Array }
  | { kind: "step" };

export interface PathResult {
  readonly path: number;
  readonly spikes: PathSpike[];
  /** Whether the path stopped at its maxSpikes-th event. */
  readonly saturated: boolean;
  /** Whether it went on to t1, and no event stopped it. */
  readonly reachedEnd: boolean;
  /** State of each neuron at the end. */
  readonly final: Float64Array[];
  /** States that the plan observes, [times][neurons][states]. */
  readonly observed: Float64Array | undefined;
  /** First uniform of each neuron. */
  readonly startUniforms: Float64Array;
  readonly operations: Operation[];
}

export class PathSolver {
  private readonly stepper: Stepper;
  private readonly crossings: Crossings;
  private readonly p: Float64Array[];
  private readonly grid: GridStates;
  private readonly observer: Observer | undefined;
  private readonly n: number;
  private readonly channels: number;

  constructor(
    private readonly plan: SolvePlan,
    private readonly cell: CompiledCell,
    private readonly noise: NoiseSource,
  ) {
    const { network } = plan;
    this.stepper = stepperOf(cell, plan.method, plan.dt);
    this.crossings = new Crossings(cell, this.stepper, plan.method, plan.dt);
    this.n = network.cell.states.length;
    this.channels = network.cell.channels.length;
    this.p = neuronParameters(plan);
    this.grid = gridStates(plan);
    this.observer = Observer.of(plan);
  }

  /** The least height by which peaks of its paths stayed below an event (crossing.ts). */
  get missed(): number {
    return this.crossings.missed;
  }

  /**
   * Solves path number `path`.
   * @param record keeps the operations for the derivative; or all but sub-steps that end with a step, after the first step.
   */
  solve(path: number, record: boolean | "events"): PathResult {
    const { cell, stepper, n, channels } = this;
    const plan = planOfPath(this.plan, path);
    const own = plan !== this.plan;
    const p = own ? neuronParameters(plan) : this.p;
    const grid = own ? gridStates(plan) : this.grid;
    const { dt, steps, maxSpikes } = plan;
    const { neurons, connections } = plan.network;
    const { rowStart, targets, ports, delays, delayOf } = connections;
    const { driver } = tableauOf(plan.method);
    const parabola = driver === "parabola";
    const operations: Operation[] = [];
    const spikes: PathSpike[] = [];
    const pending = new Pending(dt, steps);

    const vectors = (size: number): Float64Array[] => Array.from({ length: neurons }, () => new Float64Array(size));
    const trial = vectors(n);
    /** Each neuron's next sub-step: where it stands within the grid step at hand, and what moves it. */
    const next = p.map(
      (own): SubStep => ({
        y: new Float64Array(n),
        r: 0,
        h: 0,
        driver: { a: new Float64Array(channels), b: new Float64Array(channels) },
        p: own,
        I: 0,
      }),
    );
    const eventAt = new Float64Array(neurons);
    /** Events of each neuron that took a uniform. */
    const drawn = new Uint32Array(neurons);
    /** Events in the step at hand. */
    const inStep = new Uint32Array(neurons);
    const startUniforms = new Float64Array(neurons);
    const pair = new Float64Array(2);
    const landed = new Float64Array(n);

    const uniform = (neuron: number, count: number): number => {
      drawFurther(cell, plan, path, neuron, count);
      return eventUniform(plan, path, neuron, count);
    };

    for (let k = 0; k < neurons; k++) {
      startUniforms[k] = uniform(k, 0);
      cell.start(next[k]!.y, p[k]!, startUniforms[k]!);
      setInitial(plan, path, k, next[k]!.y);
    }
    const { observer } = this;
    const observed = observer?.empty();
    const stateOf = (k: number): Float64Array => next[k]!.y;
    observer?.keep(observed!, 0, stateOf);

    const { channels: kinds } = plan.network.cell;
    const channelOf = (k: number, c: number): number => (kinds[c]!.shared ? c : k * channels + c);
    const copy = (v: Float64Array): Float64Array => Float64Array.from(v);
    const frozen = (d: Driver): Driver => ({ a: copy(d.a), b: copy(d.b) });

    const arrivals = arrivalsOf(plan, path);
    let arrived = 0;
    let step = 0;
    /** Tries neuron k from where it stands to the end of the step, and locates its event if it has one. */
    const attempt = (k: number): void => {
      const own = next[k]!;
      own.h = dt - own.r;
      stepper.advance(trial[k]!, own);
      eventAt[k] = Number.POSITIVE_INFINITY;
      const within = this.crossings.within(own, trial[k]!);
      if (within >= 0) {
        own.h = within;
        eventAt[k] = own.r + this.crossings.locate(own);
      }
    };
    /** Keeps the sub-step that neuron k takes to a time, before it does. */
    const keep = (k: number, at: number, until: Until, spike?: Sent, edge?: number): void => {
      const own = next[k]!;
      own.h = at - own.r;
      if (record === true || (record && (until !== "end" || step === 0))) {
        const { y, r, h, driver, p, I } = own;
        const subStep = { y: copy(y), r, h, driver: frozen(driver), p, I };
        const atOnce = until === "event" && at === r && this.crossings.leapt(own);
        operations.push({ kind: "advance", neuron: k, step, until, spike, edge, atOnce, subStep });
      }
    };
    /** Moves neuron k to a time of another's making. */
    const bring = (k: number, at: number, until: "arrival" | "input", spike?: Sent, edge?: number): void => {
      const own = next[k]!;
      keep(k, at, until, spike, edge);
      stepper.advance(own.y, own);
      own.r = at;
    };

    /** A spike arrives at a length within the step at hand. */
    const arrive = (e: number, at: number, spike: Sent): void => {
      const j = targets[e]!;
      bring(j, at, "arrival", spike, e);
      const { y } = next[j]!;
      if (record) operations.push({ kind: "receive", neuron: j, edge: e, spike, before: copy(y) });
      cell.ports[ports[e]!]!.receive(y, y, p[j]!, weightAt(connections, e));
      attempt(j);
    };
    /** A spike leaves a neuron or a source along one of its connections: it arrives at once, or is under way. */
    const send = (source: number, e: number, at: number, spike: Sent): void => {
      const d = delayOf[e]!;
      if (d >= 0) pending.send(step, at, delays[d]!, { source, spike, edge: e });
      else arrive(e, at, spike);
    };

    for (; step < steps; step++) {
      if (record) operations.push({ kind: "step" });
      for (let k = 0; k < neurons; k++) {
        const own = next[k]!;
        if (driver === "line" || parabola) {
          for (let c = 0; c < channels; c++) {
            this.noise(path, step, channelOf(k, c), pair);
            own.driver.a[c] = pair[0]! / dt;
            own.driver.b[c] = parabola ? (6 * pair[1]!) / (dt * dt) : 0;
          }
        }
        own.I = plannedCurrent(plan, step, k);
        grid.set(own.y, step, k);
        own.r = 0;
        attempt(k);
      }

      inStep.fill(0);
      for (;;) {
        let k = -1;
        for (let j = 0; j < neurons; j++) if (eventAt[j]! < (k < 0 ? Number.POSITIVE_INFINITY : eventAt[k]!)) k = j;
        const eventTime = k < 0 ? Number.POSITIVE_INFINITY : eventAt[k]!;
        const due = pending.next(step);
        if (arrived < arrivals.count && arrivals.steps[arrived] === step) {
          const at = arrivals.places[arrived]! * dt;
          if (at <= Math.min(eventTime, due?.at ?? Number.POSITIVE_INFINITY)) {
            const j = arrivals.neurons[arrived]!;
            if (j >= neurons) {
              const sent = sentBySource(arrived++);
              for (let e = rowStart[j]!; e < rowStart[j + 1]!; e++) send(j, e, at, sent);
              continue;
            }
            const port = arrivals.ports[arrived]!;
            const weight = arrivals.weights[arrived++]!;
            bring(j, at, "input");
            const { y } = next[j]!;
            if (record) operations.push({ kind: "input", neuron: j, port, weight, before: copy(y) });
            cell.ports[port]!.receive(y, y, p[j]!, weight);
            attempt(j);
            continue;
          }
        }
        if (due && due.at <= eventTime) {
          pending.take(step);
          arrive(due.edge, due.at, due.spike);
          continue;
        }
        if (k < 0) break;
        const at = eventAt[k]!;
        const own = next[k]!;
        keep(k, at, "event");
        stepper.advance(landed, own);
        const event = whichEvent(cell, landed, own.p);
        const happening = cell.happenings[event]!;
        const u = happening.draws ? uniform(k, ++drawn[k]!) : 1;
        if (++inStep[k]! > mostPerStep) {
          const firing = { before: own.y, landed, parameters: own.p, current: own.I, u, event };
          throw firesTooOften(k, step, causeOfFiring(plan, cell, firing));
        }
        const spike = happening.emits ? spikes.length : undefined;
        if (record)
          operations.push({ kind: "fire", neuron: k, event, spike, u, drawn: drawn[k]!, before: copy(landed) });
        happening.jump(own.y, landed, own.p, u);
        own.r = at;
        if (happening.emits) spikes.push({ step, fraction: at / dt, neuron: k });
        const saturated = happening.emits && maxSpikes > 0 && spikes.length >= maxSpikes;
        if (saturated || happening.terminal) {
          observer?.hold(observed!, step, stateOf);
          const final = next.map(({ y }) => y);
          return { path, spikes, saturated, reachedEnd: false, final, observed, startUniforms, operations };
        }
        if (spike === undefined) {
          attempt(k);
          continue;
        }
        for (let e = rowStart[k]!; e < rowStart[k + 1]!; e++) {
          if (delayOf[e]! >= 0 || targets[e] !== k) {
            send(k, e, at, spike);
            continue;
          }
          if (record) operations.push({ kind: "receive", neuron: k, edge: e, spike: undefined, before: copy(own.y) });
          cell.ports[ports[e]!]!.receive(own.y, own.y, p[k]!, weightAt(connections, e));
        }
        attempt(k);
      }

      for (let k = 0; k < neurons; k++) {
        keep(k, dt, "end");
        if (driver === "grid" && channels > 0) {
          const increment = new Float64Array(channels);
          for (let c = 0; c < channels; c++) {
            this.noise(path, step, channelOf(k, c), pair);
            increment[c] = pair[0]!;
          }
          if (record) operations.push({ kind: "kick", neuron: k, before: copy(trial[k]!), increment });
          cell.kick(trial[k]!, trial[k]!, p[k]!, increment);
        }
        const own = next[k]!;
        [own.y, trial[k]] = [trial[k]!, own.y];
      }
      observer?.keep(observed!, step + 1, stateOf);
    }
    const final = next.map(({ y }) => y);
    return { path, spikes, saturated: false, reachedEnd: true, final, observed, startUniforms, operations };
  }
}

/** What is said of a path whose state left the finite numbers. */
export const stateNotFinite = ({ dt }: SolvePlan, path: number): SaltationError =>
  new SaltationError(
    "not-finite",
    `the state became infinite or NaN in path ${path}: parameters or weights are too large for dt = ${dt}; ` +
      "take a smaller dt or check their values",
  );
