/**
 * Spikes under way along connections with delays. Those of one delay arrive in the order in which they were sent, so a path has
 * for each delay a cursor to the event in its record whose spike arrives next, and how many are under way; and over the delays
 * a tree, in which each node has the delay below it whose spike arrives first. Arrivals are entries of the
 * record like events (shared/record.wgsl.ts), so what goes by the record alone needs none of that.
 *
 * At one time arrivals go by the number of the neuron that sent them, and come after input spikes and before events.
 */

export interface DelayShape {
  /** How many delays there are, and where they lie in the flat parameter vector. */
  count: number;
  offset: number;
  /** How many there are of each neuron and source, all in all; 0 where nobody looks for spikes under way by delay. */
  sent: number;
}

/** Leaves of the tree: a power of two. */
const leavesOf = (count: number): number => 2 ** Math.ceil(Math.log2(Math.max(1, count)));

/** Words of a path: cursors, how many spikes are under way, and the tree's nodes, of which number 0 is none. */
export const dueWords = (count: number): number => (count === 0 ? 0 : 2 * count + leavesOf(count));

/** Which connections an occurrence goes along. Needs `edge_delay`, the functions of connections.wgsl.ts and a record of events. */
export const delayedFunctions = (sources: boolean): string => /* wgsl */ `
const at_once = 0xffffffffu; // in place of a delay's number

// The spike of event \`cause\` arrives at a place, along all connections of a delay.
fn arriving(place: f32, delay: u32, cause: u32, i: u32) -> Happening {
  let sender = record_neuron(cause, i);
  let row = row_start(sender);
  return Happening(false, place, sender, row, 1u + row_start(sender + 1u) - row, 0u, 0u, delay, cause);
}

// Whether item \`item\` of what happens has a part in it: the neuron of an event, and targets along the same delay.
fn takes_part(what: Happening, item: u32) -> bool {
  let itself = what.delay == at_once${sources ? " && what.neuron < K" : ""};
  return select(edge_delay(edge_of(what, item)) == what.delay, itself, item == 0u);
}
`;

/**
 * What arrives next, for a kernel that writes the record.
 * @param word WGSL of the place, in an array of u32, of a word (`dueWords`) of path i.
 * @param sources whether there are any, whose spikes are in the record too.
 */
export function dueFunctions({ count, offset }: DelayShape, word: (index: string) => string, sources: boolean): string {
  const leaves = leavesOf(count);
  const cursor = word("delay");
  const underWay = word(`(${count}u + delay)`);
  const node = (at: string): string => word(`(${2 * count}u + ${at})`);
  return /* wgsl */ `
struct Due { step: u32, place: f32, delay: u32, cause: u32, sender: u32 }
const nothing_due = Due(0xffffffffu, 0.0f, 0u, 0u, 0u);

// The spike that arrives next along a delay.
fn due_along(delay: u32, i: u32) -> Due {
  if (delay >= ${count}u) { return nothing_due; }
  if (${underWay} == 0u) { return nothing_due; }
  let cause = ${cursor};
  let later = record_place(cause, i) + theta[${offset}u + delay] * run.inv_dt;
  let whole = min(floor(later), 1e9f);
  // Above 0: sub-steps that begin at 0 began at a grid point.
  let place = clamp(later - whole, 1e-7f, 1.0f);
  return Due(record_step(cause, i) + u32(whole), place, delay, cause, record_neuron(cause, i));
}

// The delay at a node: a leaf's own.
fn delay_at(node: u32, i: u32) -> u32 {
  if (node >= ${leaves}u) { return node - ${leaves}u; }
  return ${node("node")};
}

fn next_due(i: u32) -> Due { return due_along(delay_at(1u, i), i); }

// Of two nodes beside each other, the delay whose spike arrives first; of equals that of the lower number.
fn first_of(left: u32, i: u32) -> u32 {
  let a = due_along(delay_at(left, i), i);
  let b = due_along(delay_at(left + 1u, i), i);
  let later = b.step < a.step || (b.step == a.step && (b.place < a.place ||
    (b.place == a.place && b.sender < a.sender)));
  return delay_at(select(left, left + 1u, later), i);
}

// What arrives next along a delay is another spike, or none.
fn changed(delay: u32, i: u32) {
  for (var node = (${leaves}u + delay) / 2u; node > 0u; node = node / 2u) { ${node("node")} = first_of(2u * node, i); }
}

// Nothing is under way.
fn clear_due(i: u32) {
  for (var delay = 0u; delay < ${count}u; delay += 1u) { ${underWay} = 0u; }
  for (var node = ${leaves - 1}u; node > 0u; node -= 1u) { ${node("node")} = delay_at(2u * node, i); }
}

// Entry n of the record is a spike of k: it is under way along each of the delays that k sends along.
fn send(n: u32, k: u32, i: u32) {
  let end = sent_start(k + 1u);
  for (var s = sent_start(k); s < end; s += 1u) {
    let delay = sent_delay(s);
    let before = ${underWay};
    ${underWay} = before + 1u;
    if (before == 0u) {
      ${cursor} = n;
      changed(delay, i);
    }
  }
}

// Whether event n is a spike that goes along a delay.
fn is_sent(n: u32, delay: u32, i: u32) -> bool {
  let event = record_event(n, i);
  var found = false;
  if (${sources ? "event == source_event || " : ""}(event != arrival_event && cell_emits(event))) {
    let k = record_neuron(n, i);
    let end = sent_start(k + 1u);
    for (var s = sent_start(k); s < end; s += 1u) { found |= sent_delay(s) == delay; }
  }
  return found;
}

// Takes it: the cursor goes on to the next that was sent, and an entry is written as number n.
fn arrive(due: Due, n: u32, i: u32) -> Happening {
  let delay = due.delay;
  let left = ${underWay} - 1u;
  ${underWay} = left;
  if (left > 0u) {
    var next = due.cause + 1u;
    while (!is_sent(next, delay, i)) { next += 1u; }
    ${cursor} = next;
  }
  changed(delay, i);
  record_arrival(n, i, due.step, due.place, delay, due.cause);
  return arriving(due.place, delay, due.cause, i);
}
`;
}
