/**
 * The hazard of a cell's events. Where the event function grows at a rate λ = ∇E·f that the past spikes determine, and
 * the reset sets it to log u − α, the next event comes when the hazard integrated since the reset, Λ, reaches
 * α + Exp(1): its density is λ e^{−(Λ − α)} where Λ ≥ α, and 0 before (time rescaling; for integrate-and-fire cells
 * Paninski 2004). With u set to 1 the event function itself is Λ − α: so a solve with u = 1 and events forced to given
 * times has all that a likelihood needs.
 */
import { fail } from "../checks.js";
import { quoted } from "../quoted.js";
import { type Cell, stateInput } from "./cell.js";
import { vectorJacobian } from "./differentiate.js";
import { type CellFunction, cotangentsOf } from "./functions.js";
import { type Graph, inputNames, type Node, onePlusExponential } from "./graph.js";
import { isRandom } from "./random.js";
import { type Jump, jumpNamed, spikeOf } from "./tables.js";
import { vanishes } from "./vanishing.js";

/**
 * log of an expression; exponentials are undone, not evaluated: a hazard of e^{-200} has a logarithm in float32 too, and
 * so has one that is divided by 1 + exp(x).
 */
function logarithm(g: Graph, node: Node): Node {
  const [a, b] = node.args as [Node, Node];
  if (node.op === "exp") return a;
  if ((node.op === "mul" || node.op === "div") && (a.op === "exp" || b.op === "exp" || onePlusExponential(b))) {
    const [left, right] = [logarithm(g, a), logarithm(g, b)];
    return node.op === "mul" ? g.add(left, right) : g.sub(left, right);
  }
  return g.unary("log", node);
}

/** λ = ∇E·f: the rate of the event function along the flow without noise. */
function eventRate(cell: Cell): Node {
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
function statesIn(cell: Cell, nodes: readonly Node[]): number[] {
  const names = inputNames(nodes);
  return cell.states.flatMap((n, i) => (names.has(stateInput(n)) ? [i] : []));
}

/** The states that, through drift and jumps, move what the given ones are (these included). */
function movers(cell: Cell, from: readonly number[]): Set<number> {
  const found = new Set(from);
  const jumps = cell.jumps.filter((jump) => jump.inputs.includes("y"));
  for (const i of found) {
    // A set is walked in order of insertion: what is added here is visited too.
    for (const j of statesIn(cell, [cell.drift[i]!, ...jumps.map((jump) => jump.value[i]!)])) found.add(j);
  }
  return found;
}

/**
 * Checks that the law of a cell's events is a hazard that the past spikes determine.
 * @param activeChannels noise channels that are not 0.
 * @throws SaltationError `invalid-input`: one line that names what is in the way.
 */
export function checkHazard(cell: Cell, activeChannels: readonly number[]): void {
  const { graph: g, states } = cell;
  const refuse = (what: string): never => fail("loss", `log-likelihood of cell "${cell.name}": ${what}`);
  const u = g.input("u");
  const y = states.map((n) => g.input(stateInput(n)));
  const { level: surface, jump: reset } = spikeOf(cell);
  const after = ({ value }: Jump): Node => g.substitute(surface, new Map(y.map((n, i) => [n, value[i]!])));
  const list = (indices: Iterable<number>): string => [...indices].map((i) => `"${states[i]}"`).join(", ");

  /** The jumps that draw a new threshold. */
  const draws = [jumpNamed(cell, "start"), reset];
  for (const jump of draws) {
    const value = after(jump);
    const slope = g.mul(u, vectorJacobian(g, [value], [g.one], [u])[0]!);
    if (vanishes(g.sub(slope, g.one), [g.one]) !== true) {
      refuse(
        `needs escape noise: its ${jump.name} must set the event function ${quoted(String(cell.definition.event))} to log(u) - alpha`,
      );
    }
  }
  const random = new Set(
    states.flatMap((_, i) => ([...inputNames(draws.map((jump) => jump.value[i]!))].some(isRandom) ? [i] : [])),
  );
  if (statesIn(cell, [after(reset)]).some((i) => random.has(i))) {
    refuse(`its reset adds to ${list(random)}; it must set the event function anew, to log(u) - alpha`);
  }
  for (const jump of cell.jumps) {
    if (draws.includes(jump) || vanishes(g.sub(after(jump), surface), [surface]) === true) continue;
    const what = jump.inputs.includes("w") ? "an arriving spike" : `its jump ${jump.name}`;
    refuse(`${what} moves the event function itself; let it move the hazard instead`);
  }
  const hazard = movers(cell, statesIn(cell, [eventRate(cell)]));
  const drawn = [...hazard].filter((i) => random.has(i));
  if (drawn.length > 0)
    refuse(`its hazard depends on ${list(drawn)}, which the uniform u sets: it is not determined by the past spikes`);
  const watched = new Set([...hazard, ...statesIn(cell, [surface])]);
  const noisy = activeChannels.flatMap((c) => {
    const { name, drives } = cell.channels[c]!;
    return drives.filter((d) => watched.has(d.state)).map(({ state }) => ({ name, state }));
  });
  if (noisy.length > 0) {
    const amplitudes = noisy.map(({ name, state }) => {
      const given = cell.definition.noise![states[state]!]!;
      return typeof given === "object" ? given[name] : given;
    });
    refuse(
      `there is noise on ${list(new Set(noisy.map((n) => n.state)))}, which its hazard depends on: past spikes do not ` +
        `determine it; set ${amplitudes.map((text) => quoted(String(text)).slice(1, -1)).join(", ")} to 0 and do not train it`,
    );
  }
  if (cell.events.length > 1) {
    const more = cell.definition.events ? "has several events" : "has a condition whose branches differ on its surface";
    refuse(
      `it ${more}, which a likelihood does not locate; write what depends on the past as states that jump at a spike`,
    );
  }
}
