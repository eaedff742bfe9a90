/**
 * One cell of several: what a network whose populations have different cells is solved as. States, parameters, inputs, noise
 * channels, ports and events of one name are one; what it does in a neuron is chosen by a parameter that says which cell the
 * neuron has. That is the same at all times, so none of these choices is a condition that a solver would have to locate, and the
 * derivatives of what is not chosen never reach a result.
 */
import type { CellDefinition, EventDefinition } from "../cell/cell.js";
import { mostCells, whichCell } from "../cell/which-cell.js";
import { fail } from "../checks.js";
import { quoted } from "../quoted.js";

type Equations = Readonly<Record<string, unknown>>;

/** One equation of that of each cell. */
function chosen(texts: readonly (string | undefined)[], otherwise: string): string {
  const all = texts.map((text) => text ?? otherwise);
  if (all.every((text) => text === all[0])) return all[0]!;
  return all
    .slice(0, -1)
    .reduceRight((rest, text, c) => `(${whichCell} < ${c + 0.5} ? (${text}) : ${rest})`, `(${all.at(-1)})`);
}

const keysOf = (records: readonly (object | undefined)[]): string[] => [
  ...new Set(records.flatMap((record) => Object.keys(record ?? {}))),
];

/** Equations by name, each chosen. @param otherwise what stands for one that a cell does not have. */
const merged = (all: readonly (Equations | undefined)[], otherwise: (name: string) => string): Record<string, string> =>
  Object.fromEntries(
    keysOf(all).map((name) => [
      name,
      chosen(
        all.map((equations) => (equations?.[name] === undefined ? undefined : String(equations[name]))),
        otherwise(name),
      ),
    ]),
  );

/** The events of a cell by name, `event` and `reset` among them. */
const eventsOf = ({ event, reset, events }: CellDefinition): Record<string, EventDefinition> => ({
  ...(event === undefined ? {} : { spike: { when: event, emits: true, ...(reset ? { jump: reset } : {}) } }),
  ...events,
});

/** The ports of a cell by name; one that has no name is "receive". */
function portsOf(definition: CellDefinition): Record<string, Equations> {
  const { receive = {}, state } = definition;
  const names = Object.keys(receive);
  const plain = names.every((n) => n in state);
  const ports = (plain ? { receive } : receive) as Record<string, Record<string, unknown>>;
  for (const equations of Object.values(ports))
    for (const equation of [equations, ...Object.values(equations)])
      if (typeof equation === "object" && equation !== null && "marcus" in equation)
        fail(
          "network.populations",
          `cell ${quoted(definition.name)} receives along a field (marcus), which is not taken beside other cells; write its equation`,
        );
  return ports;
}

/** Channels of a state's noise by name; that of its own has the state's. */
const noiseOf = (noise: string | Record<string, string> | undefined, state: string): Record<string, string> =>
  noise === undefined ? {} : typeof noise === "object" ? noise : { [state]: noise };

/** What names mean in a cell. */
function meanings(definition: CellDefinition): Map<string, string> {
  const { state, parameters, let: lets = {}, random = { u: "uniform" }, inputs = ["I"] } = definition;
  return new Map([
    ...Object.keys(state).map((n) => [n, "a state"] as const),
    ...Object.keys(parameters).map((n) => [n, "a parameter"] as const),
    ...Object.keys(lets).map((n) => [n, "an expression of let"] as const),
    ...Object.entries(random).map(([n, kind]) => [n, `a ${kind} random number`] as const),
    ...inputs.map((n) => [n, "an input"] as const),
  ]);
}

/** @throws SaltationError where a name means one thing in a cell and another in the next. */
function checkMeanings(cells: readonly CellDefinition[]): void {
  const known = new Map<string, { what: string; name: string }>();
  for (const cell of cells) {
    for (const [n, what] of meanings(cell)) {
      if (n === whichCell)
        fail("network.populations", `cell ${quoted(cell.name)} has ${what} called "${n}"; rename it`);
      const before = known.get(n);
      if (before && before.what !== what)
        fail(
          "network.populations",
          `"${n}" is ${before.what} of cell ${quoted(before.name)} and ${what} of ${quoted(cell.name)}; rename one`,
        );
      known.set(n, { what, name: cell.name });
    }
  }
}

/** @throws SaltationError where a noise channel is shared in one cell and each neuron's own in another. */
function checkChannels(cells: readonly CellDefinition[]): void {
  const shared = new Set(cells.flatMap((cell) => cell.shared ?? []));
  for (const { name, noise = {}, shared: own = [] } of cells)
    for (const [state, of] of Object.entries(noise))
      for (const channel of Object.keys(noiseOf(of as string | Record<string, string>, state)))
        if (shared.has(channel) && !own.includes(channel))
          fail(
            "network.populations",
            `the noise channel "${channel}" is shared in one cell, and each neuron's own in ${quoted(name)}; rename one`,
          );
}

/** @throws SaltationError where a parameter that a cell wants above 0 is not above 0 by default in another. */
function checkPositive(cells: readonly CellDefinition[]): void {
  for (const { name, positive = [] } of cells)
    for (const other of cells)
      for (const parameter of positive) {
        const value = other.parameters[parameter];
        if (value !== undefined && !(value > 0))
          fail(
            "network.populations",
            `"${parameter}" is above 0 in cell ${quoted(name)} and ${value} in ${quoted(other.name)}; rename one`,
          );
      }
}

/**
 * The definition of a cell that is each of several.
 * @throws SaltationError `invalid-input` where they do not go together.
 */
export function unionDefinition(cells: readonly CellDefinition[]): CellDefinition {
  if (cells.length > mostCells)
    fail(
      "network.populations",
      `have ${cells.length} different cells; a network takes ${mostCells}: join some by a parameter, or take several networks`,
    );
  checkMeanings(cells);
  checkChannels(cells);
  checkPositive(cells);
  const [first] = cells;
  const calculus = first!.calculus ?? "stratonovich";
  for (const cell of cells)
    if ((cell.calculus ?? "stratonovich") !== calculus)
      fail(
        "network.populations",
        `cells ${quoted(first!.name)} and ${quoted(cell.name)} differ in their calculus; write both in one`,
      );
  const events = cells.map(eventsOf);
  const ports = cells.map(portsOf);
  const states = keysOf(cells.map((cell) => cell.state));
  const noise = Object.fromEntries(
    keysOf(cells.map((cell) => cell.noise)).map((state) => [
      state,
      merged(
        cells.map((cell) => noiseOf(cell.noise?.[state], state)),
        () => "0",
      ),
    ]),
  );
  return {
    name: cells
      .map((cell) => cell.name)
      .join("+")
      .slice(0, 100),
    inputs: keysOf(cells.map(({ inputs = ["I"] }) => Object.fromEntries(inputs.map((n) => [n, true])))),
    let: merged(
      cells.map((cell) => cell.let),
      () => "0",
    ),
    state: merged(
      cells.map((cell) => cell.state),
      () => "0",
    ),
    noise,
    shared: [...new Set(cells.flatMap((cell) => cell.shared ?? []))],
    calculus,
    events: Object.fromEntries(
      keysOf(events).map((name) => {
        const own = events.map((e) => e[name]);
        const [one] = own.filter((e) => e !== undefined);
        for (const e of own)
          if (e && (Boolean(e.emits) !== Boolean(one!.emits) || Boolean(e.terminal) !== Boolean(one!.terminal)))
            fail(
              "network.populations",
              `event "${name}" is a spike, or ends the path, in one cell and not in another; rename it`,
            );
        const when = chosen(
          own.map((e) => e?.when),
          "-1",
        );
        const jump = merged(
          own.map((e) => e?.jump),
          (n) => n,
        );
        const { emits = false, terminal = false } = one!;
        return [name, { when, jump, emits, terminal }];
      }),
    ),
    receive: Object.fromEntries(
      keysOf(ports).map((port) => [
        port,
        merged(
          ports.map((p) => p[port]),
          (n) => n,
        ),
      ]),
    ),
    // A cell that names no random numbers has u.
    random: Object.assign({}, ...cells.map((cell) => cell.random ?? { u: "uniform" })),
    start: merged(
      cells.map((cell) => cell.start),
      () => "0",
    ),
    parameters: { ...Object.assign({}, ...cells.map((cell) => cell.parameters)), [whichCell]: 0 },
    positive: [...new Set(cells.flatMap((cell) => cell.positive ?? []))],
    units: Object.assign({}, ...cells.map((cell) => cell.units ?? {})),
  } satisfies CellDefinition & { state: Record<(typeof states)[number], string> };
}
