/**
 * The connections of a network, and what its step brings. The buffer holds row starts [K + 1], targets [edges], the agenda
 * of input spikes, and for workgroups the edge of each neuron to itself [K] (1 + its index; 0 where there is none).
 */
import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { agendaEntryWords, agendaFunctions } from "./agenda.wgsl.js";

export interface ConnectionShape {
  neurons: number;
  /** Where the weights lie in the flat parameter vector. */
  weightOffset: number;
  edges: number;
  /** Input spikes. */
  arrivals: number;
  /** Whether some neuron is its own target and receives as it fires; elsewhere it takes a turn of its own. */
  selfEdges: boolean;
  /** Whether the cell has several events. */
  several: boolean;
}

/** Needs `connections` and `theta`. */
export function connectionFunctions({
  neurons,
  weightOffset,
  edges,
  arrivals,
  selfEdges,
  several,
}: ConnectionShape): string {
  const from = neurons + 1 + edges;
  const agenda = { array: "connections", from, entries: arrivals, edges, weightOffset };
  return wgsl`
const K = ${neurons}u;
fn row_start(k: u32) -> u32 { return connections[k]; }
fn edge_target(e: u32) -> u32 { return connections[K + 1u + min(e, ${Math.max(1, edges) - 1}u)]; }
fn edge_weight(e: u32) -> f32 { return theta[${weightOffset}u + e]; }
fn own_edge(k: u32) -> u32 { return connections[${from + (agendaEntryWords + 1) * arrivals}u + k]; }
${agendaFunctions(agenda)}

const arrivals = ${arrivals}u;
// Of path i: its first entry of the agenda in the window, and whether entry x is one of a step.
fn first_arrival(i: u32) -> u32 { return run.first_arrival; }
fn arrives_in(x: u32, step: u32, i: u32) -> bool {
  return ${arrivals > 0 ? "x < arrivals && agenda_step(x) == step" : "false"};
}

// What happens at one time: an input spike arrives at a neuron, or a neuron fires and its targets receive.
struct Happening {
  arrival: bool,
  place: f32,
  neuron: u32,
  row: u32,   // its first edge
  items: u32, // the neuron itself, and its targets
#if ${several}
  event: u32, // which it is, of those of the cell
#endif
}

// Input spike x, or a spike of \`neuron\`, which has targets if it \`delivers\`.
fn happening(arrival: bool, x: u32, place: f32, neuron: u32, delivers: bool) -> Happening {
  let input = min(x, max(arrivals, 1u) - 1u);
  let first = select(neuron, agenda_neuron(input), arrival);
  let row = row_start(first);
  let items = select(1u, 1u + row_start(first + 1u) - row, delivers && !arrival);
  return Happening(arrival, select(place, agenda_place(input), arrival), first, row, items${several ? ", 0u" : ""});
}

// The target that is item \`item\` (above 0) of what happens, and the edge that leads there.
fn edge_of(what: Happening, item: u32) -> u32 { return what.row + max(item, 1u) - 1u; }
fn neuron_of(what: Happening, item: u32) -> u32 { return select(edge_target(edge_of(what, item)), what.neuron, item == 0u); }

// What becomes of it: u is the uniform of the neuron that fires.
fn jump_of(what: Happening, item: u32, x: u32, u: f32) -> Jump {
  var jump = Jump(item == 0u && !what.arrival, u, item > 0u || what.arrival, edge_weight(edge_of(what, item))${several ? ", what.event" : ""});
  if (what.arrival) { jump.weight = agenda_weight(min(x, max(arrivals, 1u) - 1u)); }
#if ${selfEdges}
  let own = own_edge(what.neuron);
  if (jump.fires && own > 0u && what.items > 1u) {
    jump.receives = true;
    jump.weight = edge_weight(own - 1u);
  }
#endif
  return jump;
}
`;
}

/** What happened by the record: only spikes go anywhere. */
const replayed = (several: boolean, x: string, delivers: string): string =>
  several
    ? `let event = record_event(spike, i);
  var what = happening(arrival, ${x}, place, record_neuron(spike, i), ${delivers} && cell_emits(event));
  what.event = event;
  return what;`
    : `return happening(arrival, ${x}, place, record_neuron(spike, i), ${delivers});`;

/**
 * What a record and the agenda of input spikes say that happens in a step, forth and back: n spikes of \`total\` and x input
 * spikes came before. At the same place an input spike comes first. Needs record.wgsl.ts.
 */
export const replayFunctions = (several: boolean): string => /* wgsl */ `
fn happens_in(n: u32, total: u32, x: u32, step: u32, i: u32) -> bool {
  return (n < total && record_step(n, i) == step) || arrives_in(x, step, i);
}

// The next that happens; \`full\`: the path stops at its last spike, which goes nowhere.
fn next_of(n: u32, total: u32, full: bool, x: u32, step: u32, i: u32) -> Happening {
  let due = n < total && record_step(n, i) == step;
  let spike = min(n, max(total, 1u) - 1u);
  let place = record_place(spike, i);
  let arrival = arrives_in(x, step, i) && (!due || agenda_place(x) <= place);
  ${replayed(several, "x", "!(full && n + 1u >= total)")}
}

fn happened_in(n: u32, x: u32, step: u32, i: u32) -> bool {
  return (n > 0u && record_step(max(n, 1u) - 1u, i) == step) || (x > first_arrival(i) && arrives_in(max(x, 1u) - 1u, step, i));
}

fn last_of(n: u32, total: u32, full: bool, x: u32, step: u32, i: u32) -> Happening {
  let due = n > 0u && record_step(max(n, 1u) - 1u, i) == step;
  let spike = max(n, 1u) - 1u;
  let input = max(x, 1u) - 1u;
  let place = record_place(spike, i);
  let arrival = x > first_arrival(i) && arrives_in(input, step, i) && (!due || agenda_place(input) > place);
  ${replayed(several, "input", "!(full && n >= total)")}
}
`;
