/** The published JSON Schema: current, and of one mind with the checks of the command line. */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, it } from "vitest";
import { checkJob } from "../../src/job/check-job.js";
import { gradientSchema, simulateDataSchema, simulateSchema, trainDataSchema, trainSchema } from "../../src/job/job.js";
import { jobSchema } from "../../src/job/job-schema.js";
import { kernelSchema } from "../../src/job/signature-job.js";

const read = (name: string): unknown =>
  JSON.parse(readFileSync(fileURLToPath(new URL(`../../${name}`, import.meta.url)), "utf8"));
const schema = jobSchema() as { $defs: Record<string, object> };
const ajv = new Ajv2020({ strict: true, strictTypes: false, strictTuples: false });
const validate = ajv.compile(schema);

const base = { network: { cell: "slif" }, time: { t1: 1, dt: 0.01 }, paths: 64 };
const gradient = { ...base, loss: { kind: "mean-spike-time" }, with: ["current"] };

describe("job.schema.json", () => {
  it("is current (npm run build writes it)", () => {
    expect(read("schema/job.schema.json")).toEqual(JSON.parse(JSON.stringify(schema)));
  });

  it("takes the example of docs/jobs.md and those of the package", () => {
    const page = readFileSync(fileURLToPath(new URL("../../docs/jobs.md", import.meta.url)), "utf8");
    const blocks = [...page.matchAll(/```json\n(\{.*?)```/gs)].map((m) => JSON.parse(m[1]!));
    expect(blocks.length).toBeGreaterThan(0);
    const files = readdirSync(fileURLToPath(new URL("../../examples", import.meta.url))).filter((f) =>
      /\.json$/.test(f),
    );
    expect(files.length).toBeGreaterThan(0);
    for (const job of [...blocks, ...files.map((f) => read(`examples/${f}`))]) {
      expect([validate(job), validate.errors]).toEqual([true, null]);
    }
  });

  const cases: [string, object, boolean][] = [
    ["a simulation", base, true],
    ["with its schema named", { $schema: "job.schema.json", ...base }, true],
    ["an unknown field", { ...base, foo: 1 }, false],
    ["a missing field", { network: {} }, false],
    ["a wrong type", { ...base, paths: "many" }, false],
    ["an unknown method", { ...base, method: "milstein" }, false],
    ["a gradient", gradient, true],
    ["a value alone", { ...gradient, with: [] }, true],
    ["an unknown loss", { ...gradient, loss: { kind: "hinge" } }, false],
  ];
  it.each(cases)("and the command line agree on %s", (_, job, valid) => {
    expect(validate(job)).toBe(valid);
    const checked = "loss" in job ? gradientSchema : simulateSchema;
    const check = () => checkJob(checked as typeof simulateSchema, job);
    if (valid) expect(check).not.toThrow();
    else expect(check).toThrow(/: (unknown field|is missing|expected)/);
  });

  it("says each thing once: less than 150 kB, and no union of losses stands twice", () => {
    const text = readFileSync(fileURLToPath(new URL("../../schema/job.schema.json", import.meta.url)), "utf8");
    expect(text.length).toBeLessThan(150_000);
    for (const kind of ["cross-entropy", "payoff", "adamw"]) {
      expect(text.split(`"const": "${kind}"`).length - 1, kind).toBe(1);
    }
  });

  it("has all that it refers to", () => {
    const refs = [...JSON.stringify(schema).matchAll(/"\$ref":"#\/\$defs\/([^"]+)"/g)].map((m) => m[1]!);
    expect(new Set(refs).size).toBeGreaterThan(15);
    expect(refs.filter((name) => !(name in schema.$defs))).toEqual([]);
  });

  it("takes losses within a sum, and no sum within a sum", () => {
    const part = { loss: { kind: "cross-entropy", neurons: "out" }, weight: 0.5 };
    const sum = (of: object[]) => ({ ...gradient, loss: { kind: "sum", of } });
    expect(validate(sum([part]))).toBe(true);
    expect(validate(sum([{ loss: { kind: "cross-entropy", neuron: 1 } }]))).toBe(false);
    expect(validate(sum([{ loss: { kind: "sum", of: [part] } }]))).toBe(false);
    expect(() => checkJob(gradientSchema, sum([{ loss: { kind: "sum", of: [part] } }]))).toThrow(
      /^loss\.of\[0\]\.loss(\.kind)?: expected mean-spike-time/,
    );
  });

  it("has a schema for each command alone", () => {
    const one = ajv.compile({ ...schema, anyOf: undefined, $ref: "#/$defs/train" } as object);
    expect(one(base)).toBe(false);
    expect(one(read("examples/cortical-cell.json"))).toBe(true);
    expect(() => checkJob(trainSchema, read("examples/cortical-cell.json"))).not.toThrow();
  });
});

/** Fields whose alternatives have no words of their own for what is none of them: zod says "Invalid input" then. */
function wordless(schema: unknown, field: string, seen: Set<unknown>): string[] {
  if (typeof schema !== "object" || schema === null || seen.has(schema)) return [];
  seen.add(schema);
  const { def } = (schema as { _zod?: { def?: Record<string, unknown> } })._zod ?? {};
  if (!def) return Object.entries(schema).flatMap(([name, part]) => wordless(part, `${field}.${name}`, seen));
  const { shape, options, element, items, innerType, valueType } = def;
  return [
    ...(def.type === "union" && def.error === undefined ? [field] : []),
    ...[shape, options, element, items, innerType, valueType].flatMap((part) => wordless(part, field, seen)),
  ];
}

it("says what is expected where several kinds of values are taken", () => {
  const schemas = { simulateSchema, simulateDataSchema, gradientSchema, trainSchema, trainDataSchema, kernelSchema };
  const seen = new Set<unknown>();
  expect(wordless(schemas, "", seen)).toEqual([]);
  expect(seen.size).toBeGreaterThan(300);
});
