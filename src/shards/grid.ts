/** Sweeps: the jobs that differ from one by the values of some of its fields. */
import { fail, show } from "../checks.js";
import { quoted } from "../quoted.js";

/** Fields by their path in the job, such as `network.parameters.mu1`, and the values that they have at a point. */
export type Point = Readonly<Record<string, unknown>>;

/** Points of one sweep at most. */
const mostPoints = 2 ** 20;

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** What an object may give by name without having it. */
const inherited = new Set(["__proto__", "constructor", "prototype"]);

/** Values of a field: as a list, or evenly spread. */
function valuesOf(field: string, given: unknown): unknown[] {
  if (Array.isArray(given)) {
    if (given.length === 0) fail(`grid.${field}`, "has no values; give one or more");
    return given;
  }
  if (!isObject(given) || !["from", "to", "count"].every((k) => typeof given[k] === "number")) {
    fail(`grid.${field}`, `expected a list of values, or { "from", "to", "count" }, got ${show(given)}`);
  }
  const { from, to, count } = given as { from: number; to: number; count: number };
  if (!Number.isInteger(count) || count < 2 || count > mostPoints) {
    fail(`grid.${field}.count`, `expected a whole number from 2 to ${mostPoints}, got ${show(count)}`);
  }
  return Array.from({ length: count }, (_, i) => from + ((to - from) * i) / (count - 1));
}

/**
 * The points of a sweep: as a list of them (samples of a posterior, a network for each path of an ensemble), or as values
 * by field, of which every combination is taken, the last field's values fastest.
 * @throws SaltationError `invalid-input`.
 */
export function pointsOf(grid: unknown): Point[] {
  if (Array.isArray(grid)) {
    if (grid.length === 0) fail("grid", "is an empty list; give one point or more");
    grid.forEach((point, i) => {
      if (!isObject(point)) fail(`grid[${i}]`, `expected values by field, got ${show(point)}`);
    });
    return grid as Point[];
  }
  if (!isObject(grid) || Object.keys(grid).length === 0) {
    fail(
      "grid",
      `expected values by field, such as { "input.current": [1, 2] }, or a list of points, got ${show(grid)}`,
    );
  }
  const fields = Object.entries(grid).map(([field, given]) => [field, valuesOf(field, given)] as const);
  const count = fields.reduce((n, [, values]) => n * values.length, 1);
  if (count > mostPoints) fail("grid", `has ${count} points; at most ${mostPoints} are taken: sweep over fewer values`);
  let points: Record<string, unknown>[] = [{}];
  for (const [field, values] of fields) {
    points = points.flatMap((point) => values.map((value) => ({ ...point, [field]: value })));
  }
  return points;
}

/**
 * The job at a point.
 * @throws SaltationError `invalid-input` where a path leads through what is no object or list.
 */
export function jobAt(job: object, point: Point): object {
  const whole = structuredClone(job) as Record<string, unknown>;
  for (const [path, value] of Object.entries(point)) {
    const names = path.split(".");
    const last = names.pop()!;
    let at = whole;
    for (const name of names) {
      if (inherited.has(name)) fail(`grid.${quoted(path, 80)}`, "names no field of a job");
      if (!Object.hasOwn(at, name)) at[name] = {};
      const next = at[name];
      if (typeof next !== "object" || next === null) {
        fail(`grid.${path}`, `leads through "${name}", which is ${show(next)} in the job and has no fields`);
      }
      at = next as Record<string, unknown>;
    }
    if (last === "" || inherited.has(last)) fail(`grid.${quoted(path, 80)}`, "names no field of a job");
    at[last] = structuredClone(value);
  }
  return whole;
}
