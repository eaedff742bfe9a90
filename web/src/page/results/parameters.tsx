/** Parameters by training step. */
import { cut } from "../../model/cut.js";
import { plainSymbol, readable, symbolOf } from "../../model/units.js";
import { Chart } from "../../plots/chart.js";
import type { Mark } from "../../plots/spec.js";
import { Name } from "../name.js";
import { entries, history, totalSteps } from "../state/signals.js";
import { unitOf } from "../state/unit-of.js";
import { curves, thinned } from "./curve.js";
import { Figure, Key } from "./figure.js";

const mostCurves = 4;
/** Parameters that have a chart. */
const mostFigures = 16;

/** A chart per parameter: its values by step, and its true value where that is known. */
export function ParameterFigures() {
  const list = entries.value;
  const names = [...new Set(list.map((e) => e.parameter))];
  return (
    <>
      {names.slice(0, mostFigures).map((name) => (
        <ParameterFigure key={name} name={name} />
      ))}
    </>
  );
}

function ParameterFigure({ name }: { name: string }) {
  const { data } = history.value;
  const list = entries.value;
  const unit = unitOf(name);
  const mine = list.flatMap((e, n) => (e.parameter === name ? [n] : []));
  const at = thinned(data.steps.length);
  const steps = [0, ...at.map((n) => data.steps[n]! + 1)];
  const several = mine.length > mostCurves && mine.every((n) => list[n]!.truth !== undefined);
  const symbol = cut(plainSymbol(symbolOf(name)), 24);
  // An upright I alone reads as a stroke.
  const axis = name === "current" ? `current ${symbol}` : symbol;
  const shown = mine.slice(0, mostCurves);
  const series = several
    ? [
        [
          mine.reduce((s, e) => s + Math.abs(list[e]!.start - list[e]!.truth!), 0) / mine.length,
          ...at.map((n) => mine.reduce((s, e) => s + Math.abs(data.values[e]![n]! - list[e]!.truth!), 0) / mine.length),
        ],
      ]
    : shown.map((e) => [list[e]!.start, ...at.map((n) => data.values[e]![n]!)]);
  const marks: Mark[] = several
    ? []
    : shown.flatMap((e): Mark[] => {
        const { truth } = list[e]!;
        return truth === undefined
          ? []
          : [{ kind: "level", y: truth, color: "truth", label: shown.length === 1 ? `true ${readable(truth)}` : "" }];
      });
  const title = several ? `Distance of ${symbol} from the truth` : `${symbol} by step`;
  const now = series.map((s) => readable(s.at(-1)!)).join(", ");
  const truths = shown.flatMap((e) => (list[e]!.truth === undefined ? [] : [readable(list[e]!.truth!)])).join(", ");
  return (
    <Figure
      name={`parameter-${name}`}
      title={several ? `Mean distance of ${mine.length} ${cut(name, 24)} from the truth` : symbol}
      heading={
        several ? (
          <>
            Mean error of <Name name={name} />
          </>
        ) : (
          <Name name={name} />
        )
      }
      aside={!several && truths ? <Key color="truth">true {shown.length === 1 ? truths : "values"}</Key> : undefined}
    >
      <Chart
        name={`parameter-${name}`}
        height={190}
        spec={{
          title,
          x: "training step",
          wholeX: true,
          y: several ? `mean |${symbol} − true|` : unit ? `${axis} (${unit})` : axis,
          fromZero: several,
          ...(at.length === 0 ? { xRange: [0, Math.max(1, totalSteps.value)] } : {}),
          series: series.map((_, n) => ({ label: shown.length === 1 ? name : `${name} ${n + 1}`, color: curves[n]! })),
        }}
        data={[steps, ...series]}
        marks={marks}
        summary={`${title}: now ${now}${truths && !several ? `; true ${truths}` : ""}.`}
      />
    </Figure>
  );
}
