/** Checks of job files against their schemas, and what is said of one that does not fit. */
import type * as z from "zod";
import { fail, show } from "../checks.js";
import { quoted } from "../quoted.js";
import { gradientSchema, simulateSchema, trainSchema } from "./job.js";

/** Jobs that solve a network, by command. */
const solveJobs = { simulate: simulateSchema, gradient: gradientSchema, train: trainSchema };

/** A key in a message: as it is where it is a name, quoted and cut where it may be anything. */
const keyName = (key: PropertyKey): string => {
  const name = String(key);
  return /^[\w$-]{1,40}$/.test(name) ? name : quoted(name, 40);
};

const fieldName = (path: readonly PropertyKey[]): string =>
  path.reduce<string>(
    (text, key) => (typeof key === "number" ? `${text}[${key}]` : text ? `${text}.${keyName(key)}` : keyName(key)),
    "",
  );

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((value, key) => (value as Record<PropertyKey, unknown> | undefined)?.[key], root);
}

type Issue = z.core.$ZodIssue;

/** Of the alternatives of a union, the issue that lies deepest: the alternative that was meant. */
function deepest(issue: Issue): Issue {
  if (issue.code !== "invalid_union") return issue;
  const inner = issue.errors.flatMap((list) =>
    list.map((i) => ({
      found: deepest({ ...i, path: [...issue.path, ...i.path] } as Issue),
      beside: list.length,
    })),
  );
  // Unknown keys say more than a wrong type at the same depth; else the alternative is meant of which least is wrong.
  inner.sort(
    ({ found: a, beside: n }, { found: b, beside: m }) =>
      b.path.length - a.path.length ||
      Number(b.code === "unrecognized_keys") - Number(a.code === "unrecognized_keys") ||
      n - m,
  );
  const first = inner[0]?.found;
  return first && (first.path.length > issue.path.length || first.code === "unrecognized_keys") ? first : issue;
}

/** What is needed of the kinds of schema that hold others. */
interface Inner {
  readonly shape?: Record<string, Inner & { readonly values?: ReadonlySet<unknown> }>;
  readonly options?: readonly Inner[];
  readonly element?: Inner;
  readonly valueType?: Inner;
  unwrap?(): Inner;
}

/** The objects that a schema may mean, of alternatives by kind that of the value's kind. */
function objectsOf(schema: Inner | undefined, value: unknown): Inner[] {
  if (!schema) return [];
  if (schema.options) return schema.options.flatMap((option) => objectsOf(option, value));
  if (schema.shape) {
    const kinds = schema.shape.kind?.values;
    return kinds && !kinds.has((value as { kind?: unknown } | undefined)?.kind) ? [] : [schema];
  }
  if (schema.element || schema.valueType) return [schema];
  return schema.unwrap ? objectsOf(schema.unwrap(), value) : [];
}

/** The known keys of the object that a path leads to in a schema, for messages. */
function knownKeys(schema: z.ZodType, job: unknown, path: readonly PropertyKey[]): string[] {
  let value = job;
  let at = objectsOf(schema as Inner, value);
  for (const key of path) {
    value = (value as Record<PropertyKey, unknown> | undefined)?.[key];
    at = at.flatMap((o) => objectsOf(o.shape?.[key as string] ?? o.element ?? o.valueType, value));
  }
  return [...new Set(at.flatMap((o) => Object.keys(o.shape ?? {})))];
}

/** Letters to change, add or leave out to make one word of another. */
function lettersApart(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 0; i < a.length; i++) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j++)
      next.push(Math.min(row[j + 1]! + 1, next[j]! + 1, row[j]! + Number(a[i] !== b[j])));
    row = next;
  }
  return row[b.length]!;
}

/** The known name that an unknown one was probably to be, as a part of a message; nothing where none is near. */
function nearest(name: string, known: readonly string[]): string {
  if (name.length > 40) return "";
  const apart = known.map((other) => lettersApart(name.toLowerCase(), other.toLowerCase()));
  const least = Math.min(...apart);
  return least <= Math.max(1, name.length / 3) ? `; perhaps ${known[apart.indexOf(least)]}` : "";
}

/** Where a field is missing, the one beside it that nobody knows: a name with a slip, or an alternative that there is not. */
function unknownBeside(schema: z.ZodType, job: unknown, issue: Issue): Issue {
  if (issue.code === "unrecognized_keys" || valueAt(job, issue.path) !== undefined) return issue;
  const path = issue.path.slice(0, -1);
  const beside = valueAt(job, path);
  const known = knownKeys(schema, job, path);
  if (known.length === 0 || typeof beside !== "object" || beside === null || Array.isArray(beside)) return issue;
  const keys = Object.keys(beside).filter((key) => !known.includes(key) && !(path.length === 0 && key === "$schema"));
  return keys.length > 0 ? ({ ...issue, code: "unrecognized_keys", keys, path } as Issue) : issue;
}

/**
 * Checks a job against its schema.
 * @throws SaltationError `invalid-input`: one line that names the field, its value and what would be right.
 */
export function checkJob<T>(schema: z.ZodType<T>, job: unknown): T {
  if (typeof job !== "object" || job === null || Array.isArray(job)) {
    fail("job", `expected a JSON object, got ${show(job)}`);
  }
  // Names a schema for editors; checked here it is anyway.
  const { $schema: _, ...fields } = job as Record<string, unknown>;
  const result = schema.safeParse(fields);
  if (result.success) {
    checkPaths(schema, fields);
    return result.data;
  }
  const issue = unknownBeside(schema, job, deepest(result.error.issues[0]!));
  const field = fieldName(issue.path);
  if (issue.code === "unrecognized_keys") {
    const known = knownKeys(schema, job, issue.path);
    const name = fieldName([...issue.path, issue.keys[0]!]);
    const beside = Object.keys(valueAt(job, issue.path) as object).filter((key) => key !== issue.keys[0]);
    if (known.includes(issue.keys[0]!)) fail(name, `does not go with ${beside.map(keyName).join(", ")}; leave it out`);
    const list = known.length > 0 ? `${nearest(String(issue.keys[0]), known)}; known: ${known.join(", ")}` : "";
    const elsewhere =
      issue.path.length > 0 ? [] : Object.entries(solveJobs).filter(([, s]) => Object.hasOwn(s.shape, issue.keys[0]!));
    const where = elsewhere.map(([command]) => `"${command}"`).join(" and ");
    fail(name, `unknown field${where && `, which belongs to ${where}`}${list}`);
  }
  const value = valueAt(job, issue.path);
  if (value === undefined) fail(field, `is missing; ${expectation(issue)}`);
  return fail(field || "job", `${expectation(issue)}, got ${show(value)}`);
}

/** @throws SaltationError where a job says neither how many paths there are nor which samples, or both. */
function checkPaths(
  schema: z.ZodType,
  { paths, samples }: { readonly paths?: unknown; readonly samples?: unknown },
): void {
  const { shape } = schema as Inner;
  if (!shape?.paths || !shape.samples) return;
  if (paths === undefined && samples === undefined) fail("paths", "is missing; expected a finite number");
  if (paths !== undefined && samples !== undefined) fail("paths", "is said by samples and their trials; leave it out");
}

function expectation(issue: Issue): string {
  if (issue.message.startsWith("expected ")) return issue.message; // the schema's own words
  const names: Record<string, string> = {
    number: "a finite number",
    array: "a list",
    string: "text",
    boolean: "true or false",
    object: "an object",
    record: "an object",
    tuple: "a list",
  };
  switch (issue.code) {
    case "invalid_type":
      return `expected ${names[issue.expected] ?? issue.expected}`;
    case "invalid_value":
      return `expected one of ${issue.values.map(String).join(", ")}`;
    case "too_small":
      return "expected at least one entry";
    default:
      return issue.message;
  }
}
