/**
 * The connections of a network, and what its step brings. The buffer holds row starts [K + S + 1] of neurons and sources, targets
 * [edges] with the number of the port (from bit 24 on), where weights do not lie in the order of edges the place of each edge's
 * [edges], the agenda of input spikes, with delays the number of each edge's (`atOnce` where spikes arrive at once) [edges],
 * where spikes under way are looked for by delay the numbers of those that each neuron and source sends along (where each one's
 * begin [K + S + 1], and the numbers), and for workgroups the edge of each neuron to itself [K] (1 + its index; 0 where
 * there is none).
 *
 * With sources there follow the agendas of samples, of which kernels know no sizes: where that of each sample begins [samples + 1],
 * in entries from there on, and the entries, with one that never comes before the first of all and after each sample's last.
 */
import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import type { SolverShape } from "../substep/solver.wgsl.js";
import { agendaEntryWords, agendaReads, portedWord } from "./agenda.wgsl.js";
import { type DelayShape, delayedFunctions } from "./delays.wgsl.js";

export interface ConnectionShape {
  neurons: number;
  /** Where the weights lie in the flat parameter vector. */
  weightOffset: number;
  edges: number;
  /** How many weights there are. */
  weights: number;
  /** Whether edges have the numbers of their weights; else these lie in their order. */
  mapped: boolean;
  /** Input spikes. */
  arrivals: number;
  /** Sources: nodes K to K + S - 1, which only send; and how many paths a sample has, whose agenda says when. */
  sources: number;
  trials: number;
  /** Whether some neuron is its own target and receives as it fires; elsewhere it takes a turn of its own. */
  selfEdges: boolean;
  /** Ports of the cell. */
  ports: number;
  /** Of connections, where there are such. */
  delays: DelayShape | undefined;
}

/** Where the parts of the buffer begin. */
function placesOf({ neurons, sources, edges, mapped, arrivals, selfEdges, delays }: EdgeShape) {
  const targets = neurons + sources + 1;
  const agenda = targets + edges * (mapped ? 2 : 1);
  const weights = agenda + agendaEntryWords * arrivals;
  const after = weights + arrivals;
  const sentStart = after + (delays ? edges : 0);
  const sent = sentStart + (delays?.sent ? targets : 0);
  const own = sent + (delays?.sent ?? 0);
  return { targets, agenda, weights, after, sentStart, sent, own, sampled: own + (selfEdges ? neurons : 0) };
}

type EdgeShape = Omit<ConnectionShape, "selfEdges"> & Partial<Pick<ConnectionShape, "selfEdges">>;

/** The delays that a neuron or source sends along, each once, one after the other. */
const sentFunctions = (delays: DelayShape | undefined, at: { sentStart: number; sent: number }): string =>
  delays?.sent
    ? `fn sent_start(k: u32) -> u32 { return connections[${at.sentStart}u + k]; }
fn sent_delay(n: u32) -> u32 { return connections[${at.sent}u + n]; }`
    : "";

/** Edges by number, and the agenda. Needs `connections` and `theta`. */
export function edgeFunctions(shape: EdgeShape): string {
  const { neurons, weightOffset, edges, arrivals, sources, ports, delays, mapped } = shape;
  const at = placesOf(shape);
  const from = sources > 0 ? at.sampled : at.agenda;
  const ported = portedWord(ports);
  return /* wgsl */ `
const K = ${neurons}u;
fn row_start(k: u32) -> u32 { return connections[k]; }
fn edge_word(e: u32) -> u32 { return connections[${at.targets}u + min(e, ${Math.max(1, edges) - 1}u)]; }
// Of edges that there are: lanes that stand side by side read words side by side.
fn target_of(e: u32) -> u32 { return connections[${at.targets}u + e]${ported.neuron}; }
fn weight_of(e: u32) -> f32 { return theta[${weightOffset}u + ${mapped ? `connections[${at.targets + edges}u + e]` : "e"}]; }
fn edge_target(e: u32) -> u32 { return edge_word(e)${ported.neuron}; }
fn edge_delay(e: u32) -> u32 { return ${delays ? `connections[${at.after}u + e]` : "0u"}; }
fn edge_port(e: u32) -> u32 { return ${ported.port("edge_word(e)")}; }
fn weight_place(e: u32) -> u32 { return ${mapped ? `connections[${at.targets + edges}u + min(e, ${Math.max(1, edges) - 1}u)]` : "e"}; }
fn edge_weight(e: u32) -> f32 { return theta[${weightOffset}u + weight_place(e)]; }
fn own_edge(k: u32) -> u32 { return connections[${at.own}u + k]; }
${sentFunctions(delays, at)}
${agendaReads({ array: "connections", from, weights: at.weights, edges, weightOffset, ports })}

const arrivals = ${arrivals}u;
`;
}

/** Where a path is in its agenda: its first entry in a window, and whether an entry is one of a step. Needs `edgeFunctions`. */
export function inputFunctions(shape: EdgeShape): string {
  const { arrivals, sources, trials } = shape;
  const { sampled } = placesOf(shape);
  if (sources === 0) {
    return /* wgsl */ `
fn first_input(i: u32) -> u32 { return run.first_arrival; }
// Whether entry x of the agenda of path i is one of a step, and whether that before x is.
fn input_in(x: u32, step: u32, i: u32) -> bool { return ${arrivals > 0 ? "x < arrivals && agenda_step(x) == step" : "false"}; }
fn input_before(x: u32, step: u32, i: u32) -> bool { return x > first_input(i) && input_in(max(x, 1u) - 1u, step, i); }
`;
  }
  return /* wgsl */ `
// Past the last entry of the agenda of path i: what never comes.
fn past_inputs(i: u32) -> u32 { return connections[${sampled + 1}u + (run.first_of_all + i) / ${trials}u] - 1u; }
fn first_input(i: u32) -> u32 {
  let sample = (run.first_of_all + i) / ${trials}u;
  var low = connections[${sampled}u + sample];
  var high = past_inputs(i);
  while (low < high) {
    let middle = (low + high) / 2u;
    if (agenda_step(middle) < run.step_begin) { low = middle + 1u; } else { high = middle; }
  }
  return low;
}
// Whether entry x of the agenda of path i is one of a step, and whether that before x is: entries of other steps never are.
fn input_in(x: u32, step: u32, i: u32) -> bool { return agenda_step(x) == step; }
fn input_before(x: u32, step: u32, i: u32) -> bool { return agenda_step(max(x, 1u) - 1u) == step; }
// Which of the entries of path i's agenda entry x is.
fn entry_of(x: u32, i: u32) -> u32 { return x - connections[${sampled}u + (run.first_of_all + i) / ${trials}u]; }
// Whether it is a source that sends.
fn sends(x: u32) -> bool { return agenda_neuron(x) >= K; }
`;
}

/** Edges, and what a step brings. Needs `connections`, `theta` and operations/jump.wgsl.ts; with delays record.wgsl.ts. */
export function connectionFunctions(shape: ConnectionShape): string {
  const { sources, selfEdges, delays } = shape;
  const unrecorded = sources > 0 && delays ? "!is_by_edges(what)" : "what.arrival";
  return wgsl`${edgeFunctions(shape)}${inputFunctions(shape)}
// Where a path stands among what happens to it: events of its own, and input spikes, that came before.
struct Cursor { events: u32, inputs: u32 }

// At the begin of the window of path i.
fn cursor_at(events: u32, i: u32) -> Cursor { return Cursor(events, first_input(i)); }

// Whether something arrives in a step that no neuron has yet to send, and whether it does so at a place or before.
fn awaits(at: Cursor, step: u32, i: u32) -> bool { return input_in(at.inputs, step, i); }
fn arrives_by(at: Cursor, step: u32, place: f32, i: u32) -> bool {
  return awaits(at, step, i) && agenda_place(at.inputs) <= place;
}

// What happens at one time: an input spike arrives at a neuron, or a neuron fires and its targets receive, or a source sends.
struct Happening {
  arrival: bool,
  place: f32,
  neuron: u32,
  row: u32,   // its first edge
  items: u32, // the neuron itself, and its targets
  event: u32, // which it is, of those of the cell
  input: u32, // the entry of the agenda, of an arrival
#if ${delays !== undefined}
  delay: u32, // of a spike that arrives after a delay, its number; else \`at_once\`
  cause: u32, // and its event in the record
#endif
}

// The arrival that comes next; or an event of \`neuron\`, which has targets if it \`delivers\`.
fn happening(at: Cursor, arrival: bool, place: f32, neuron: u32, event: u32, delivers: bool) -> Happening {
  let input = ${sources > 0 ? "at.inputs" : "min(at.inputs, max(arrivals, 1u) - 1u)"};
  let first = select(neuron, agenda_neuron(input), arrival);
  let row = row_start(first);
  let items = select(1u, 1u + row_start(first + 1u) - row, ${sources > 0 ? "select(delivers, first >= K, arrival)" : "delivers && !arrival"});
  return Happening(arrival, select(place, agenda_place(input), arrival), first, row, items, event, input${delays ? ", at_once, 0u" : ""});
}

// Whether it is an event, and not what arrives.
fn is_event(what: Happening) -> bool { return !what.arrival${delays ? " && what.delay == at_once" : ""}; }

// Whether it is a source that sends, of those that the agenda names; along delays its spike goes on from the record, too.
fn is_sent_by_source(what: Happening) -> bool { return ${sources > 0 ? "what.arrival && what.neuron >= K" : "false"}; }
// Whether it goes along connections, and is no input spike.
fn is_by_edges(what: Happening) -> bool { return !what.arrival${sources > 0 ? " || what.neuron >= K" : ""}; }

// Past what happens, and back before it.
fn past(at: Cursor, what: Happening) -> Cursor {
  return Cursor(at.events + select(1u, 0u, ${unrecorded}), at.inputs + select(0u, 1u, what.arrival));
}
fn before(at: Cursor, what: Happening) -> Cursor {
  return Cursor(at.events - select(1u, 0u, ${unrecorded}), at.inputs - select(0u, 1u, what.arrival));
}

// The target that is item \`item\` (above 0) of what happens, and the edge that leads there.
fn edge_of(what: Happening, item: u32) -> u32 { return what.row + max(item, 1u) - 1u; }
fn neuron_of(what: Happening, item: u32) -> u32 {
  return select(edge_target(edge_of(what, item)), ${sources > 0 ? "min(what.neuron, K - 1u)" : "what.neuron"}, item == 0u);
}
// The first item that receives.
fn first_receiver(what: Happening) -> u32 { return select(0u, 1u, is_by_edges(what)); }

// What becomes of it: u is the uniform of the neuron that fires.
fn jump_of(what: Happening, item: u32, u: f32) -> Jump {
  var jump = Jump(item == 0u && !what.arrival, u, item > 0u || what.arrival, edge_weight(edge_of(what, item)), what.event,
    edge_port(edge_of(what, item)));
  if (!is_by_edges(what)) {
    jump.weight = agenda_weight(what.input);
    jump.port = agenda_port(what.input);
  }
#if ${selfEdges}
  let own = own_edge(what.neuron);
  if (jump.fires && own > 0u && what.items > 1u) {
    jump.receives = true;
    jump.weight = edge_weight(own - 1u);
    jump.port = edge_port(own - 1u);
  }
#endif
  return jump;
}
${delays ? delayedFunctions(sources > 0) : ""}
#if ${sources > 0 && delays === undefined}
// Whether item \`item\` of what happens has a part in it: all but a source.
fn takes_part(what: Happening, item: u32) -> bool { return item > 0u || what.neuron < K; }
#endif
`;
}

/** Whether not every item of what happens has a part in it (`takes_part`). */
export const isSelective = ({ delays, sources }: Pick<ConnectionShape, "delays" | "sources">): boolean =>
  delays !== undefined || sources > 0;

type ReplayShape = Pick<SolverShape, "several"> & Pick<ConnectionShape, "delays" | "sources">;

/**
 * What a record and the agenda of input spikes say that happens in a step, forth and back. At the same place an input spike
 * comes first. Needs record.wgsl.ts, and operations/jump.wgsl.ts.
 */
export function replayFunctions({ several, delays, sources }: ReplayShape): string {
  const arrives = delays
    ? `if (!arrival && record_event(n, i) == arrival_event) {
    return arriving(place, record_neuron(n, i), record_cause(n, i), i);
  }`
    : "";
  // Of the agenda it is the last too: input spikes come before sources at one place.
  const sent =
    delays && sources > 0
      ? "if (!arrival && due && record_event(n, i) == source_event) { return happening(last, true, place, 0u, 0u, false); }"
      : "";
  return /* wgsl */ `
// A path as it is in the record: its events, and whether it stops at the last of them, which goes nowhere.
struct Played { total: u32, full: bool }

fn played(total: u32, i: u32) -> Played {
  return Played(total, ${
    several ? "total > 0u && record_ends(max(total, 1u) - 1u, i)" : "run.max_spikes > 0u && total >= run.max_spikes"
  });
}
fn is_over(at: Cursor, path: Played) -> bool { return path.full && at.events >= path.total; }

fn happens_in(at: Cursor, path: Played, step: u32, i: u32) -> bool {
  return (at.events < path.total && record_step(at.events, i) == step) || awaits(at, step, i);
}

fn next_of(at: Cursor, path: Played, step: u32, i: u32) -> Happening {
  let due = at.events < path.total && record_step(at.events, i) == step;
  let n = min(at.events, max(path.total, 1u) - 1u);
  let place = record_place(n, i);
  let arrival = awaits(at, step, i) && (!due || agenda_place(at.inputs) <= place);
  ${arrives}
  let event = record_event(n, i);
  return happening(at, arrival, place, record_neuron(n, i), event, cell_emits(event) && !(path.full && n + 1u >= path.total));
}

fn happened_in(at: Cursor, step: u32, i: u32) -> bool {
  return (at.events > 0u && record_step(max(at.events, 1u) - 1u, i) == step) ||
    input_before(at.inputs, step, i);
}

fn last_of(at: Cursor, path: Played, step: u32, i: u32) -> Happening {
  let due = at.events > 0u && record_step(max(at.events, 1u) - 1u, i) == step;
  let last = Cursor(max(at.events, 1u) - 1u, max(at.inputs, 1u) - 1u);
  let n = last.events;
  let place = record_place(n, i);
  let arrival = input_before(at.inputs, step, i) && (!due || agenda_place(last.inputs) > place);
  ${arrives}
  ${sent}
  let event = record_event(n, i);
  return happening(last, arrival, place, record_neuron(n, i), event, cell_emits(event) && !is_over(at, path));
}
`;
}

/**
 * The cotangent of an event's time, of a loss and of what arrives later on its account, which adds to it. Needs
 * `cotangents`.
 * @param from WGSL of where those of spikes begin there.
 */
export const eventBarFunctions = (delays: DelayShape | undefined, from = ""): string => /* wgsl */ `
fn event_bar(n: u32, i: u32) -> f32 { return cotangents[${from}n * run.paths + i]; }
${delays ? `fn add_to_event(n: u32, i: u32, bar: f32) { cotangents[${from}n * run.paths + i] += bar; }` : ""}
`;
