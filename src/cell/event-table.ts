/**
 * WGSL of a cell's events and ports by number, be it one or several: of events, which one is highest, what each does, and the
 * derivatives of its surface and jump; of ports, what each does to a state, and its derivatives. The functions of single events that these choose from are those of emit-wgsl.ts.
 */
import type { Cell } from "./cell.js";
import { draws, portName } from "./tables.js";

type Derivatives = "none" | "reverse" | "forward";

/** Functions that call one of `count` others, by the number that is their last argument. */
const chooser =
  (number: string, count: number) =>
  (name: string, given: string, result: string, call: (n: number) => string): string => {
    const returned = (n: number): string => (result ? `return ${call(n)};` : `${call(n)};`);
    const signature = `fn cell_${name}(${given}, ${number}: u32)${result && ` -> ${result}`}`;
    if (count === 1) return `${signature} { ${returned(0)} }`;
    const cases = Array.from({ length: count - 1 }, (_, n) => `    case ${n + 1}u: { ${returned(n + 1)} }`);
    return [`${signature} {`, `  switch ${number} {`, ...cases, `    default: { ${returned(0)} }`, "  }", "}"].join(
      "\n",
    );
  };

/** What arrives at a port does, by the port's number. */
export function portTable({ ports }: Cell, derivatives: Derivatives): string {
  const choose = chooser("port", ports.length);
  const table = (name: string, given: string, result: string, args: string): string =>
    choose(`receive${name}`, `y: State, w: f32${given}`, result, (n) => `cell_${portName(n)}${name}(y, w${args})`);
  const text = [table("", "", "State", "")];
  if (derivatives === "reverse") {
    text.push(table("_vjp", ", c: State", "State", ", c"), table("_weight", ", c: State", "f32", ", c"));
  }
  if (derivatives === "forward") text.push(table("_jvp", ", dy: State, d_weight: f32", "State", ", dy, d_weight"));
  return text.join("\n");
}

export function eventTable({ events }: Cell, derivatives: Derivatives): string {
  const surfaces = events.map((_, e) => (events.length > 1 ? `cell_event_${e}` : "cell_event"));
  const jumps = events.map(({ jump }) => `cell_${jump.name}`);
  /** What a jump reads of the state and the uniform. */
  const read = (e: number): string => (events[e]!.jump.inputs.includes("u") ? "y, u" : "y");
  const choose = chooser("event", events.length);
  /**
   * What the surface of the event comes to, of all of them. No branches: these are called again and again in a loop, and
   * SwiftShader's compiler goes every way through it, events to the power of calls.
   */
  const select = (name: string, result: "f32" | "State", call: (e: number) => string): string => {
    const by = result === "f32" ? "select" : "state_select";
    const of = events.reduce((text, _, e) => (e ? `${by}(${text}, ${call(e)}, event == ${e}u)` : call(0)), "");
    return `fn cell_${name}(y: State, event: u32) -> ${result} { return ${of}; }`;
  };
  const fact = (name: string, holds: readonly boolean[]): string =>
    `fn cell_${name}(event: u32) -> bool { return ${holds.flatMap((is, e) => (is ? [`(event == ${e}u)`] : [])).join(" | ") || "false"}; }`;
  const highest = [
    "// The event whose surface is highest.",
    "fn cell_which(y: State) -> u32 {",
    `  var height = ${surfaces[0]}(y);`,
    "  var which = 0u;",
    ...surfaces
      .slice(1)
      .flatMap((f, e) => [
        `  let e${e + 1} = ${f}(y);`,
        `  which = select(which, ${e + 1}u, e${e + 1} > height);`,
        `  height = max(height, e${e + 1});`,
      ]),
    "  return which;",
    "}",
  ];
  const text = [
    ...(events.length > 1 ? highest : ["fn cell_which(y: State) -> u32 { return 0u; }"]),
    fact(
      "emits",
      events.map((e) => e.emits),
    ),
    fact(
      "ends",
      events.map((e) => e.terminal),
    ),
    fact("draws", events.map(draws)),
    select("surface", "f32", (e) => `${surfaces[e]}(y)`),
    select("surface_gradient", "State", (e) => `${surfaces[e]}_gradient(y)`),
    choose("jump", "y: State, u: f32", "State", (e) => `${jumps[e]}(${read(e)})`),
  ];
  if (derivatives === "reverse") {
    text.push(
      choose("surface_parameters", "y: State, scale: f32", "", (e) => `${surfaces[e]}_parameters(y, scale)`),
      choose("jump_vjp", "y: State, u: f32, c: State", "State", (e) => `${jumps[e]}_vjp(${read(e)}, c)`),
    );
  }
  if (derivatives === "forward") {
    text.push(
      choose("surface_jvp", "y: State, dy: State", "f32", (e) => `${surfaces[e]}_jvp(y, dy)`),
      choose("jump_jvp", "y: State, u: f32, dy: State", "State", (e) => `${jumps[e]}_jvp(${read(e)}, dy)`),
    );
  }
  return text.join("\n");
}
