/**
 * Exact reverse of a sub-step, for any cell and method: needs the functions of solver.wgsl.ts and the cell's derivatives.
 * Cotangents of times are by physical time, not by fractions of a step.
 */
import {
  endOf,
  firstMoved,
  inTurns,
  literal,
  nextLengths,
  placeCotangents,
  type SubstepShape,
  shared,
  slopeChanges,
  slopesOf,
  times,
} from "./stages.js";
import { sumOf } from "./tableau.js";
import { laterNodes, scaled, unitOf, weighed, weighedSum } from "./weights.js";

export function reverseFunctions(shape: SubstepShape): string {
  const of = shape.exponential ?? { stages, byLength, reverse };
  return /* wgsl */ `
${of.stages(shape)}
${of.byLength(shape)}
${of.reverse(shape)}`;
}

/** What is said of each stage, i from 1. */
const each = ({ tableau }: SubstepShape, text: (i: number) => string): string[] =>
  tableau.nodes.map((_, i) => text(i + 1));

/** States at which the stages of \`s\` begin. */
const begins = (shape: SubstepShape): string[] => ["y", ...each(shape, (i) => `s.y${i}`).slice(1)];

function stages(shape: SubstepShape): string {
  const x = slopesOf(shape);
  const next = nextLengths(shape, "t");
  const names = (name: string): string[] => each(shape, (i) => `${name}${i}`);
  const fields = [
    ...names("y")
      .slice(1)
      .map((name) => `${name}: State`),
    ...names("f").map((name) => `${name}: FlowKept`),
  ];
  const slopes = each(shape, (i) => `f${i}.f`);
  return /* wgsl */ `
// Stages of a sub-step, from which both its end and its reverse follow.
struct Stages { ${fields.join(", ")}, end: State }

fn substep_stages(y: State, z: Noise, rho: f32, h: f32, current: f32) -> Stages {
  let t = h * dt;
  ${x.lines}
  ${next.lines}
  ${inTurns(shape, { makes: { begin: "State", f: "FlowKept" }, passes: { at: "y" } }, (stage) => [
    stage.make("begin", stage.of("at")),
    stage.make("f", `cell_flow_kept(${stage.of("at")}, current, ${x.at(stage)})`),
    stage.pass("at", `state_axpy(y, ${next.at(stage)}, ${stage.of("f")}.f)`),
  ])}
  return Stages(${[...names("begin").slice(1), ...names("f"), endOf(shape, slopes)].join(", ")});
}
`;
}

function byLength(shape: SubstepShape): string {
  const { nodes } = shape.tableau;
  const from = firstMoved(shape);
  const x = slopesOf(shape, from);
  const rates = slopeChanges(shape, "rate", literal, from);
  const slopes = each(shape, (i) => `s.f${i}.f`);
  // The first stage begins at y, and moves if its path is read further on.
  const bends = each(shape, (i) => `d${i}`).map((name, i) => (i >= from ? name : undefined));
  const change = inTurns(
    shape,
    { makes: { d: "State" }, passes: { last: "state_zero()" }, given: { begin: begins(shape), f: slopes }, from },
    (stage) => {
      const atStart = stage.first && from === 0;
      const slope = from === 0 && shape.rolled ? "f[max(stage, 1u) - 1u]" : atStart ? "" : stage.before("f");
      const along = stage.first ? slope : `state_axpy(${slope}, t, ${stage.of("last")})`;
      const node = stage.one(nodes.map((node, i) => (i >= from ? literal(node) : undefined)));
      const part = atStart ? "state_zero()" : `state_scale(${node}, ${along})`;
      const at = `${stage.of("begin")}, current, ${x.at(stage)}`;
      return [
        stage.make("d", `cell_flow_jvp_fixed(${at}, ${part}, ${rates.at(stage)})`),
        stage.pass("last", stage.of("d")),
      ];
    },
  );
  const sum = weighedSum(shape, slopes);
  const moves = change !== "";
  return /* wgsl */ `
// Derivative of the end of a sub-step by its length (physical time).
fn substep_by_length(s: Stages, y: State, z: Noise, rho: f32, h: f32, current: f32) -> State {
  let t = h * dt;
  ${moves ? ["let rate = slope_rate(z);", x.lines, rates.lines, change].filter(Boolean).join("\n  ") : ""}
  return ${scaled(unitOf(shape), moves ? `state_axpy(${sum}, t, ${weighedSum(shape, bends)})` : sum)};
}
`;
}

function reverse(shape: SubstepShape): string {
  const { tableau, carried } = shape;
  const { weights } = tableau;
  const x = slopesOf(shape);
  const next = nextLengths(shape, "t");
  const shares = shared(shape, "share", [weights], (weight) => times(weight / sumOf(weights), "t"));
  const slopes = each(shape, (i) => `s.f${i}.f`);
  const [first, ...later] = each(shape, (i) => `b${i}.y`);
  const joined = later.length > 0 ? later.reduceRight((rest, y) => `state_add(${y}, ${rest})`) : undefined;
  const [whole, plain] = joined
    ? [`state_add(${first}, ${joined})`, `state_add(state_add(c, ${first}), ${joined})`]
    : [first, `state_add(c, ${first})`];
  // Where stages read the path in one place, that moves them alike.
  const moves = placeCotangents(shape).map(({ place, stages, of }, n) => ({
    place,
    name: `r${n + 1}`,
    value: stages.map((i) => of(`b${i + 1}.x`)).join(" + "),
  }));
  const laterMoves = moves.filter(({ place }) => place > 0);
  const ends = weighed(shape, slopes).map(([multiple, slope]) => times(multiple, `state_dot(c, ${slope})`));
  const unit = unitOf(shape);
  const length = [
    unit === 1 ? ends.join(" + ") : times(unit, `(${ends.join(" + ")})`),
    ...laterNodes(tableau).map(([node, stages]) =>
      times(node, `(${stages.map((i) => `state_dot(b${i + 1}.y, ${slopes[i - 1]})`).join(" + ")})`),
    ),
    ...laterMoves.map(({ place, name }) => times(place, name)),
  ];
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
  ${x.lines}
  ${next.lines}
  ${shares.lines}
  ${inTurns(
    shape,
    {
      makes: { b: "FlowCotangent" },
      passes: { next: "state_zero()" },
      given: { begin: begins(shape), f: each(shape, (i) => `s.f${i}`) },
      down: true,
    },
    (stage) => {
      const seed = `state_scale(${shares.at(stage)}, c)`;
      const bar = stage.first ? seed : `state_axpy(${seed}, ${next.at(stage)}, ${stage.of("next")})`;
      const at = `${stage.of("begin")}, current, ${x.at(stage)}, ${stage.of("f")}`;
      return [stage.make("b", `cell_flow_vjp(${at}, ${bar})`), stage.pass("next", `${stage.of("b")}.y`)];
    },
  )}
  ${moves.map(({ name, value }) => `let ${name} = ${value};`).join("\n  ")}
  return SubstepCotangent(
    ${carried ? `state_carry(c, ${whole})` : plain},
    ${moves.length > 0 ? moves.map(({ name }) => name).join(" + ") : "0.0f"},
    ${length.join("\n      + ")},
  );
}
`;
}
