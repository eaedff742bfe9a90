import { fail, wholeNumber } from "../checks.js";
import { Engine } from "../engine.js";
import { type CheckedEntry, checkGradient } from "../experiments/check-gradient.js";
import { readGradient } from "../job/gradient-run.js";
import { chosen } from "../loss/choose.js";
import { judgeMean } from "../loss/judge-mean.js";
import { planForLoss } from "../loss/loss-plan.js";
import { requestedViews } from "../plan/layout.js";
import { filesBeside, readJobFile } from "./job-file.js";
import { engineOptions } from "./options.js";
import {
  type CommonOptions,
  none,
  notUnbiased,
  print,
  printJson,
  progressOf,
  readable,
  readableNumber,
} from "./output.js";
import { compactTable } from "./table.js";

export interface CheckCommandOptions extends Omit<CommonOptions, "out"> {
  /** Entries of a parameter that are checked, at most. */
  entries: string;
}

/** What was found of an entry, in words. */
function verdictText({ verdict, by, within, pathsNeeded }: CheckedEntry): string {
  if (!by) return "cannot tell: no finite difference is a finite number";
  if (verdict === "agrees") return `agrees to within ${readable(within)}`;
  const off = readableNumber(by.deviation, by.standardError || Number.NaN);
  if (verdict === "differs") return `differs by ${off}`;
  return `cannot tell: by ${off}; take ${pathsNeeded === undefined ? "more" : `some ${pathsNeeded}`} paths`;
}

/** `saltation check job.json`. */
export async function checkCommand(file: string, options: CheckCommandOptions): Promise<void> {
  const given = readJobFile(file, options);
  const most = wholeNumber("--entries", Number(options.entries), 1, 4096);
  const context = filesBeside(file, options);
  const {
    job,
    definition,
    solve,
    network,
    own,
    loss: read,
    views,
  } = await readGradient(given, context, requestedViews);
  if (job.estimator && job.estimator !== "pathwise" && job.estimator !== "horizon")
    fail("estimator", `is "${job.estimator}", and a check is of derivatives of paths; leave it out`);
  const loss = chosen(job.estimator, read, own, job.with);
  loss.check?.(network);
  const lossPlan = planForLoss(own, loss);
  loss.checkPlan?.(lossPlan, job.with);
  const { unbiased, because } = judgeMean(lossPlan, loss, job.with);

  const engine = await Engine.create(engineOptions(options));
  const bar = progressOf("check", "evaluations");
  try {
    const began = performance.now();
    const entries = await checkGradient(engine.network(definition), loss, {
      ...solve,
      with: job.with,
      entries: most,
      progress: (done, total) => bar.update(done, total),
    }).finally(() => bar.stop());
    const seconds = (performance.now() - began) / 1000;
    const { adapterName: adapter } = engine;
    if (options.json) {
      printJson({ adapter, paths: job.paths, unbiased, because, entries, seconds });
      return;
    }
    print(`${job.paths} paths on ${adapter} in ${readable(seconds)} s`);
    const table = compactTable(["d/d", "gradient", "finite difference", "step", "verdict"], ["left"]);
    for (const e of entries) {
      table.push([
        e.index < 0 ? e.parameter : `${e.parameter}[${e.index}]`,
        readableNumber(e.gradient, e.gradientStandardError),
        e.by ? `${readable(e.by.difference)}${e.oneSided ? ", above 0 alone" : ""}` : none,
        e.by ? readable(e.by.step) : none,
        verdictText(e),
      ]);
    }
    print(table.toString());
    for (const { name, length } of views) {
      if (length > most) print(`${name}: ${most} of its ${length} entries; --entries checks more`);
    }
    for (const line of because) print(notUnbiased(line));
  } finally {
    engine.dispose();
  }
}
