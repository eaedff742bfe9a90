/** Standard errors, intervals and correlations of what was fitted; log L; and time rescaling with its plot (Brown et al. 2002). */
import type { Profile } from "../../../../src/confidence/profile.js";
import { curveOf } from "../../../../src/confidence/profile-curve.js";
import { normalQuantile } from "../../../../src/confidence/quantiles.js";
import type { Confidence } from "../../../../src/index.js";
import { cut } from "../../model/cut.js";
import { readable } from "../../model/units.js";
import { Chart } from "../../plots/chart.js";
import { askConfidence } from "../state/confidence.js";
import { thinned } from "./curve.js";
import { Figure, Key } from "./figure.js";

/** Fitted numbers that have a row, and those of which correlations are shown. */
const [mostRows, mostCorrelated] = [64, 8];
const none = "–";

const number = (v: number): string =>
  Number.isNaN(v) ? none : Number.isFinite(v) ? readable(Number(v.toPrecision(4))) : v < 0 ? "−∞" : "∞";

/** A probability in percent, as it was written. */
const percent = (level: number): string => String(Number((100 * level).toPrecision(6)));

const range = (interval: readonly [number, number] | undefined): string =>
  !interval || Number.isNaN(interval[0]) ? none : `${number(interval[0])} to ${number(interval[1])}`;

export function ConfidenceFound({ found }: { found: Confidence }) {
  const { parameters, profiles, logLikelihood, aic, bic, spikes, trials, warnings, level } = found;
  return (
    <>
      <section class="confidence">
        <h3>How well the data determine it</h3>
        <table>
          <thead>
            <tr>
              <th scope="col">fitted</th>
              <th scope="col">{found.refined ? "at the maximum" : "value"}</th>
              <th scope="col">standard error</th>
              <th scope="col">robust</th>
              <th scope="col">{percent(level)} % interval</th>
              {profiles.length > 0 && <th scope="col">by profile</th>}
            </tr>
          </thead>
          <tbody>
            {parameters.slice(0, mostRows).map((p) => (
              <tr key={p.parameter} data-fitted={p.parameter}>
                <th scope="row">{cut(p.parameter, 24)}</th>
                <td>{number(p.value)}</td>
                <td>{p.atBound ? `at its ${p.atBound} bound` : number(p.standardError)}</td>
                <td>{number(p.robustStandardError)}</td>
                <td>{range(p.interval)}</td>
                {profiles.length > 0 && (
                  <td>{range(profiles.find(({ parameter }) => parameter === p.parameter)?.interval)}</td>
                )}
              </tr>
            ))}
          </tbody>
        </table>
        {parameters.length > mostRows && (
          <p>
            The first {mostRows} of {parameters.length} are shown.
          </p>
        )}
        <Correlations found={found} />
        <p>
          log L {number(logLikelihood)} of {spikes} spikes in {trials} trials; AIC {number(aic)}, BIC {number(bic)}.
        </p>
        {warnings.map((line) => (
          <p key={line} class="warning">
            {cut(line, 600)}
          </p>
        ))}
        {profiles.length === 0 && parameters.length <= mostCorrelated && (
          <button type="button" onClick={() => void askConfidence(true)}>
            Profile likelihoods
          </button>
        )}
      </section>
      <Rescaling found={found} />
      {profiles.slice(0, mostCorrelated).map((profile) => (
        <ProfileFigure key={profile.parameter} profile={profile} level={level} />
      ))}
    </>
  );
}

/** log L along a fitted number, at its largest over the others; the interval is where it is above the line. */
function ProfileFigure({ profile, level }: { profile: Profile; level: number }) {
  const { parameter, interval } = profile;
  const { x, y } = curveOf(profile);
  const name = cut(parameter, 24);
  const shown = percent(level);
  return (
    <Figure name={`profile-${parameter}`} title={`Profile of ${name}`} aside={<Key color="truth">{shown} %</Key>}>
      <Chart
        name={`profile-${parameter}`}
        height={260}
        spec={{
          title: `Profile of ${name}`,
          x: name,
          y: "log L − max",
          series: [{ label: "log L − max log L", color: "generated" }],
        }}
        data={[x, y]}
        marks={[{ kind: "level", y: -(normalQuantile(level) ** 2) / 2, color: "truth", label: "" }]}
        summary={`Profile likelihood of ${parameter}: ${shown} % interval ${range(interval)}.`}
      />
    </Figure>
  );
}

/** Of few numbers; each beside those before it. */
function Correlations({ found: { parameters, correlation } }: { found: Confidence }) {
  if (parameters.length < 2 || parameters.length > mostCorrelated) return null;
  return (
    <table aria-label="correlations">
      <tbody>
        {parameters.slice(1).map((p, i) => (
          <tr key={p.parameter}>
            <th scope="row">{cut(p.parameter, 24)}</th>
            {parameters.slice(0, i + 1).map((q, j) => (
              <td key={q.parameter} title={`correlation of ${p.parameter} with ${q.parameter}`}>
                {number(Number(correlation[i + 1]![j]!.toFixed(3)))}
              </td>
            ))}
          </tr>
        ))}
        <tr>
          <td />
          {parameters.slice(0, -1).map((q) => (
            <th key={q.parameter} scope="col">
              {cut(q.parameter, 24)}
            </th>
          ))}
        </tr>
      </tbody>
    </table>
  );
}

function Rescaling({ found: { goodness, level } }: { found: Confidence }) {
  const { uniform, statistic, band, pValue, serial, serialStandardError } = goodness;
  const n = uniform.length;
  if (n === 0) return <p>No interval between spikes could be rescaled.</p>;
  const at = thinned(n);
  const x = at.map((i) => (i + 0.5) / n);
  const within = (v: number): number | null => (v >= 0 && v <= 1 ? v : null);
  const banded = Number.isFinite(band);
  const summary =
    `Time rescaling of ${n} intervals: D ${number(statistic)}, of a true model below ${number(band)}; p ${number(pValue)}; ` +
    `serial correlation ${number(serial)} ± ${number(serialStandardError)}.`;
  const dashed = { color: "muted" as const, dash: [4, 3], width: 1 };
  return (
    <Figure name="rescaling" title="Time rescaling" aside={<Key color="muted">{percent(level)} % of a true model</Key>}>
      <Chart
        name="rescaling"
        height={260}
        spec={{
          title: "Time rescaling",
          x: "quantile of the uniform law",
          y: "rescaled interval",
          xRange: [0, 1],
          yRange: [0, 1],
          series: [
            { label: "rescaled intervals", color: "generated" },
            { label: "of a true model", color: "muted", width: 1 },
            ...(banded
              ? [
                  { label: "below", ...dashed },
                  { label: "above", ...dashed },
                ]
              : []),
          ],
        }}
        data={[
          x,
          at.map((i) => uniform[i]!),
          x,
          ...(banded ? [x.map((v) => within(v - band)), x.map((v) => within(v + band))] : []),
        ]}
        summary={summary}
      />
      <p>{summary}</p>
    </Figure>
  );
}
