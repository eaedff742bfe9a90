import { fail } from "../checks.js";
import { Engine } from "../engine.js";
import { type NpyArray, writeNpz } from "../files/npz.js";
import { lossOf, networkOf, requirementsOf, solveOptionsOf } from "../job/build.js";
import { checkJob } from "../job/check-job.js";
import { gradientSchema } from "../job/job.js";
import { loadNamedCell } from "../job/named-cell.js";
import { judgeMean } from "../loss/judge-mean.js";
import { checkLoss, planForLoss } from "../loss/loss-plan.js";
import { checkUnbiasedMean } from "../loss/mean-verdict.js";
import { defineNetwork } from "../network/network.js";
import { parameterLayout, requestedViews } from "../plan/layout.js";
import { planSolve } from "../plan/plan.js";
import { checkAsked } from "../twin/measured.js";
import { askedOf, discretisationLine } from "./discretisation.js";
import { filesBeside, readJobFile } from "./job-file.js";
import { engineOptions } from "./options.js";
import {
  type CommonOptions,
  notUnbiased,
  print,
  printJson,
  printStiff,
  progressBar,
  readable,
  readableNumber,
  readableParameter,
  sayWarnings,
  stiffField,
} from "./output.js";
import { checkOutputs, writeOutput } from "./output-files.js";

/** `saltation gradient job.json`. */
export async function gradientCommand(file: string, options: CommonOptions): Promise<void> {
  const job = checkJob(gradientSchema, readJobFile(file, options));
  await loadNamedCell(job);
  const context = filesBeside(file, options);
  const definition = networkOf(job, context);
  const solve = solveOptionsOf(job);
  const network = defineNetwork(definition);
  const plan = planSolve(network, solve);
  const views = requestedViews(network, parameterLayout(plan), job.with);
  const loss = lossOf(job.loss, job.observed, context, network.neurons, plan);
  checkLoss(network, loss, job.requireExact);
  const lossPlan = planForLoss(plan, loss);
  loss.checkPlan?.(lossPlan, job.with);
  const asked = askedOf(options, job);
  checkAsked(asked);
  if (job.requireUnbiased) checkUnbiasedMean(judgeMean(lossPlan, loss, job.with));
  if (job.perPath && options.out === undefined) {
    fail("perPath", "is true, but no --out FILE.npz says where the paths' gradients go");
  }
  checkOutputs({ "--out": options.out }, [file, options.recording, ...context.opened]);

  const engine = await Engine.create(engineOptions(options));
  try {
    const began = performance.now();
    const bar = progressBar("gradient", job.paths, "paths");
    const entries = views.reduce((n, v) => n + v.length, 0);
    const perPath = job.perPath ? new Float64Array((1 + entries) * job.paths) : undefined;
    const result = await engine
      .network(definition)
      .valueAndGradient(loss, {
        ...solve,
        with: job.with,
        discretisation: asked,
        progress: (done) => bar.update(done),
        ...requirementsOf(job),
        ...(perPath
          ? {
              perPath: (first: number, paths: number, rows: ArrayLike<number>) => {
                for (let r = 0; r <= entries; r++) {
                  for (let i = 0; i < paths; i++) perPath[(first + i) * (1 + entries) + r] = rows[r * paths + i]!;
                }
              },
            }
          : {}),
      })
      .finally(() => bar.stop());
    let written = false;
    if (perPath) {
      const arrays: Record<string, NpyArray> = {};
      const column = (from: number, width: number): Float64Array =>
        Float64Array.from({ length: job.paths * width }, (_, n) => {
          const i = Math.floor(n / width);
          return perPath[i * (1 + entries) + from + (n % width)]!;
        });
      arrays.value = { data: column(0, 1), shape: [job.paths] };
      let at = 1;
      for (const view of views) {
        const scalar = typeof view.shape(new Float64Array(view.length)) === "number";
        const shape = scalar ? [job.paths] : [job.paths, view.length];
        arrays[`gradient_${view.name}`] = { data: column(at, view.length), shape };
        at += view.length;
      }
      written = writeOutput("--out", options.out!, writeNpz(arrays));
    } else if (options.out !== undefined) {
      const row = (numbers: unknown): NpyArray => {
        const data = Float64Array.from([numbers].flat(Number.POSITIVE_INFINITY) as number[]);
        return { data, shape: [data.length] };
      };
      const arrays = { value: row(result.value), standard_error: row(result.standardError) };
      for (const { name } of views) {
        Object.assign(arrays, {
          [`gradient_${name}`]: row(result.gradient[name]),
          [`gradient_standard_error_${name}`]: row(result.gradientStandardError[name]),
        });
      }
      writeOutput("--out", options.out, writeNpz(arrays));
    }
    const seconds = (performance.now() - began) / 1000;
    const { value, standardError, gradient, gradientStandardError, saturatedPaths, warnings, discretisation } = result;
    const { unbiased, because } = result;
    sayWarnings(warnings);
    if (options.json) {
      const adapter = engine.adapterName;
      printJson({
        adapter,
        paths: job.paths,
        value,
        standardError,
        gradient,
        gradientStandardError,
        saturatedPaths,
        unbiased,
        because,
        ...(warnings ? { warnings } : {}),
        ...stiffField(plan),
        ...(discretisation ? { discretisation } : {}),
        seconds,
      });
    } else {
      print(`${job.paths} paths on ${engine.adapterName} in ${readable(seconds)} s`);
      const samples = job.loss.kind === "log-likelihood" ? "trials" : job.antithetic ? "pairs of paths" : "paths";
      const few = samples === "trials" || job.paths <= (job.antithetic ? 2 : 1);
      const none = `no standard error${few ? `: that takes two ${samples}` : ""}`;
      print(`value ${readableNumber(value, standardError)} (${Number.isNaN(standardError) ? none : "standard error"})`);
      for (const name of job.with) {
        print(`d/d ${name} ${readableParameter(job, name, gradient[name], gradientStandardError[name])}`);
      }
      printStiff(plan);
      for (const line of because) print(notUnbiased(line));
      if (discretisation) print(discretisationLine(discretisation, job.time.t1));
      if (perPath && written) print(`gradients of every path in ${options.out}`);
    }
  } finally {
    engine.dispose();
  }
}
