/**
 * Spikes under way along connections with delays. There is no queue: those of one delay arrive in the order in which they were
 * sent, so a path has a cursor for each delay, to the event in its record whose spike arrives next. Arrivals are entries of the
 * record like events (shared/record.wgsl.ts), so what goes by the record alone needs no cursors.
 *
 * At one time arrivals go by the number of the neuron that sent them, and come after input spikes and before events.
 */

export interface DelayShape {
  /** How many delays there are, and where they lie in the flat parameter vector. */
  count: number;
  offset: number;
}

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
 * @param cursor WGSL of the word, in an array of u32, of the cursor of \`delay\` of path i.
 * @param sources whether there are any, whose spikes are in the record too.
 */
export const dueFunctions = ({ count, offset }: DelayShape, cursor: string, sources: boolean): string => /* wgsl */ `
struct Due { step: u32, place: f32, delay: u32, cause: u32, sender: u32 }
const nothing_due = Due(0xffffffffu, 0.0f, 0u, 0u, 0u);

fn due_of(delay: u32, cause: u32, i: u32) -> Due {
  let later = record_place(cause, i) + theta[${offset}u + delay] * run.inv_dt;
  let whole = min(floor(later), 1e9f);
  // Above 0: sub-steps that begin at 0 began at a grid point.
  let place = clamp(later - whole, 1e-7f, 1.0f);
  return Due(record_step(cause, i) + u32(whole), place, delay, cause, record_neuron(cause, i));
}

// Whether event n is a spike that goes along a delay.
fn is_sent(n: u32, delay: u32, i: u32) -> bool {
  let event = record_event(n, i);
  var found = false;
  if (${sources ? "event == source_event || " : ""}(event != arrival_event && cell_emits(event))) {
    let k = record_neuron(n, i);
    for (var e = row_start(k); e < row_start(k + 1u); e += 1u) { found |= edge_delay(e) == delay; }
  }
  return found;
}

// Of so many events in the record; cursors go past those that send nothing.
fn next_due(events: u32, i: u32) -> Due {
  var first = nothing_due;
  for (var delay = 0u; delay < ${count}u; delay += 1u) {
    var n = ${cursor};
    while (n < events && !is_sent(n, delay, i)) { n += 1u; }
    ${cursor} = n;
    if (n < events) {
      let due = due_of(delay, n, i);
      let earlier = due.step < first.step || (due.step == first.step && (due.place < first.place ||
        (due.place == first.place && due.sender < first.sender)));
      if (earlier) { first = due; }
    }
  }
  return first;
}

// Takes it: the cursor goes on, and an entry is written as number n.
fn arrive(due: Due, n: u32, i: u32) -> Happening {
  let delay = due.delay;
  ${cursor} = due.cause + 1u;
  record_arrival(n, i, due.step, due.place, delay, due.cause);
  return arriving(due.place, delay, due.cause, i);
}
`;
