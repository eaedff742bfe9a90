/** Spikes of the host in GPU memory, in the layout of the solvers' records. */
import { fail, wholeNumber } from "../checks.js";
import type { Gpu } from "../gpu/index.js";
import type { DeviceSpikes } from "./device-spikes.js";
import { checkSpikes, type SpikeBounds, type Spikes } from "./spikes.js";

/** Spikes that own their buffers. */
export interface UploadedSpikes extends DeviceSpikes {
  dispose(): void;
}

/**
 * Uploads spikes, as observed ones are, once.
 * @param options times and neurons as for `liftSpikes`; `steps` of the grid on which times are stored as step and
 * float32 fraction (default 4096, which keeps times to (t1 − t0)·2^-37).
 * @throws SaltationError `invalid-input` as `liftSpikes`.
 */
export function uploadSpikes(
  gpu: Gpu,
  spikes: readonly Spikes[],
  options: SpikeBounds & { readonly steps?: number },
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
    firstPath: 0,
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
