/** Where samples of a signal begin, of which a list says nothing: a job that begins elsewhere than at 0 has to. */
import { fail, finiteNumber } from "../checks.js";

/** The interval of a job. */
export interface JobTime {
  readonly t0?: number | undefined;
  readonly t1: number;
}

/** Of a sample, by which samples may lie beside the job's beginning. */
const mostBeside = 1e-6;

/** What the samples of a signal are and where they begin. */
export interface SamplesInTime<T> {
  readonly dt: number;
  readonly samples: readonly T[];
  /** The time of the first; the job's t0 where it is left out. */
  readonly t0?: number | undefined;
}

/**
 * Samples from the job's beginning on.
 * @throws SaltationError `invalid-input` where they begin after the job or where it begins between two of them; or where the job begins
 * elsewhere than at 0, samples are left over at its end, and nothing says where they begin: taken from its beginning on, they may be those of
 * another time.
 */
export function samplesFromStart<T>(field: string, given: SamplesInTime<T>, time: JobTime): readonly T[] {
  const { dt, samples, t0: begins } = given;
  const t0 = time.t0 ?? 0;
  if (begins === undefined) {
    const end = t0 + samples.length * dt;
    if (t0 !== 0 && end > time.t1 + (1 + mostBeside) * dt) {
      fail(
        `${field}.t0`,
        `is missing: taken from the job's t0 = ${t0} on, ${samples.length} samples reach to ${end}, beyond t1 = ${time.t1}; ` +
          `say the time of the first, 0 or ${t0} for example`,
      );
    }
    return samples;
  }
  const place = (t0 - finiteNumber(`${field}.t0`, begins)) / dt;
  const first = Math.round(place);
  if (first < 0 || first >= samples.length) {
    const end = begins + samples.length * dt;
    fail(`${field}.t0`, `is ${begins}: its samples lie from there to ${end}, and the job begins at ${t0}`);
  }
  if (Math.abs(place - first) > mostBeside) {
    fail(
      `${field}.t0`,
      `is ${begins}: the job begins at ${t0}, between two samples; let it begin at ${begins + first * dt}`,
    );
  }
  return first === 0 ? samples : samples.slice(first);
}
