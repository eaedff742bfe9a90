/** Changes of a cell's definition, each of which leaves one that says the same of everything else. */
import { isOfState } from "../../../src/cell/ports.js";
import type { CellDefinition, EventDefinition, RandomKind } from "../../../src/index.js";

/** Equations by name, of which each stands in a table of its own. */
export type Section = "let" | "state" | "noise" | "reset" | "receive" | "start";

type Table = Record<string, unknown>;

/** A table with an equation changed, or left out where its text is empty and it may be absent. */
function withEquation(table: Table | undefined, name: string, given: unknown, optional: boolean): Table {
  const { [name]: _, ...others } = table ?? {};
  return optional && given === "" ? others : { ...table, [name]: given };
}

const bare = (text: string): string => (text.trim() === "" ? "" : text);

/** Changes an equation that is text. */
export function setEquation(cell: CellDefinition, section: Section, name: string, text: string): void {
  const optional = section !== "state" && section !== "let";
  (cell as unknown as Table)[section] = withEquation(cell[section], name, bare(text), optional);
}

/** Whether a jump of `receive` is a field along which the state moves. */
export const isField = (given: unknown): given is { marcus: string } => typeof given === "object" && given !== null;

/** Names of a cell's ports; none where it has one that needs no name. */
export const portNames = ({ receive = {}, state }: CellDefinition): string[] =>
  Object.entries(receive)
    .filter(([name, given]) => !isOfState(name, given, Object.keys(state)))
    .map(([name]) => name);

/** What a port says by state. Fields of several states are shown one by one, which says the same. */
function portTable({ receive = {} }: CellDefinition, port: string | undefined): Table {
  if (port === undefined) return receive;
  const given = (receive as Record<string, Table>)[port] ?? {};
  const { marcus } = given;
  if (typeof marcus !== "object" || marcus === null) return given;
  return Object.fromEntries(Object.entries(marcus).map(([state, field]) => [state, { marcus: field }]));
}

/** What a state becomes where a spike arrives: at a port, or at the only one. */
export const receivedAt = (cell: CellDefinition, state: string, port: string | undefined): unknown =>
  portTable(cell, port)[state];

/** Changes what a target becomes: an equation, or a field to move along. */
export function setReceive(cell: CellDefinition, name: string, text: string, field: boolean, port?: string): void {
  const given = field && text.trim() !== "" ? { marcus: text } : bare(text);
  const table = withEquation(portTable(cell, port), name, given, true);
  cell.receive = (port === undefined ? table : { ...cell.receive, [port]: table }) as CellDefinition["receive"] &
    object;
}

/** Adds a port at which nothing happens yet; the first one that has a name takes what the one without said. */
export function addPort(cell: CellDefinition, name: string): void {
  const names = portNames(cell);
  if (names.includes(name)) return;
  const ports = names.length === 0 ? { [name]: { ...cell.receive } } : { ...cell.receive, [name]: {} };
  cell.receive = ports as CellDefinition["receive"] & object;
}

export function removePort(cell: CellDefinition, name: string): void {
  const { [name]: _, ...others } = cell.receive as Record<string, unknown>;
  cell.receive = others as CellDefinition["receive"] & object;
}

/** Changes a part of an event. */
export function setEvent(cell: CellDefinition, name: string, change: Partial<EventDefinition>): void {
  cell.events = { ...cell.events, [name]: { ...cell.events![name]!, ...change } };
}

/** What a state becomes at an event: unchanged where the text is empty. */
export function setJump(cell: CellDefinition, event: string, state: string, text: string): void {
  const jump = withEquation(cell.events![event]!.jump, state, bare(text), true);
  setEvent(cell, event, { jump: jump as Record<string, string> });
}

/** Adds an event that does not happen yet: a spike, if no other is one. */
export function addEvent(cell: CellDefinition, name: string): void {
  const spikes = cell.event !== undefined || Object.values(cell.events ?? {}).some((e) => e.emits);
  const added: EventDefinition = spikes ? { when: "-1" } : { when: "-1", emits: true };
  cell.events = { ...cell.events, [name]: cell.events?.[name] ?? added };
}

/** An event by another name, in its place. */
export function renameEvent(cell: CellDefinition, from: string, to: string): void {
  const entries = Object.entries(cell.events ?? {});
  cell.events = Object.fromEntries(entries.map(([name, event]) => [name === from ? to : name, event]));
}

export function removeEvent(cell: CellDefinition, name: string): void {
  const { [name]: _, ...others } = cell.events ?? {};
  if (Object.keys(others).length > 0) cell.events = others;
  else delete cell.events;
}

/** Takes out what `event` and `reset` say; events by name stay. */
export function removeSpike(cell: CellDefinition): void {
  delete cell.event;
  delete cell.reset;
}

const amplitudes = (given: unknown): Record<string, string> | undefined =>
  typeof given === "object" && given !== null ? (given as Record<string, string>) : undefined;

/** Names of the noise channels that have one. */
export function namedChannels(cell: CellDefinition): string[] {
  return [...new Set(Object.values(cell.noise ?? {}).flatMap((given) => Object.keys(amplitudes(given) ?? {})))];
}

/** The amplitude of a named channel in a state; none where it does not drive it. */
export const amplitudeOf = (cell: CellDefinition, channel: string, state: string): string =>
  String(amplitudes(cell.noise?.[state])?.[channel] ?? "");

/**
 * Changes the amplitude of a named channel in a state. The state's own noise becomes a channel by the state's name beside it.
 * An empty text takes the channel off the state, but stays where it is the channel's last: it is being written.
 */
export function setAmplitude(cell: CellDefinition, channel: string, state: string, text: string): void {
  const given = cell.noise?.[state];
  const before = amplitudes(given) ?? (given === undefined ? {} : { [state]: given as string });
  const last = Object.keys(cell.state).every(
    (s) => s === state || amplitudes(cell.noise?.[s])?.[channel] === undefined,
  );
  const after = withEquation(before, channel, bare(text), !last) as Record<string, string>;
  const { [state]: _, ...others } = cell.noise ?? {};
  cell.noise = Object.keys(after).length > 0 ? { ...cell.noise, [state]: after } : others;
}

/** Takes a named channel out of every state, and out of those that neurons share. */
export function removeChannel(cell: CellDefinition, channel: string): void {
  for (const [state, given] of Object.entries(cell.noise ?? {})) {
    const { [channel]: gone, ...others } = amplitudes(given) ?? {};
    if (gone === undefined) continue;
    if (Object.keys(others).length > 0) cell.noise![state] = others;
    else delete cell.noise![state];
  }
  setShared(cell, channel, false);
}

/** Says whether all neurons of a network have a channel in common. */
export function setShared(cell: CellDefinition, channel: string, shared: boolean): void {
  const others = (cell.shared ?? []).filter((n) => n !== channel);
  if (shared) cell.shared = [...others, channel];
  else if (others.length > 0) cell.shared = others;
  else delete cell.shared;
}

/** Random numbers that equations of a cell may read. */
export const randomNumbers = (cell: CellDefinition): Record<string, RandomKind> => cell.random ?? { u: "uniform" };

/** Gives a random number a kind, or with `undefined` takes it out. */
export function setRandom(cell: CellDefinition, name: string, kind: RandomKind | undefined): void {
  const { [name]: _, ...others } = randomNumbers(cell);
  cell.random = kind === undefined ? others : { ...randomNumbers(cell), [name]: kind };
}

/** Input signals of a cell, by name. */
export const inputsOf = ({ inputs }: Pick<CellDefinition, "inputs">): readonly string[] => inputs ?? ["I"];

/** Adds an input signal, or takes one out. */
export function setInput(cell: CellDefinition, name: string, has: boolean): void {
  const others = inputsOf(cell).filter((n) => n !== name);
  cell.inputs = has ? [...others, name] : others;
}

/** Takes a parameter or a state variable out of a cell, with all that is said of it but the equations that use it. */
export function removeName(cell: CellDefinition, name: string): void {
  for (const port of portNames(cell)) setReceive(cell, name, "", false, port);
  const { state, noise, reset, receive, start, parameters, units, events } = cell;
  const jumps = Object.values(events ?? {}).map((e) => e.jump);
  for (const table of [state, noise, reset, receive, start, parameters, units, ...jumps]) delete table?.[name];
  if (cell.positive) cell.positive = cell.positive.filter((n) => n !== name);
  const channels = namedChannels(cell);
  for (const gone of cell.shared?.filter((n) => !channels.includes(n)) ?? []) setShared(cell, gone, false);
}
