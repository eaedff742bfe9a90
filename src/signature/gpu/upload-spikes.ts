/** Spike trains in GPU memory, in the layout of the solvers' records. */
import { fail, wholeNumber } from "../../checks.js";
import type { Gpu, Storage } from "../../gpu/index.js";
import { checkSpikes, type LiftOptions, type Spikes } from "../definitions/lift.js";

/** A batch of spike trains on the GPU: all paths of a record, or a window of them. Times count from t0. */
export interface DeviceSpikes {
  /** Number of paths of the batch. */
  readonly paths: number;
  /** Rows of the record: no path has more spikes. */
  readonly slots: number;
  /** Words of a spike: step, fraction of a step (f32 bits) and, where there are 3, neuron. */
  readonly recordWords: number;
  /** Steps of the time grid on [t0, t1], each of `dt`. */
  readonly steps: number;
  readonly dt: number;
  /** [slots][words][recordPaths] u32. */
  readonly record: Storage;
  /** Spikes of each path [paths] u32, in time order in the record. */
  readonly counts: { readonly storage: Storage; readonly byteOffset: number };
  /** Paths of the record (default: those of the batch), and the batch's first (default 0). `counts` begins with it. */
  readonly recordPaths?: number;
  readonly firstPath?: number;
}

/** A batch that owns its buffers. */
export interface UploadedSpikes extends DeviceSpikes {
  dispose(): void;
}

/**
 * Uploads spike trains, as observed ones are, once.
 * @param options times and neurons as for `liftSpikes`; `steps` of the grid on which times are stored as step and
 * float32 fraction (default 4096, which keeps times to (t1 − t0)·2^-37).
 * @throws SaltationError `invalid-input` as `liftSpikes`.
 */
export function uploadSpikes(
  gpu: Gpu,
  spikes: readonly Spikes[],
  options: LiftOptions & { readonly steps?: number },
): UploadedSpikes {
  checkSpikes(spikes, options);
  const { t0, t1 } = options;
  const steps = wholeNumber("steps", options.steps ?? 4096, 1, 2 ** 31);
  const paths = spikes.length;
  if (paths === 0) fail("spikes", "holds no train; at least one is needed");
  const dt = (t1 - t0) / steps;
  const slots = spikes.reduce((most, t) => Math.max(most, t.times.length), 1);
  const words = new Uint32Array(slots * 3 * paths);
  const floats = new Float32Array(words.buffer);
  const counts = new Uint32Array(paths);
  spikes.forEach((one, i) => {
    counts[i] = one.times.length;
    for (let n = 0; n < one.times.length; n++) {
      const place = (one.times[n]! - t0) / dt;
      const step = Math.min(steps - 1, Math.floor(place));
      const at = n * 3 * paths + i;
      words[at] = step;
      floats[at + paths] = Math.min(1, place - step);
      words[at + 2 * paths] = one.neurons[n]!;
    }
  });
  const record = gpu.upload("spike trains", words);
  const storage = gpu.upload("spike counts", counts);
  return {
    paths,
    slots,
    recordWords: 3,
    steps,
    dt,
    record,
    counts: { storage, byteOffset: 0 },
    dispose() {
      record.dispose();
      storage.dispose();
    },
  };
}

/** A window of a batch: `paths` of them from `first` on. @throws SaltationError `invalid-input` where it is not inside. */
export function spikeWindow(batch: DeviceSpikes, first: number, paths: number): DeviceSpikes {
  if (!(first >= 0 && paths > 0 && first + paths <= batch.paths)) {
    fail("paths", `${first} to ${first + paths} do not lie in a batch of ${batch.paths}`);
  }
  const { storage, byteOffset } = batch.counts;
  return {
    ...batch,
    paths,
    recordPaths: batch.recordPaths ?? batch.paths,
    firstPath: (batch.firstPath ?? 0) + first,
    counts: { storage, byteOffset: byteOffset + 4 * first },
  };
}
