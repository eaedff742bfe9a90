/**
 * What the kernels over spike trains share: the pass, and the list of events into which a record is read.
 *
 * An event is a spike that counts. Word w of event n of path p lies at (n · eventWords + w) · paths + p:
 *   delta   time since the event before (f32; 0 within a group of simultaneous spikes)
 *   letter  channel of the lift, 1 + neuron
 *   slot    slot of the spike in the record
 *   first   event that begins its group of simultaneous spikes
 *   size    size of the group, in its first event only
 * After the last event comes the time that is left until t1, as the delta of one more; after all events the number of
 * events of each path.
 */
export const eventWords = 5;

/** Bytes of a path's events in a record of so many slots. */
export const eventBytes = (slots: number): number => 4 * (eventWords * (slots + 1) + 1);

/** The uniform of kernels over spike trains. */
export const spikePass = {
  /** Of this range of a batch's paths. */
  paths: "u32",
  /** Of the range, in the batch. */
  firstPath: "u32",
  /** Of the batch. */
  allPaths: "u32",
  slots: "u32",
  /** Of the record's time grid. */
  steps: "u32",
  /** The batch's first path in the record. */
  recordAt: "u32",
  /** Paths of the record. */
  recordStride: "u32",
  /** Where the batch's counts begin, in words. */
  countsAt: "u32",
  dt: "f32",
  scale: "f32",
  /** Whether there is a cotangent for every path. */
  perPath: "u32",
} as const;

/** Threads of a workgroup: kernels over spike trains have one size. */
export const trainThreads = 64;

/** Access to the list of events bound as `events`. */
export const eventList = /* wgsl */ `
fn event_at(n: u32, word: u32, path: u32) -> u32 { return (n * ${eventWords}u + word) * run.paths + path; }
fn event_count(path: u32) -> u32 { return events[(run.slots + 1u) * ${eventWords}u * run.paths + path]; }
`;
