/**
 * What a target becomes when a spike arrives, as a definition says it: of one port, a map of states; of several, such a map
 * for each by its name.
 */
import { checkOptions, fail, inherited, type Names, show } from "../checks.js";

/** A jump as a flow: a state moves by dy = field · ds, s from 0 to 1, all such states together. */
export type MarcusJump = { marcus: string };

/** A port: equations or fields by state; or fields of several states. */
export type PortDefinition = Record<string, string | MarcusJump> | { marcus: Record<string, string> };

/** The name of the only port of a cell that gives none. */
export const onlyPort = "receive";

export const maximumPorts = 16;

const marcusNames: Names<MarcusJump> = { marcus: true };

/** A port, taken apart. */
export interface PortEquations {
  readonly name: string;
  /** What messages call it. */
  readonly field: string;
  readonly equations: Readonly<Record<string, unknown>>;
  /** Fields that states move along. */
  readonly fields: Readonly<Record<string, unknown>>;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Whether it says what becomes of a state, and not what a port does. */
export const isOfState = (name: string, given: unknown, states: readonly string[]): boolean =>
  !isRecord(given) || (Object.keys(given).join() === "marcus" && !isRecord(given.marcus) && states.includes(name));

function port(name: string, field: string, given: Readonly<Record<string, unknown>>): PortEquations {
  if (isRecord(given.marcus)) {
    checkOptions(`cell.${field}`, given, marcusNames);
    return { name, field: `${field}.marcus`, equations: {}, fields: given.marcus };
  }
  const equations: Record<string, unknown> = {};
  const fields: Record<string, unknown> = {};
  for (const [state, equation] of Object.entries(given)) {
    if (!isRecord(equation)) equations[state] = equation;
    else {
      checkOptions(`cell.${field}.${state}`, equation, marcusNames);
      fields[state] = equation.marcus;
    }
  }
  return { name, field, equations, fields };
}

/**
 * The ports of a cell; one that does nothing where none is given.
 * @param isName whether a word may be a name.
 * @throws SaltationError `invalid-input` naming the port.
 */
export function portsOf(
  receive: Readonly<Record<string, unknown>> = {},
  states: readonly string[],
  isName: (name: string) => boolean,
): PortEquations[] {
  const given = Object.entries(receive);
  const alone = given.filter(([name, value]) => isOfState(name, value, states));
  if (alone.length === given.length) return [port(onlyPort, "receive", receive)];
  if (alone.length > 0) {
    const others = given.filter((entry) => !alone.includes(entry));
    const [state] = alone[0]!;
    fail(
      `cell.receive.${state}`,
      `stands beside ports; give it in one of them, as { ${others[0]![0]}: { ${state}: … } }`,
    );
  }
  if (given.length > maximumPorts) fail("cell.receive", `${given.length} ports; at most ${maximumPorts} are taken`);
  return given.map(([name, value]) => {
    if (!isName(name))
      fail(
        `cell.receive.${/^\w{1,64}$/.test(name) ? name : show(name)}`,
        "a name is a letter followed by letters, digits or _, 64 characters at most",
      );
    const trouble = inherited(name);
    if (trouble) fail(`cell.receive.${name}`, trouble);
    return port(name, `receive.${name}`, value as Record<string, unknown>);
  });
}
