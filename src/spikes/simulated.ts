/** Simulated spikes: they lie where they were made (on the GPU, or in memory) until they are asked for. */
import type { Discretisation, DiscretisationOptions } from "../plan/discretisation.js";
import type { DeviceSpikes } from "./device-spikes.js";
import type { StateTable } from "./state-table.js";
import type { SpikeTable } from "./table.js";

export interface SimulatedSpikes {
  readonly paths: number;
  readonly t0: number;
  readonly t1: number;
  /** Paths that were stopped at their maxSpikes-th event. */
  readonly saturatedPaths: number;
  /** Largest number of spikes in a path. */
  readonly largestCount: number;
  /**
   * Sub-steps committed over the sub-steps of all bursts: what is left of the lanes after waiting at events and after
   * the ends of paths. For one neuron per path on the GPU; undefined otherwise.
   */
  readonly laneEfficiency?: number | undefined;
  /** What is known to be doubtful in the times, one line each; undefined where nothing is. */
  readonly warnings?: readonly string[] | undefined;
  /** Bytes on the GPU that the spikes hold. */
  readonly bytes: number;
  /**
   * The spikes where they lie, chunk by chunk, for kernels of the caller's; undefined on the CPU. The buffers are the
   * spikes' own: alive until `dispose`, and not to be written.
   */
  readonly onDevice?: readonly DeviceSpikes[] | undefined;
  /** Reads the spikes back. */
  read(): Promise<SpikeTable>;
  /** Spike times [paths, slots] in time order, t1 where absent. */
  spikeTimes(): Promise<Float64Array>;
  /**
   * Reads the states back that the simulation was asked for (`SolveOptions.states`): after all that happens by each time; of
   * a path that an event ended before, as the event left it.
   * @throws SaltationError `invalid-input` where it was asked for none, `not-finite` where one is infinite or NaN.
   */
  states(): Promise<StateTable>;
  /** Mean number of spikes in a path. */
  meanCount(): Promise<number>;
  /**
   * Measures the error that the times owe to the step dt, by solving some of the paths again in float64 at dt and at dt/2:
   * some tenths of a second of work on the CPU, whatever the size of the run.
   * @throws SaltationError `invalid-input`.
   */
  discretisation(options?: DiscretisationOptions): Promise<Discretisation>;
  dispose(): void;
}
