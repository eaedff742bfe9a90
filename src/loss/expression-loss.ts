/** A loss of one's own as an expression of a path's first spikes, counts and label. */
import { checkOptions, fail, float32Number, type Names, show } from "../checks.js";
import { quoted } from "../quoted.js";
import { compileExpression } from "./expression.js";
import { checkNeurons, type LookedNeurons, type PathFeatures, type SampleLoss, sampleLossOf } from "./sample-loss.js";

export interface ExpressionLossOptions {
  /**
   * The loss of one path. It reads `t[k]`, the time of the first spike of the k-th neuron (t1 where it has none); `n[k]`, how many
   * spikes it has; `label`, the sample's, and `t[label]` and `n[label]`; `t0`, `t1`; and `constants`.
   */
  readonly value: string;
  /** Numbers that it reads by name. */
  readonly constants?: Readonly<Record<string, number>>;
  /** The neurons in the order of k: numbers, or the name of a population; default all. */
  readonly neurons?: LookedNeurons;
  /** What the loss is called in messages; default `expression`. */
  readonly kind?: string;
}

const names: Names<ExpressionLossOptions> = { value: true, constants: true, neurons: true, kind: true };

/** Names of what it reads of a neuron. */
const place = /\b([tn])\[(0|[1-9]\d*|label)\]/g;

/** Neurons that an expression can name at most. */
const mostNeurons = 1024;

/** `t[3]` or `n[label]`: what it reads of which neuron. */
interface Read {
  readonly of: "t" | "n";
  readonly neuron: number | "label";
}

/**
 * Mean over paths of an expression, with the derivatives that follow from it, on the host and on devices.
 *
 *     expressionLoss({ value: "log(1 + exp(margin - (t[1] - t[0])))", constants: { margin: 0.5 } })
 *
 * Of counts the gradient is the horizon term alone. Where conditions depend on times it may jump before t1: results then say that
 * it is not known whether their mean gradient is the derivative of the mean.
 * @throws SaltationError `invalid-input` naming what is not understood.
 */
export function expressionLoss(options: ExpressionLossOptions): SampleLoss {
  checkOptions("loss", options, names);
  const { value, constants = {}, neurons, kind = "expression" } = options;
  if (typeof kind !== "string") fail("loss.kind", `expected a name, got ${show(kind)}`);
  if (typeof value !== "string") fail("loss.value", `expected an expression as text, got ${show(value)}`);
  if (typeof constants !== "object" || constants === null)
    fail("loss.constants", `expected numbers by name, got ${show(constants)}`);
  checkNeurons(neurons);
  const numbers = new Map(
    Object.entries(constants).map(([name, number]) => {
      if (!/^[a-z_][\w]*$/i.test(name) || ["t", "n", "label", "t0", "t1", "pi"].includes(name))
        fail("loss.constants", `${quoted(name)} is no name for a number here; take another`);
      return [name, float32Number(`loss.constants.${name}`, number)] as const;
    }),
  );
  const found = new Map<string, Read>();
  for (const [name, of, inside] of value.matchAll(place)) {
    found.set(name, { of: of as Read["of"], neuron: inside === "label" ? inside : Number(inside) });
  }
  const compiled = compileExpression("loss.value", value, [...found.keys(), "label", "t0", "t1"], numbers);
  const reads = compiled.reads.map((name) => found.get(name));
  const uses = reads.filter((r) => r !== undefined);
  if (uses.length === 0)
    fail("loss.value", `${quoted(value)} reads no spike: t[0] is the first of neuron 0, n[0] their number`);
  const counts = uses.some((r) => r.of === "n");
  const spikes = uses.some((r) => r.of === "t") ? 1 : 0;
  const labelled = compiled.reads.includes("label") || uses.some((r) => r.neuron === "label");
  const byLabel = uses.some((r) => r.neuron === "label");
  const most = Math.max(...uses.map((r) => (r.neuron === "label" ? 0 : r.neuron)));
  if (most >= mostNeurons) fail("loss.value", `reads neuron ${most}; at most ${mostNeurons} can be named, from 0`);
  const times = new Set([...found].flatMap(([name, { of }]) => (of === "t" ? [name] : [])));
  const inputsOf = ({ times: t, counts: n, label, plan }: PathFeatures): Map<string, number> =>
    new Map(
      compiled.reads.map((name, i) => {
        const read = reads[i];
        if (!read) return [name, name === "label" ? label : plan[name as "t0" | "t1"]];
        return [name, (read.of === "t" ? t : n)[read.neuron === "label" ? label : read.neuron]!];
      }),
    );
  return sampleLossOf({
    kind,
    neurons,
    spikes,
    counts,
    labelled,
    absolute: spikes > 0 || compiled.reads.some((name) => name === "t0" || name === "t1"),
    check(of) {
      if (most >= of) fail("loss.value", `reads neuron ${most}; the loss looks at ${of}, numbered from 0`);
    },
    labels: (of) => (byLabel ? of : 2 ** 24),
    value(features, slopes) {
      const at = compiled.at(inputsOf(features));
      if (slopes) {
        reads.forEach((read, i) => {
          if (read?.of === "t") slopes.times[read.neuron === "label" ? features.label : read.neuron]! += at.slopes[i]!;
        });
      }
      return at.value;
    },
    code() {
      const written = compiled.code((name) => {
        const read = found.get(name);
        if (name === "label") return "f32(label)";
        if (!read) return name === "t0" ? "run.t0" : "(run.t0 + run.duration)";
        const neuron = read.neuron === "label" ? "label" : `${read.neuron}u`;
        return read.of === "t" ? `(run.t0 + time_of(${neuron}))` : `count_of(${neuron})`;
      });
      const slopes = reads.flatMap((read, i) => {
        if (read?.of !== "t") return [];
        return [`  add_slope(${read.neuron === "label" ? "label" : `${read.neuron}u`}, ${written.slopes[i]});`];
      });
      return [
        "fn sample_loss(label: u32) -> f32 {",
        ...written.lines,
        ...slopes,
        `  return ${written.value};`,
        "}",
      ].join("\n");
    },
    leavesOut: compiled.turnsBy(times)
      ? "its conditions depend on spike times: where it jumps as they turn, that is missing; write it without jumps"
      : undefined,
  });
}
