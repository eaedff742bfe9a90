/** What the statistics of generated spike trains against observed ones have in common. */
import type { Batch, Storage } from "../../gpu/index.js";
import type { DeviceSpikes } from "../../spikes/device-spikes.js";

export interface StatisticShape {
  readonly neurons: number;
  readonly paths: number;
  readonly observed: DeviceSpikes;
  readonly score: boolean;
  readonly unbiased: boolean;
}

/** One evaluation at a time: `encodeValue`, then `encodeCotangents` and `encodeHorizon` for the same trains. */
export interface SpikeStatistic {
  /** Encodes the statistic, to `value` [1] f32, and what its cotangents need. */
  encodeValue(batch: Batch, trains: DeviceSpikes, value: Storage): void;
  /**
   * Adds `scale` (default 1) · ∂value/∂τ to `cotangents` [slots][paths] f32: nothing where there is no spike.
   * Simultaneous spikes share the derivative along moving them together.
   */
  encodeCotangents(
    batch: Batch,
    trains: DeviceSpikes,
    cotangents: Storage,
    options?: { readonly scale?: number },
  ): void;
  /**
   * Adds `scale` (default 1) times what one more spike of each neuron at t1 would add to it in each path to
   * `horizon` [neurons][paths] f32.
   */
  encodeHorizon(batch: Batch, trains: DeviceSpikes, horizon: Storage, options?: { readonly scale?: number }): void;
  dispose(): void;
}
