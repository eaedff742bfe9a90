/** Reports come from files that anybody may have written: their structure is checked before they are used. */
import * as z from "zod";
import { fail } from "../checks.js";
import { parseJson } from "../files/json.js";
import { type BenchReport, places } from "./report.js";
import { suiteNames } from "./suite-names.js";

const positive = z.number().positive();
const spread = z.object({ median: positive, low: positive, high: positive });
const floor = z.enum(["noise", "copy", "arithmetic", "start"]);

export const reportSchema: z.ZodType<BenchReport> = z.object({
  version: z.literal(1),
  in: z.enum(places),
  date: z.string(),
  adapter: z.union([
    z.object({
      vendor: z.string(),
      architecture: z.string(),
      device: z.string(),
      description: z.string(),
      backend: z.enum(["browser", "dawn", "simd"]),
      fallback: z.boolean(),
    }),
    z.object({ backend: z.literal("cpu"), description: z.string() }),
  ]),
  adapterName: z.string(),
  sizes: z.enum(["quick", "cpu", "software", "hardware"]),
  rounds: positive,
  bits: z.object({ simulate: z.string(), gradient: z.string() }),
  floors: z.array(z.object({ kind: floor, repeats: positive, perSecond: spread, unit: z.string() })),
  figures: z.array(
    z.object({
      suite: z.enum(suiteNames),
      name: z.string(),
      repeats: positive,
      seconds: spread,
      rate: z.object({ perSecond: positive, unit: z.string() }),
      floor,
      ratio: spread,
    }),
  ),
  versions: z.record(z.string(), z.string()),
  machine: z.record(z.string(), z.union([z.string(), z.number()])),
  totalSeconds: positive,
});

/** @throws SaltationError `invalid-input` where a text is no report of `saltation bench`. */
export function readReport(text: string, name: string): BenchReport {
  let value: unknown;
  try {
    value = parseJson(text);
  } catch (error) {
    return fail("--compare", `${name} ${(error as Error).message}`);
  }
  const read = reportSchema.safeParse(value);
  if (read.success) return read.data;
  const { path, message } = read.error.issues[0]!;
  const where = path.length > 0 ? `: ${path.join(".")}` : "";
  return fail("--compare", `${name} is no report of saltation bench${where}: ${message}`);
}
