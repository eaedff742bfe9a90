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

/** Entries beyond which a list is sorted, where looks through it would take the square of their number. */
const longList = 24;

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
// Heads of a step, by neuron.
fn heads_at(slot: u32, i: u32) -> u32 { return (run.paths * ${neuronWords(states)}u + i * run.ring + slot) * K; }
// Where in the ring a step lies that is so many after one whose place there is known, at most as many as the ring has.
fn slot_after(slot: u32, steps: u32) -> u32 { return slot + steps - select(0u, run.ring, slot + steps >= run.ring); }
fn entry_at(entry: u32, i: u32) -> u32 { return i * (run.entry_mask + 1u) + (entry & run.entry_mask); }
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

/**
 * What arrives at a neuron in a step, in order: the four entries that are next, found by a look through its list, and when they
 * are taken another look. A list that is long, or has entries of one place, is sorted first (a merge sort, by runs of 1, 2, 4, …
 * entries). Needs `entries`.
 */
export const queueFunctions = /* wgsl */ `
struct Due { place: u32, weight: u32, what: u32 } // place and weight as f32 bits: those of places are in the order of their numbers
const nothing = 0xffffffffu; // as a place
const never = Due(nothing, 0u, 0u);

// What is next, of so many that are left; the list, and whether it is sorted: then what is next is no longer in it.
struct Queue { due_0: Due, due_1: Due, due_2: Due, due_3: Due, left: u32, list: u32, in_order: bool }

fn chosen(no: Due, yes: Due, c: bool) -> Due {
  return Due(select(no.place, yes.place, c), select(no.weight, yes.weight, c), select(no.what, yes.what, c));
}
fn sooner(a: Due, b: Due) -> Due {
  let c = b.place < a.place;
  return Due(min(a.place, b.place), select(a.weight, b.weight, c), select(a.what, b.what, c));
}
fn later(a: Due, b: Due) -> Due {
  let c = b.place < a.place;
  return Due(max(a.place, b.place), select(b.weight, a.weight, c), select(b.what, a.what, c));
}

// What of a list comes after a place; so many are left, or 0 where the list is new.
fn looked(list: u32, past: u32, left: u32, i: u32) -> Queue {
  var q = Queue(never, never, never, never, 0u, list, false);
  var fifth = nothing;
  var entry = list;
  while (entry > 0u) {
    let it = entries[entry_at(entry - 1u, i)];
    let a = Due(select(nothing, it.y, it.y > past), it.z, it.x);
    let b = later(q.due_0, a);
    let c = later(q.due_1, b);
    let d = later(q.due_2, c);
    q.due_0 = sooner(q.due_0, a);
    q.due_1 = sooner(q.due_1, b);
    q.due_2 = sooner(q.due_2, c);
    fifth = min(fifth, max(q.due_3.place, d.place));
    q.due_3 = sooner(q.due_3, d);
    q.left += 1u;
    entry = it.w;
  }
  let p = vec4u(q.due_1.place, q.due_2.place, q.due_3.place, fifth);
  let same = (p.x == q.due_0.place) | ((p.x != nothing) & (p.x == p.y)) | ((p.y != nothing) & (p.y == p.z)) | ((p.z != nothing) & (p.z == p.w));
  q.left = select(left, q.left, left == 0u);
  if (same || q.left > ${longList}u) {
    var sorted = in_order(list, i);
    while (sorted > 0u && entries[entry_at(sorted - 1u, i)].y <= past) { sorted = entries[entry_at(sorted - 1u, i)].w; }
    q = four_of(sorted, q.left, i);
  }
  return q;
}

// The first four of a sorted list.
fn four_of(list: u32, left: u32, i: u32) -> Queue {
  var q = Queue(never, never, never, never, left, list, true);
  for (var n = 0u; n < 4u; n += 1u) {
    q.due_0 = q.due_1;
    q.due_1 = q.due_2;
    q.due_2 = q.due_3;
    q.due_3 = never;
    if (q.list > 0u) {
      let it = entries[entry_at(q.list - 1u, i)];
      q.due_3 = Due(it.y, it.z, it.x);
      q.list = it.w;
    }
  }
  return q;
}

// What is next after what is due now, of a queue in which something is.
fn after(q: Queue, i: u32) -> Queue {
  var next = Queue(q.due_1, q.due_2, q.due_3, never, q.left - 1u, q.list, q.in_order);
  if (q.left > 1u && q.due_1.place == nothing) {
    if (q.in_order) { next = four_of(q.list, next.left, i); } else { next = looked(q.list, q.due_0.place, next.left, i); }
  }
  return next;
}

fn comes_before(a: u32, b: u32, i: u32) -> bool {
  let x = entries[entry_at(a - 1u, i)];
  let y = entries[entry_at(b - 1u, i)];
  return (x.y < y.y) | ((x.y == y.y) & (x.x < y.x));
}

fn in_order(first: u32, i: u32) -> u32 {
  var sorted = first;
  var run_length = 1u;
  var merges = 2u;
  while (merges > 1u) {
    merges = 0u;
    var p = sorted;
    var tail = 0u;
    while (p > 0u) {
      merges += 1u;
      // q: the run after that of p.
      var q = p;
      var of_p = 0u;
      while (of_p < run_length && q > 0u) {
        q = entries[entry_at(q - 1u, i)].w;
        of_p += 1u;
      }
      var of_q = run_length;
      while (of_p > 0u || (of_q > 0u && q > 0u)) {
        var from_q = of_p == 0u;
        if (of_p > 0u && of_q > 0u && q > 0u) { from_q = comes_before(q, p, i); }
        let entry = select(p, q, from_q);
        let following = entries[entry_at(entry - 1u, i)].w;
        p = select(following, p, from_q);
        q = select(q, following, from_q);
        of_p -= select(1u, 0u, from_q);
        of_q -= select(0u, 1u, from_q);
        if (tail == 0u) { sorted = entry; } else { entries[entry_at(tail - 1u, i)].w = entry; }
        tail = entry;
      }
      p = q;
    }
    entries[entry_at(tail - 1u, i)].w = 0u;
    run_length *= 2u;
  }
  return sorted;
}
`;
