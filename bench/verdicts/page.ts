/** The page and the picture of what the bench found. */
import { categories, toSvg } from "../../src/figures/draw.js";
import type { Existence, Mean, MeasuredRow } from "./measure.js";

type Side = Existence | Mean;
const sides = (rows: readonly MeasuredRow[]): Side[] => rows.flatMap((r) => [r.existence, r.mean]);
const number = (agreement: Side["agreement"], list: readonly Side[]): number =>
  list.filter((s) => s.agreement === agreement).length;

/** How many verdicts agree with what is measured, in words. */
export function counted(rows: readonly MeasuredRow[]): string {
  const of = (what: string, list: readonly Side[]): string => {
    const parts = [`${number("agree", list)} of ${list.length} agree`];
    for (const other of ["disagree", "unproven", "cannot tell"] as const) {
      const n = number(other, list);
      if (n > 0) parts.push(`${n} ${other}`);
    }
    return `${what}: ${parts.join(", ")}`;
  };
  return [
    of("Derivative of a path", rows.map((r) => r.existence)),
    of("Mean of gradients", rows.map((r) => r.mean)),
    of("Together", sides(rows)),
  ].join(". "); // biome-ignore format: short
}

const digits = (x: number, n = 3): string => {
  const shown =
    x !== 0 && (Math.abs(x) >= 1e5 || Math.abs(x) < 1e-3) ? x.toExponential(1) : String(Number(x.toPrecision(n)));
  return shown.replaceAll("-", "−");
};
const withError = (x: number, error: number): string => {
  if (!(error > 0)) return digits(x);
  const places = Math.min(8, Math.max(0, 1 - Math.floor(Math.log10(error))));
  if (places > 5 || error > 1e5) return `${digits(x)} ± ${digits(error, 2)}`;
  return `${x.toFixed(places)} ± ${error.toFixed(places)}`.replaceAll("-", "−");
};
const told = ({ verdict, conditions }: Side): string =>
  verdict === "holds" ? verdict : `${verdict}: ${[...new Set(conditions)].join(", ")}`;
const answer = ({ measured, agreement }: Side): string => (agreement === "disagree" ? `**${measured}**` : measured);

/** The page of the docs. */
export function verdictsPage(rows: readonly MeasuredRow[]): string {
  const lines = rows.map(({ name, by, loss, existence: x, mean: m }) => {
    const changes = `${digits(x.changes[0]!.change, 2)} → ${digits(x.changes.at(-1)!.change, 2)}`;
    return [
      name,
      `${loss === "count" ? loss : loss.replace(/ of neuron .*/, "")} by \`${by}\``,
      told(x),
      `${answer(x)} (${changes})`,
      told(m),
      withError(m.gradient, m.gradientStandardError),
      `${answer(m)} (${withError(m.deviation, m.standardError)})`,
    ].join(" | ");
  });
  return `# Verdicts against measurements

What is said of a gradient before it is taken ([mathematics](mathematics.md#conditions-for-an-exact-gradient)), beside what is
measured: \`npm run bench -- verdicts\`, in float64.

*Derivative of a path*: the verdict is \`cell.exactness\`. Measured is how much the derivative of one spike time changes along
the same Brownian path, with the same uniforms, from dt to dt/4 and from dt/16 to dt/64 (median over the paths of
|d − d′| / max(|d|, |d′|), by \`levy\`). Where it exists the changes fall, with noise as √dt; where not, they stay.

*Mean of gradients*: the verdict is \`unbiased\`, of the job. Measured is what central differences with the same random numbers
have beyond the gradient, at dt (\`saltation check\`); in brackets is difference − gradient with its standard error, at the
step that decided. Spikes count from 0. "Unproven" is a verdict that vouches for nothing; what is measured then says
nothing of it. Bold is what disagrees.

![Gradients and changes of derivatives by verdict](verdicts.svg)

| cell | what | derivative of a path | measured | mean of gradients | gradient | measured |
|---|---|---|---|---|---|---|
${lines.map((line) => `| ${line} |`).join("\n")}

${counted(rows)}.
`;
}

const colours = ["holds", "unproven", "violated"];
const color = {
  type: "nominal",
  title: "verdict",
  scale: { domain: colours, range: [categories[2]!, "#888", categories[1]!] },
};

/** Two panels with a row for each cell: gradient over finite difference, and how much derivatives of paths still change. */
export function verdictsSvg(rows: readonly MeasuredRow[]): Promise<string> {
  const names = rows.map((r) => r.name);
  const y = { field: "name", type: "nominal", sort: names, title: null };
  const within = (x: number): number => Math.max(-1, Math.min(2, x));
  const mean = rows.map(({ name, mean: m }) => {
    const ratio = m.difference === 0 ? 1 : 1 - m.deviation / m.difference;
    const error = m.difference === 0 ? 0 : Math.abs((2 * m.standardError) / m.difference);
    return { name, verdict: m.verdict, ratio: within(ratio), low: within(ratio - error), high: within(ratio + error) };
  });
  const floor = 1e-6;
  const changes = rows.flatMap(({ name, existence: x }) => [
    { name, verdict: x.verdict, last: Math.max(floor, x.changes.at(-1)!.change), first: Math.max(floor, x.changes[0]!.change) },
  ]); // biome-ignore format: short
  const size = { width: 260, height: { step: 15 } };
  const quantity = (field: string, title: string, domain: number[], more: object = {}) => ({
    field,
    type: "quantitative",
    title,
    scale: { domain, ...more },
    axis: { values: domain[0]! > 0 ? [1e-6, 1e-4, 1e-2, 1] : [-1, 0, 1, 2], format: domain[0]! > 0 ? "~e" : "~g" },
  });
  const ratioScale = [-1, 2];
  const left = {
    ...size,
    title: { text: "Mean of gradients" },
    data: { values: mean },
    layer: [
      { mark: { type: "rule", color: "#bbb" }, encoding: { x: { datum: 1 } } },
      {
        mark: { type: "rule", strokeWidth: 1.5 },
        encoding: {
          y,
          x: quantity("low", "gradient / finite difference", ratioScale),
          x2: { field: "high" },
          color: { field: "verdict", ...color },
        },
      },
      {
        mark: { type: "point", filled: true, size: 40, opacity: 1 },
        encoding: {
          y,
          x: quantity("ratio", "gradient / finite difference", ratioScale),
          color: { field: "verdict", ...color },
        },
      },
    ],
  };
  const log = { type: "log" };
  const bare = { ...y, axis: { labels: false, ticks: false } };
  const right = {
    ...size,
    title: { text: "Derivative of a path" },
    data: { values: changes },
    layer: [
      {
        mark: { type: "rule", strokeWidth: 1.5 },
        encoding: {
          y: bare,
          x: quantity("last", "change as dt falls (dot: at the least dt)", [floor, 1], log),
          x2: { field: "first" },
          color: { field: "verdict", ...color },
        },
      },
      {
        mark: { type: "point", filled: true, size: 40, opacity: 1 },
        encoding: {
          y: bare,
          x: quantity("last", "change as dt falls (dot: at the least dt)", [floor, 1], log),
          color: { field: "verdict", ...color },
        },
      },
    ],
  };
  return toSvg({ hconcat: [left, right] });
}
