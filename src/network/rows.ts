/**
 * Connections sorted into rows, a row for each sender (compressed sparse rows). All in typed arrays, for there may be tens of
 * millions: two counting sorts, by target and then by sender, each of which keeps the order of what is equal.
 */

/** Connections in the order in which they were given, with what they have in common. */
export interface Part {
  readonly from: Uint32Array;
  readonly to: Uint32Array;
  /** Number of the port at which they arrive. */
  readonly port: number;
  /** Of each, the number of its delay, or -1 where spikes arrive at once. */
  delayOf(connection: number): number;
}

export interface Rows {
  /** Row k holds the targets of sender k: entries rowStart[k] to rowStart[k + 1], by their number. */
  readonly rowStart: Uint32Array;
  readonly targets: Uint32Array;
  /** Number of the port at which each arrives. */
  readonly ports: Uint8Array;
  /** Of each connection the number of its delay, or -1 where spikes arrive at once. */
  readonly delayOf: Int32Array;
  /** The longest row. */
  readonly longestRow: number;
  /** Whether a sender has several connections to the same target. */
  readonly parallel: boolean;
  /** Of an entry, which of all connections it is as they were given, part after part. */
  given(entry: number): number;
}

/** Where each of several lengths begins, one after another. */
export function starts(lengths: readonly number[]): number[] {
  let at = 0;
  return lengths.map((n) => (at += n) - n);
}

const total = (lists: readonly { readonly length: number }[]): number => lists.reduce((n, list) => n + list.length, 0);

function joined<T extends Float64Array | Uint32Array>(lists: readonly T[], all: T): T {
  let at = 0;
  for (const list of lists) {
    all.set(list, at);
    at += list.length;
  }
  return all;
}

export const joinedFloats = (lists: readonly Float64Array[]): Float64Array =>
  joined(lists, new Float64Array(total(lists)));
export const joinedWords = (lists: readonly Uint32Array[]): Uint32Array => joined(lists, new Uint32Array(total(lists)));

/** Where the values of each key begin: keys below `most`. */
function begins(keys: Uint32Array, most: number): Uint32Array {
  const begin = new Uint32Array(most + 1);
  for (let i = 0; i < keys.length; i++) begin[keys[i]! + 1]!++;
  for (let k = 0; k < most; k++) begin[k + 1]! += begin[k]!;
  return begin;
}

/** Entries in the order of their keys, those of one key in the order that they had. */
function sortedBy(keys: Uint32Array, most: number, order: Uint32Array | undefined): Uint32Array {
  const next = begins(keys, most);
  const sorted = new Uint32Array(keys.length);
  for (let i = 0; i < keys.length; i++) {
    const entry = order ? order[i]! : i;
    sorted[next[keys[entry]!]!++] = entry;
  }
  return sorted;
}

/** The order by `from`, then by `to`, then as given; undefined where that is how they lie. */
export function rowOrder(from: Uint32Array, to: Uint32Array, most: number): Uint32Array | undefined {
  let inOrder = true;
  for (let i = 1; i < from.length && inOrder; i++) {
    inOrder = from[i - 1]! < from[i]! || (from[i - 1] === from[i] && to[i - 1]! <= to[i]!);
  }
  return inOrder ? undefined : sortedBy(from, most, sortedBy(to, most, undefined));
}

/** @param senders how many rows there are: targets have numbers below it too. */
export function intoRows(senders: number, parts: readonly Part[]): Rows {
  const from = joinedWords(parts.map((part) => part.from));
  const to = joinedWords(parts.map((part) => part.to));
  const order = rowOrder(from, to, senders);
  const given = (entry: number): number => (order ? order[entry]! : entry);
  const rowStart = begins(from, senders);
  const [ports, delayOf] = [new Uint8Array(to.length), new Int32Array(to.length)];
  const targets = order ? new Uint32Array(to.length) : to;
  /** Of each connection as it was given. */
  const [givenPorts, givenDelays] = [
    order ? new Uint8Array(to.length) : ports,
    order ? new Int32Array(to.length) : delayOf,
  ];
  let at = 0;
  for (const part of parts) {
    const count = part.to.length;
    givenPorts.fill(part.port, at, at + count);
    for (let c = 0; c < count; c++) givenDelays[at + c] = part.delayOf(c);
    at += count;
  }
  let [longestRow, parallel] = [0, false];
  for (let k = 0; k < senders; k++) longestRow = Math.max(longestRow, rowStart[k + 1]! - rowStart[k]!);
  for (let i = 0; i < to.length; i++) {
    const g = given(i);
    if (order) {
      targets[i] = to[g]!;
      ports[i] = givenPorts[g]!;
      delayOf[i] = givenDelays[g]!;
    }
    parallel ||= i > 0 && targets[i] === targets[i - 1] && from[g] === from[given(i - 1)];
  }
  return { rowStart, targets, ports, delayOf, longestRow, parallel, given };
}
