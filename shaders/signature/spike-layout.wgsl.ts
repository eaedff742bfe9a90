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

export const spikePassBytes = 48;

export const spikePass = /* wgsl */ `
struct SpikePass {
  paths: u32,         // of this range of a batch's paths
  first_path: u32,    // of the range, in the batch
  all_paths: u32,     // of the batch
  slots: u32,
  steps: u32,         // of the record's time grid
  record_at: u32,     // the batch's first path in the record
  record_stride: u32, // paths of the record
  counts_at: u32,     // where the batch's counts begin, in words
  dt: f32,
  scale: f32,
  flags: u32,         // bit 0: a cotangent for every path
}
`;

/** Access to the list of events bound as `events`. */
export const eventList = /* wgsl */ `
fn event_at(n: u32, word: u32, path: u32) -> u32 { return (n * ${eventWords}u + word) * run.paths + path; }
fn event_count(path: u32) -> u32 { return events[(run.slots + 1u) * ${eventWords}u * run.paths + path]; }
`;
