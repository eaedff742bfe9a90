/**
 * A sub-step in which some states go exactly along rates of their own (`Exponential` in tableau.ts), its reverse and its
 * tangent: as advance, reverse and tangent.wgsl.ts, which leave it to this file where a plan has such states. The float64
 * twin is src/twin/exponential.ts.
 *
 * Of stage i, with z = node a t: e_i = first(z) g_1 + before(z) g_(i-1), its start is y + t e_i, and
 * g_i = flow - a t e_i; products are state by state. Needs the cell's rates and src/cell/own-rates-wgsl.ts.
 */
import {
  firstMoved,
  inTurns,
  literal,
  moved,
  placeCotangents,
  type Stage,
  type SubstepRoutines,
  type SubstepShape,
  slopeChanges,
  slopesOf,
  sum,
  times,
} from "./stages.js";
import type { Phis, Tableau } from "./tableau.js";

const zero = "state_zero()";

/** Factors by stage, as names of states, and the lines that make them. */
interface Factors {
  readonly lines: string;
  readonly first: readonly string[];
  readonly before: readonly string[];
  readonly weight: readonly string[];
}

/** Nodes at which φ is taken, the end among them. */
const phiNodes = ({ nodes }: Tableau): number[] => [...new Set([...nodes.slice(1), 1])];

const lines = (...all: readonly string[]): string => all.filter(Boolean).join("\n  ");

/** Rates, and φ at each node; with their derivatives. */
function phiLines({ tableau }: SubstepShape, slopes: boolean): string {
  return lines(
    "let own = cell_rates(y);",
    ...phiNodes(tableau).flatMap((node, n) => [
      `let z${n} = state_scale(${times(node, "t")}, own);`,
      `let phi${n} = state_phis(z${n});`,
      slopes ? `let dphi${n} = state_phi_slopes(z${n}, phi${n});` : "",
    ]),
  );
}

/** @param of what is combined: `phi`, or `dphi` for derivatives by z. */
function factors({ tableau }: SubstepShape, of: "phi" | "dphi"): Factors {
  const nodes = phiNodes(tableau);
  const { first, before, weights, alone } = tableau.exponential!;
  const made = new Map<string, string>();
  const text: string[] = [];
  const factor = (phis: Phis, node: number, own = false): string => {
    const from = `${of}${nodes.indexOf(node)}`;
    const terms = phis.flatMap((a, k): [number, string][] => (a === 0 ? [] : [[a, `${from}.p${k + 1}`]]));
    if (terms.length === 0) return zero;
    const [[a, p], ...rest] = terms as [[number, string], ...[number, string][]];
    const all = rest.reduce(
      (total, [b, q]) => `state_axpy(${total}, ${literal(b)}, ${q})`,
      a === 1 ? p : `state_scale(${literal(a)}, ${p})`,
    );
    const value = own ? `state_own(${all})` : all;
    const known = made.get(value);
    if (known) return known;
    const name = `${of === "phi" ? "" : "d"}factor${made.size}`;
    text.push(`let ${name} = ${value};`);
    made.set(value, name);
    return name;
  };
  const byStage = (rows: readonly Phis[]): string[] =>
    rows.map((phis, i) => (i === 0 ? zero : factor(phis, tableau.nodes[i]!, alone)));
  const all = { first: byStage(first), before: byStage(before), weight: weights.map((phis) => factor(phis, 1)) };
  return { ...all, lines: lines(...text) };
}

/** The sum of products of states; factors that are zero are left out. */
const products = (terms: readonly (readonly [factor: string, k: string])[]): string => {
  const known = terms.filter(([factor]) => factor !== zero).map(([factor, k]) => `state_mul(${factor}, ${k})`);
  return known.length > 0 ? sum(known) : zero;
};

/** Σ factor_i k_i; equal factors stand once. */
function combined(weight: readonly string[], k: readonly (string | undefined)[]): string {
  const groups = new Map<string, string[]>();
  k.forEach((state, i) => {
    if (state !== undefined) groups.set(weight[i]!, [...(groups.get(weight[i]!) ?? []), state]);
  });
  return products([...groups].map(([factor, states]) => [factor, sum(states)]));
}

const numbered = ({ tableau }: SubstepShape, name: string): string[] => tableau.nodes.map((_, i) => `${name}${i + 1}`);

/** The value of the first stage, and of the one before, in the text of a stage; these are read before the first is there. */
const firstOf = ({ rolled }: SubstepShape, name: string): string => (rolled ? `${name}[0]` : `${name}1`);
const beforeOf = ({ rolled }: SubstepShape, stage: Stage, name: string): string =>
  rolled ? `${name}[max(stage, 1u) - 1u]` : stage.before(name);

/** e_i, and where the stage begins. */
function beginning(shape: SubstepShape, stage: Stage): string[] {
  if (stage.first) return [stage.make("begin", "y")];
  const parts = [stage.of("first"), stage.of("before")] as const;
  return [
    stage.make("e", products([[parts[0], firstOf(shape, "g")], [parts[1], beforeOf(shape, stage, "g")]])), // biome-ignore format: short
    stage.make("begin", `state_axpy(y, t, ${stage.of("e")})`),
  ];
}

/** A slope less what the rate makes of the stage's way. */
const without = (stage: Stage, slope: string): string =>
  stage.first ? slope : `state_axpy(${slope}, -1.0f, state_mul(own_t, ${stage.of("e")}))`;

/** y and t Σ weight_i g_i. */
const endOf = ({ carried }: SubstepShape, total: string): string =>
  carried ? `state_carry(y, state_scale(t, ${total}))` : `state_axpy(y, t, ${total})`;

function advance(shape: SubstepShape): string {
  const grid = shape.tableau.driver === "grid";
  const x = slopesOf(shape);
  const f = factors(shape, "phi");
  const stages = inTurns(
    shape,
    { makes: { e: "State", begin: "State", g: "State" }, given: { first: f.first, before: f.before } },
    (stage) => {
      const at = stage.of("begin");
      const flow = grid ? `cell_drift(${at}, current)` : `cell_flow(${at}, current, ${x.at(stage)})`;
      return [...beginning(shape, stage), stage.make("g", without(stage, flow))];
    },
  );
  return /* wgsl */ `
// The state after a sub-step from rho of h (both fractions of the grid step).
fn advance(y: State, z: Noise, rho: f32, h: f32, current: f32) -> State {
  let t = h * dt;
  ${lines(grid ? "" : x.lines, phiLines(shape, false), "let own_t = state_scale(t, own);", f.lines)}
  ${stages}
  return ${endOf(shape, combined(f.weight, numbered(shape, "g")))};
}`;
}

const later = (names: readonly string[]): readonly string[] => names.slice(1);

/** States at which stages begin, of \`s\`. */
const begins = (shape: SubstepShape): string[] => ["y", ...later(numbered(shape, "s.y"))];
/** g of each stage: the first has the flow itself. */
const reduced = (shape: SubstepShape): string[] => ["s.f1.f", ...later(numbered(shape, "s.g"))];

function stages(shape: SubstepShape): string {
  const x = slopesOf(shape);
  const f = factors(shape, "phi");
  const field = (name: string, type: string): string[] => later(numbered(shape, name)).map((n) => `${n}: ${type}`);
  const names = (name: string): readonly string[] => later(numbered(shape, name));
  return /* wgsl */ `
// Stages of a sub-step, from which both its end and its reverse follow.
struct Stages { ${[...field("y", "State"), ...field("e", "State"), ...field("g", "State"), ...numbered(shape, "f").map((n) => `${n}: FlowKept`)].join(", ")}, end: State }

fn substep_stages(y: State, z: Noise, rho: f32, h: f32, current: f32) -> Stages {
  let t = h * dt;
  ${lines(x.lines, phiLines(shape, false), "let own_t = state_scale(t, own);", f.lines)}
  ${inTurns(
    shape,
    {
      makes: { e: "State", begin: "State", f: "FlowKept", g: "State" },
      given: { first: f.first, before: f.before },
    },
    (stage) => [
      ...beginning(shape, stage),
      stage.make("f", `cell_flow_kept(${stage.of("begin")}, current, ${x.at(stage)})`),
      stage.make("g", without(stage, `${stage.of("f")}.f`)),
    ],
  )}
  return Stages(${[...names("begin"), ...names("e"), ...names("g"), ...numbered(shape, "f"), endOf(shape, combined(f.weight, numbered(shape, "g")))].join(", ")});
}
`;
}

/** What e_i gains by z over its node, for each stage but the first: names, and the lines that make them. */
function tilts(shape: SubstepShape, d: Factors, g: readonly string[]): { names: string[]; lines: string } {
  const names = numbered(shape, "tilt");
  const text = later(names).map((name, i) => {
    const s = i + 1;
    return `let ${name} = ${products([[d.first[s]!, g[0]!], [d.before[s]!, g[s - 1]!]])};`; // biome-ignore format: short
  });
  return { names, lines: lines(...text) };
}

function byLength(shape: SubstepShape): string {
  const { nodes } = shape.tableau;
  const from = firstMoved(shape);
  const x = slopesOf(shape, from);
  const rates = slopeChanges(shape, "rate", literal, from);
  const [f, d] = [factors(shape, "phi"), factors(shape, "dphi")];
  const g = reduced(shape);
  const tilt = tilts(shape, d, g);
  const moves = nodes.length > 1;
  const byNode = later(numbered(shape, "by")).map(
    (name, i) => `let ${name} = state_scale(${literal(nodes[i + 1]!)}, state_mul(own, tilt${i + 2}));`,
  );
  const change = inTurns(
    shape,
    {
      makes: { m: "State", d: "State" },
      passes: { last: zero },
      given: {
        begin: begins(shape),
        e: [zero, ...later(numbered(shape, "s.e"))],
        by: [zero, ...later(numbered(shape, "by"))],
        before: f.before,
      },
      from,
    },
    (stage) => {
      // The first stage begins at y: what goes by that is nothing.
      const more = stage.first
        ? stage.of("by")
        : `state_add(${stage.of("by")}, state_mul(${stage.of("before")}, ${stage.of("last")}))`;
      const at = `${stage.of("begin")}, current, ${x.at(stage)}`;
      return [
        stage.make("m", `state_axpy(${stage.of("e")}, t, ${more})`),
        stage.make(
          "d",
          `state_axpy(cell_flow_jvp_fixed(${at}, ${stage.of("m")}, ${rates.at(stage)}), -1.0f, state_mul(own, ${stage.of("m")}))`,
        ),
        stage.pass("last", stage.of("d")),
      ];
    },
  );
  const bends = numbered(shape, "d").map((name, i) => (i >= from ? name : undefined));
  const grows = `state_mul(own, ${combined(d.weight, g)})`;
  return /* wgsl */ `
// Derivative of the end of a sub-step by its length (physical time).
fn substep_by_length(s: Stages, y: State, z: Noise, rho: f32, h: f32, current: f32) -> State {
  let t = h * dt;
  ${lines(phiLines(shape, true), f.lines, d.lines)}
  ${moves ? lines("let rate = slope_rate(z);", x.lines, rates.lines, tilt.lines, ...byNode, change) : ""}
  return state_axpy(${combined(f.weight, g)}, t, ${moves ? `state_add(${grows}, ${combined(f.weight, bends)})` : grows});
}
`;
}

function reverse(shape: SubstepShape): string {
  const { tableau, carried } = shape;
  const { nodes } = tableau;
  const x = slopesOf(shape);
  const [f, d] = [factors(shape, "phi"), factors(shape, "dphi")];
  const g = reduced(shape);
  const tilt = tilts(shape, d, g);
  const only = nodes.length === 1;
  const places = placeCotangents(shape).flatMap(({ place, stages, of }) =>
    stages.map((i) => ({ place, bar: of(`b${i + 1}.x`) })),
  );
  const sweep = inTurns(
    shape,
    {
      makes: { v: "State", b: "FlowCotangent", u: "State" },
      passes: { next: zero, firsts: zero },
      given: {
        begin: begins(shape),
        f: numbered(shape, "s.f"),
        weight: f.weight,
        first: f.first,
        after: [...later(f.before), zero],
      },
      down: true,
    },
    (stage) => {
      const { rolled } = shape;
      const own = stage.one(["1.0f", ...nodes.slice(1).map(() => "0.0f")]);
      let seed = `state_mul(${stage.of("weight")}, c)`;
      if (!stage.first) seed = `state_add(${seed}, state_mul(${stage.of("after")}, ${stage.of("next")}))`;
      // What all later stages have of the first one's slope.
      if (!only && (rolled || own === "1.0f")) seed = `state_axpy(${seed}, ${own}, ${stage.of("firsts")})`;
      const at = `${stage.of("begin")}, current, ${x.at(stage)}, ${stage.of("f")}`;
      const share = products([[stage.of("first"), stage.of("u")]]);
      return [
        stage.make("v", `state_scale(t, ${seed})`),
        stage.make("b", `cell_flow_vjp(${at}, ${stage.of("v")})`),
        // By t e alone: by y the two parts of - a t e go against each other.
        stage.make("u", `state_axpy(${stage.of("b")}.y, -1.0f, state_mul(own, ${stage.of("v")}))`),
        stage.pass("next", stage.of("u")),
        stage.pass("firsts", share === zero ? stage.of("firsts") : `state_add(${stage.of("firsts")}, ${share})`),
      ];
    },
  );
  const stagesAfter = nodes.slice(1).map((node, i) => ({ node, i: i + 2 }));
  const zParts = [
    `state_mul(c, ${combined(d.weight, g)})`,
    ...stagesAfter.map(({ node, i }) => `state_scale(${literal(node)}, state_mul(u${i}, tilt${i}))`),
  ];
  const whole = sum(numbered(shape, "b").map((b) => `${b}.y`));
  return /* wgsl */ `
struct SubstepCotangent {
  y: State,
  start: f32,  // by the time at which the sub-step starts, its length held
  length: f32, // by its length
}

// (d end / d y)^T c; parameters' and current's cotangents go to their accumulators.
fn substep_reverse(s: Stages, y: State, z: Noise, rho: f32, h: f32, current: f32, c: State) -> SubstepCotangent {
  let t = h * dt;
  let rate = slope_rate(z);
  ${lines(x.lines, phiLines(shape, true), f.lines, d.lines, tilt.lines)}
  ${sweep}
  let by_z = state_scale(t, ${sum(zParts)});
  ${only ? "let by_own = by_z;" : `let by_own = state_axpy(by_z, -1.0f, ${sum(stagesAfter.map(({ i }) => `state_mul(v${i}, s.e${i})`))});`}
  cell_rates_vjp(y, state_scale(t, by_own));
  return SubstepCotangent(
    ${carried ? `state_carry(c, ${whole})` : `state_add(c, ${whole})`},
    ${places.length > 0 ? places.map((p) => p.bar).join(" + ") : "0.0f"},
    ${[
      `state_dot(c, ${combined(f.weight, g)})`,
      ...stagesAfter.map(({ i }) => `state_dot(u${i}, s.e${i})`),
      "state_dot(own, by_z)",
      ...places.flatMap(({ place, bar }) => (place > 0 ? [times(place, bar)] : [])),
    ].join("\n      + ")},
  );
}
`;
}

function tangent(shape: SubstepShape): string {
  const { nodes } = shape.tableau;
  const x = slopesOf(shape);
  const dx = slopeChanges(shape, "dx", (place) => moved("dr", place, "dh"));
  const [f, d] = [factors(shape, "phi"), factors(shape, "dphi")];
  const stages = inTurns(
    shape,
    {
      makes: { e: "State", begin: "State", g: "State", m: "State", d: "State" },
      given: { first: f.first, before: f.before, dfirst: d.first, dbefore: d.before },
    },
    (stage) => {
      const tilt = products([
        [stage.of("dfirst"), firstOf(shape, "g")],
        [stage.of("dbefore"), beforeOf(shape, stage, "g")],
      ]);
      const along = products([
        [stage.of("first"), firstOf(shape, "d")],
        [stage.of("before"), beforeOf(shape, stage, "d")],
      ]);
      const node = stage.one(nodes.map(literal));
      const way = `state_add(state_scale(${node}, state_mul(dz, ${tilt})), ${along})`;
      const still = `state_add(state_scale(t, state_mul(d_own, ${stage.of("e")})), state_mul(own, ${stage.of("m")}))`;
      const to = stage.first ? "dy" : `state_add(dy, ${stage.of("m")})`;
      const slope = `cell_flow_jvp(${stage.of("begin")}, current, ${x.at(stage)}, ${to}, d_current, ${dx.at(stage)})`;
      return [
        ...beginning(shape, stage),
        stage.make("g", without(stage, `cell_flow(${stage.of("begin")}, current, ${x.at(stage)})`)),
        ...(stage.first ? [] : [stage.make("m", `state_axpy(state_scale(dh, ${stage.of("e")}), t, ${way})`)]),
        stage.make("d", stage.first ? slope : `state_axpy(${slope}, -1.0f, ${still})`),
      ];
    },
  );
  const g = numbered(shape, "g");
  const [value, slope] = [combined(f.weight, g), combined(d.weight, g)];
  const further = `state_add(state_mul(dz, ${slope}), ${combined(f.weight, numbered(shape, "d"))})`;
  const change = `state_axpy(state_scale(dh, ${value}), t, ${further})`;
  return /* wgsl */ `
// Tangent of the end of a sub-step: its start moved by dr, its length by dh (physical times).
fn substep_tangent(y: State, z: Noise, rho: f32, h: f32, current: f32, dy: State, dr: f32, dh: f32, d_current: f32) -> State {
  let t = h * dt;
  let rate = slope_rate(z);
  ${lines(x.lines, dx.lines, phiLines(shape, true), "let own_t = state_scale(t, own);", f.lines, d.lines)}
  let d_own = cell_rates_jvp(y, dy);
  let dz = state_axpy(state_scale(t, d_own), dh, own); // of the rate times the length
  ${stages}
  return ${shape.carried ? `state_carry(dy, ${change})` : `state_add(dy, ${change})`};
}
`;
}

/** A routine for the row's own stages. */
const ofStages =
  (routine: (shape: SubstepShape) => string) =>
  (shape: SubstepShape): string => {
    const { tableau } = shape;
    return routine({
      ...shape,
      tableau: { ...tableau, nodes: tableau.exponential!.nodes ?? tableau.nodes } as Tableau,
    });
  };

export const exponential: SubstepRoutines = {
  advance: ofStages(advance),
  stages: ofStages(stages),
  byLength: ofStages(byLength),
  reverse: ofStages(reverse),
  tangent: ofStages(tangent),
};
