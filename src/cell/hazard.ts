/**
 * The hazard of a cell's events. Where the event function grows at a rate λ = ∇E·f that the past spikes determine, and
 * the reset sets it to log u − α, the next event comes when the hazard integrated since the reset, Λ, reaches
 * α + Exp(1): its density is λ e^{−(Λ − α)} where Λ ≥ α, and 0 before (time rescaling; for integrate-and-fire cells
 * Paninski 2004). With u set to 1 the event function itself is Λ − α: so a solve with u = 1 and events forced to given
 * times has all that a likelihood needs.
 */
import { fail } from "../checks.js";
import { quoted } from "../quoted.js";
import { type Cell, parameterInput, stateInput } from "./cell.js";
import { vectorJacobian } from "./differentiate.js";
import { type CellFunction, cotangentsOf } from "./functions.js";
import { type Graph, inputNames, isConstant, type Node, onePlusExponential } from "./graph.js";
import { isRandom } from "./random.js";
import { withOwnGraph } from "./surface.js";
import { type Jump, jumpNamed, spikeOf } from "./tables.js";
import { levelState } from "./upstroke.js";
import { vanishes } from "./vanishing.js";

/** In place of the logarithm of a hazard that is 0 while a condition holds: a spike is impossible then. */
const noHazard = -1e30;

/**
 * log of an expression; exponentials are undone, not evaluated: a hazard of e^{-200} has a logarithm in float32 too, and
 * so has one that is divided by 1 + exp(x).
 */
function logarithm(g: Graph, node: Node): Node {
  const [a, b] = node.args as [Node, Node];
  if (node.op === "select" && b.op === "input" && /^y\.~\d/.test(b.name)) {
    const [yes, no] = node.args.slice(2).map((n) => (isConstant(n, 0) ? g.constant(noHazard) : logarithm(g, n)));
    return g.select(a, b, yes!, no!);
  }
  if (node.op === "exp") return a;
  if ((node.op === "mul" || node.op === "div") && (a.op === "exp" || b.op === "exp" || onePlusExponential(b))) {
    const [left, right] = [logarithm(g, a), logarithm(g, b)];
    return node.op === "mul" ? g.add(left, right) : g.sub(left, right);
  }
  return g.unary("log", node);
}

/** Λ − α, the event function where u = 1; its cotangents are the gradient. */
export function integratedHazard(cell: Cell): Omit<CellFunction, "tangent"> {
  const value = [spikeOf(cell).level];
  return { name: "integrated", inputs: ["y"], value, cotangents: cotangentsOf(cell, value, [cell.graph.one], []) };
}

/** What is asked of a cell here. */
type Equations = Pick<Cell, "graph" | "states" | "drift" | "jumps" | "events">;

/** λ = ∇E·f: the rate of the event function along the flow without noise. */
export function eventRate(cell: Equations): Node {
  const { graph: g, states, drift } = cell;
  const gradient = vectorJacobian(
    g,
    [spikeOf(cell).level],
    [g.one],
    states.map((n) => g.input(stateInput(n))),
  );
  return gradient.reduce((sum, d, i) => g.add(sum, g.mul(d, drift[i]!)), g.zero);
}

/** log λ of the spike; its cotangents are the gradient. */
export function logHazard(cell: Cell): Omit<CellFunction, "tangent"> {
  const { graph: g } = cell;
  const value = [logarithm(g, eventRate(cell))];
  return { name: "log_hazard", inputs: ["y", "I"], value, cotangents: cotangentsOf(cell, value, [g.one], []) };
}

/** States that one of these expressions reads. */
function statesIn(cell: Equations, nodes: readonly Node[]): number[] {
  const names = inputNames(nodes);
  return cell.states.flatMap((n, i) => (names.has(stateInput(n)) ? [i] : []));
}

/** Whether a jump moves a state. */
const moves = (cell: Equations, { value }: Jump, i: number): boolean =>
  value[i] !== cell.graph.input(stateInput(cell.states[i]!));

/**
 * The states that, through drift and jumps, move what the given ones are (these included); and through the times of events
 * that happen by themselves, what their surfaces read.
 */
export function movers(cell: Equations, from: readonly number[]): Set<number> {
  const found = new Set(from);
  const jumps = cell.jumps.filter((jump) => jump.inputs.includes("y"));
  for (const i of found) {
    // A set is walked in order of insertion: what is added here is visited too.
    const timed = cell.events.filter((e) => !e.emits && moves(cell, e.jump, i)).map((e) => e.surface);
    for (const j of statesIn(cell, [cell.drift[i]!, ...jumps.map((jump) => jump.value[i]!), ...timed])) found.add(j);
  }
  return found;
}

/** The states that, of a spike and the past before it, determine its hazard. */
const hazardStates = (cell: Cell): Set<number> => movers(cell, statesIn(cell, [eventRate(cell)]));

/**
 * A cell as a likelihood solves it. Its spikes are given: the surface of theirs is never reached. Of its other events those
 * are located that have a part in the hazard, and those that cut an upstroke. A cell whose only event is its spike is itself.
 */
export function withGivenSpikes(cell: Cell): Cell {
  if (cell.events.length === 1) return cell;
  const own = withOwnGraph(cell);
  const states = hazardStates(own);
  const level = own.states.indexOf(levelState);
  if (level >= 0) states.add(level);
  const never = own.graph.constant(-1e30);
  const events = own.events.map((e) =>
    !e.emits && [...states].some((i) => moves(own, e.jump, i)) ? e : { ...e, surface: never, peaks: false },
  );
  return { ...own, events };
}

/**
 * Checks that the law of a cell's spikes is a hazard that the past spikes determine.
 * @param activeChannels noise channels that are not 0.
 * @param known whether the path of their noise is given: then the hazard may depend on it, but it must not move the event
 *   function itself, which would not grow by the hazard alone.
 * @throws SaltationError `invalid-input`: one line that names what is in the way.
 */
export function checkHazard(cell: Cell, activeChannels: readonly number[], known = false): void {
  const { graph: g, states } = cell;
  const refuse = (what: string): never => fail("loss", `log-likelihood of cell "${cell.name}": ${what}`);
  const emitting = cell.events.filter((e) => e.emits).map((e) => quoted(e.name));
  if (emitting.length > 1)
    refuse(`${emitting.join(" and ")} are spikes, and one that is observed does not say which; let one alone emit`);
  const ending = cell.events.find((e) => e.terminal);
  if (ending) refuse(`event ${quoted(ending.name)} ends a path, and a likelihood goes on to t1; leave out "terminal"`);
  const u = g.input("u");
  const y = states.map((n) => g.input(stateInput(n)));
  const { level: surface, surface: armed, jump: reset } = spikeOf(cell);
  const after = ({ value }: Jump): Node => g.substitute(surface, new Map(y.map((n, i) => [n, value[i]!])));
  /** Names of states; hidden ones follow from these. */
  const list = (indices: Iterable<number>): string => {
    const named = [...indices].filter((i) => i < states.length - cell.hidden).map((i) => `"${states[i]}"`);
    return named.join(", ") || "a condition";
  };

  /** The jumps that draw a new threshold. */
  const draws = [jumpNamed(cell, "start"), reset];
  const nameOf = (jump: Jump): string => (jump === reset ? "reset" : jump.name);
  for (const jump of draws) {
    const value = after(jump);
    const slope = g.mul(u, vectorJacobian(g, [value], [g.one], [u])[0]!);
    if (vanishes(g.sub(slope, g.one), [g.one]) !== true) {
      const written = cell.definition.event ?? cell.definition.events![spikeOf(cell).name]!.when;
      refuse(
        `needs escape noise: its ${nameOf(jump)} must set the event function ${quoted(String(written))} to log(u) - alpha`,
      );
    }
  }
  const drawn = draws.map((jump) => jump.value);
  const silent = cell.events.filter((e) => !e.emits).map((e) => e.jump);
  const random = new Set(
    states.flatMap((_, i) =>
      [...inputNames([...drawn.map((v) => v[i]!), ...silent.map((j) => j.value[i]!)])].some(isRandom) ? [i] : [],
    ),
  );
  if (statesIn(cell, [after(reset)]).some((i) => random.has(i))) {
    refuse(`its reset adds to ${list(random)}; it must set the event function anew, to log(u) - alpha`);
  }
  for (const jump of cell.jumps) {
    if (draws.includes(jump) || vanishes(g.sub(after(jump), surface), [surface]) === true) continue;
    const event = cell.events.find((e) => e.jump === jump)?.name;
    const what = event
      ? /^condition \d/.test(event)
        ? "a condition in it"
        : `its event ${quoted(event)}`
      : jump.inputs.includes("w")
        ? "an arriving spike"
        : `its jump ${jump.name}`;
    refuse(`${what} moves the event function itself; let it move the hazard instead`);
  }
  if (armed !== surface) {
    refuse("its start or reset may leave the event function above 0; set it to log(u) - alpha, with alpha not below 0");
  }
  const hazard = hazardStates(cell);
  const chance = [...hazard].filter((i) => random.has(i));
  if (chance.length > 0)
    refuse(`its hazard depends on ${list(chance)}, which the uniform u sets: it is not determined by the past spikes`);
  const watched = new Set([...(known ? [] : hazard), ...statesIn(cell, [surface])]);
  const noisy = activeChannels.flatMap((c) => {
    const { name, drives } = cell.channels[c]!;
    return drives.filter((d) => watched.has(d.state)).map(({ state }) => ({ name, state }));
  });
  if (noisy.length > 0) {
    const amplitudes = noisy.map(({ name, state }) => {
      const given = cell.definition.noise![states[state]!]!;
      return typeof given === "object" ? given[name] : given;
    });
    const what = known
      ? "of which its event function is made: it does not grow by the hazard alone"
      : "which its hazard depends on: past spikes do not determine it";
    refuse(
      `there is noise on ${list(new Set(noisy.map((n) => n.state)))}, ${what}; ` +
        `set ${amplitudes.map((text) => quoted(String(text)).slice(1, -1)).join(", ")} to 0 and do not train it`,
    );
  }
}

/**
 * What start and reset set the event function to beside log u, for given values of parameters: names in it, and none where it is 0.
 * Where it is not, some intervals are impossible, and which they are moves with the parameters.
 */
export function offsetNames(cell: Cell, values: ReadonlyMap<string, number>): string[] {
  const { graph: g, states } = cell;
  const { level, jump: reset } = spikeOf(cell);
  const known = new Map([...values].map(([name, value]) => [g.input(parameterInput(name)), g.constant(value)]));
  known.set(g.input("u"), g.one);
  const found = [jumpNamed(cell, "start"), reset].flatMap(({ value }) => {
    const set = new Map(states.map((n, i) => [g.input(stateInput(n)), value[i]!]));
    const after = g.substitute(level, set);
    if (isConstant(g.substitute(after, known), 0)) return [];
    const names = [...inputNames([after])].filter((name) => !isRandom(name));
    return names.length > 0 ? names.map((name) => name.replace(/^[py]\./, "")) : ["a constant"];
  });
  return [...new Set(found)];
}
