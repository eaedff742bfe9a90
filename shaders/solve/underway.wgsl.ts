/**
 * Spikes under way to their targets, where each neuron of a path is an invocation: all that arrives in a step is known when
 * the step begins, as every delay is at least a step. What arrives at a neuron in a step is a linked list, sorted there by
 * (place, what), so that nothing depends on the order in which entries were written.
 *
 *     heads    [path][step modulo the ring][neuron]   1 + its first entry; 0 where nothing arrives; after the neurons' words,
 *                                                     in their buffer
 *     entries  [path][a power of 2][4]                what, place (f32 bits), weight (f32 bits), 1 + the next entry
 *     events   [path][2][room][4]                     step, place (f32 bits), word of the record, where its entries begin;
 *                                                     the second half serves sorting
 *     counters [path][5]                              events, entries and spikes so far, what failed, whether the path is over
 *     marks    [window][3][path]                      events, entries and spikes when the window began
 *
 * What arrives is an input spike, by its number in the agenda; of a source that sends at once `at_once_edge` + the edge; along
 * a delay `delayed_edge` + the edge: in this order at one place. Entries are written round and round: the oldest that are still under way say how many there may be.
 */
export const underwayWords = { entry: 4, event: 4, counters: 5, marks: 3 } as const;

/** What `counters` says that failed, or happened: bits. */
export const flags = { record: 1, entries: 2, terminal: 4, notFinite: 8 } as const;

/** Begins of entries, of an event that goes nowhere. */
export const nowhere = "0xffffffffu";

export const counterFunctions = /* wgsl */ `
fn counter_at(counter: u32, i: u32) -> u32 { return i * ${underwayWords.counters}u + counter; }
const events_counter = 0u;
const entries_counter = 1u;
const spikes_counter = 2u;
const flags_counter = 3u;
const over_counter = 4u;
`;

export const markFunctions = /* wgsl */ `
fn mark_at(window: u32, counter: u32, i: u32) -> u32 { return (window * ${underwayWords.marks}u + counter) * run.paths + i; }
`;

/** Needs a field `room` of the uniform. */
export const eventFunctions = /* wgsl */ `
fn event_at(bank: u32, n: u32, i: u32) -> u32 { return ((i * 2u + bank) * run.room + n) * ${underwayWords.event}u; }
`;

/** Words of a neuron: its state, and the events of it that took a uniform. */
export const neuronWords = (states: number): number => states + 1;

/** Needs fields `ring` and `entryMask` of the uniform. @param states numbers of a state. */
export const entryFunctions = (states: number): string => /* wgsl */ `
fn head_at(step: u32, k: u32, i: u32) -> u32 { return (run.paths * ${neuronWords(states)}u + i * run.ring + step % run.ring) * K + k; }
fn entry_at(entry: u32, i: u32) -> u32 { return (i * (run.entry_mask + 1u) + (entry & run.entry_mask)) * ${underwayWords.entry}u; }
`;

export const whatFunctions = /* wgsl */ `
const at_once_edge = 0x40000000u;
const delayed_edge = 0x80000000u;
fn edge_of_what(what: u32) -> u32 { return what & 0x3fffffffu; }
`;

/** Fields of the uniform that say where these lie. */
export const underwayFields = {
  /** Steps that `heads` has room for, a path's entries less 1, and its events. */
  ring: "u32",
  entryMask: "u32",
  room: "u32",
} as const;

/** Sorts what arrives at a neuron in a step: a merge sort of a linked list, by runs of 1, 2, 4, … entries. */
export const orderFunctions = /* wgsl */ `
fn entry_place(entry: u32, i: u32) -> f32 { return bitcast<f32>(entries[entry_at(entry - 1u, i) + 1u]); }
fn entry_next(entry: u32, i: u32) -> u32 { return entries[entry_at(entry - 1u, i) + 3u]; }

fn comes_before(a: u32, b: u32, i: u32) -> bool {
  let x = entry_at(a - 1u, i);
  let y = entry_at(b - 1u, i);
  return (entries[x + 1u] < entries[y + 1u]) | ((entries[x + 1u] == entries[y + 1u]) & (entries[x] < entries[y]));
}

fn in_order(first: u32, i: u32) -> u32 {
  var list = first;
  var run_length = 1u;
  var merges = 2u;
  while (merges > 1u) {
    merges = 0u;
    var p = list;
    var tail = 0u;
    while (p > 0u) {
      merges += 1u;
      // q: the run after that of p.
      var q = p;
      var of_p = 0u;
      while (of_p < run_length && q > 0u) {
        q = entry_next(q, i);
        of_p += 1u;
      }
      var of_q = run_length;
      while (of_p > 0u || (of_q > 0u && q > 0u)) {
        var from_q = of_p == 0u;
        if (of_p > 0u && of_q > 0u && q > 0u) { from_q = comes_before(q, p, i); }
        let entry = select(p, q, from_q);
        let after = entry_next(entry, i);
        p = select(after, p, from_q);
        q = select(q, after, from_q);
        of_p -= select(1u, 0u, from_q);
        of_q -= select(0u, 1u, from_q);
        if (tail == 0u) { list = entry; } else { entries[entry_at(tail - 1u, i) + 3u] = entry; }
        tail = entry;
      }
      p = q;
    }
    entries[entry_at(tail - 1u, i) + 3u] = 0u;
    run_length *= 2u;
  }
  return list;
}
`;
