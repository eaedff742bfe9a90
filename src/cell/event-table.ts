/**
 * WGSL of a cell's events by number, be it one or several: which one is highest, what each does, and the derivatives of its
 * surface and jump. The functions of single events that these choose from are those of emit-wgsl.ts.
 */
import type { Cell } from "./cell.js";
import { draws } from "./tables.js";

export function eventTable({ events }: Cell, derivatives: "none" | "reverse" | "forward"): string {
  const surfaces = events.map((_, e) => (events.length > 1 ? `cell_event_${e}` : "cell_event"));
  const jumps = events.map(({ jump }) => `cell_${jump.name}`);
  /** What a jump reads of the state and the uniform. */
  const read = (e: number): string => (events[e]!.jump.inputs.includes("u") ? "y, u" : "y");
  /** A function that calls that of the event. */
  const choose = (name: string, given: string, result: string, call: (e: number) => string): string => {
    const returned = (e: number): string => (result ? `return ${call(e)};` : `${call(e)};`);
    const signature = `fn cell_${name}(${given})${result && ` -> ${result}`}`;
    if (events.length === 1) return `${signature} { ${returned(0)} }`;
    const cases = events.slice(1).map((_, e) => `    case ${e + 1}u: { ${returned(e + 1)} }`);
    return [`${signature} {`, "  switch event {", ...cases, `    default: { ${returned(0)} }`, "  }", "}"].join("\n");
  };
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
    choose("jump", "y: State, u: f32, event: u32", "State", (e) => `${jumps[e]}(${read(e)})`),
  ];
  if (derivatives === "reverse") {
    text.push(
      choose(
        "surface_parameters",
        "y: State, scale: f32, event: u32",
        "",
        (e) => `${surfaces[e]}_parameters(y, scale)`,
      ),
      choose("jump_vjp", "y: State, u: f32, c: State, event: u32", "State", (e) => `${jumps[e]}_vjp(${read(e)}, c)`),
    );
  }
  if (derivatives === "forward") {
    text.push(
      choose("surface_jvp", "y: State, dy: State, event: u32", "f32", (e) => `${surfaces[e]}_jvp(y, dy)`),
      choose("jump_jvp", "y: State, u: f32, dy: State, event: u32", "State", (e) => `${jumps[e]}_jvp(${read(e)}, dy)`),
    );
  }
  return text.join("\n");
}
