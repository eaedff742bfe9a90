/** The numbers of a run as they stand. */
import { readable, withPrefix } from "../../model/units.js";
import { Name } from "../name.js";
import { bytes, discretisation, engine, entries, history, loading, rate, studioDocument } from "../state/signals.js";
import { unitOf } from "../state/unit-of.js";

export function Readout() {
  const { data } = history.value;
  const list = entries.value;
  const shown = list.filter((e) => e.index <= 0).slice(0, 6);
  const facts = engine.value;
  return (
    <dl class="readout">
      {shown.map((e) => {
        const n = list.indexOf(e);
        const many = list.filter((o) => o.parameter === e.parameter);
        return (
          <div key={e.parameter} data-parameter={e.parameter}>
            <dt>
              <Name name={e.parameter} />
              {many.length > 1 && <span class="of"> error</span>}
            </dt>
            <dd>
              <span class="big">
                {many.length > 1
                  ? readable(meanError(many.map((m) => list.indexOf(m))))
                  : readable(data.values[n]?.at(-1) ?? e.start)}
              </span>
              {many.length > 1 ? (
                <span class="aside">mean over {many.length}</span>
              ) : (
                <span class="aside">
                  {[unitOf(e.parameter), e.truth !== undefined && `true ${readable(e.truth)}`]
                    .filter(Boolean)
                    .join(", ")}
                </span>
              )}
            </dd>
          </div>
        );
      })}
      <div>
        <dt>Loss</dt>
        <dd>
          <span class="big">{data.loss.length > 0 ? readable(data.loss.at(-1)!) : "–"}</span>
          {data.loss.length > 1 && <span class="aside">from {readable(data.loss[0]!)}</span>}
        </dd>
      </div>
      <div>
        <dt>Speed</dt>
        <dd>
          <span class="big">{rate.value > 0 ? withPrefix(rate.value) : "–"}</span>
          <span class="aside">
            {studioDocument.value.job.loss.kind === "log-likelihood" ? "trials" : "paths"}·steps/s
          </span>
        </dd>
      </div>
      <StepError />
      <div class="adapter">
        <dt>Runs on</dt>
        <dd>
          <span class="name">{facts ? facts.adapter : loading.value ? "…" : "nothing yet"}</span>
          <span class="aside">{bytes.value === undefined ? "" : `${withPrefix(bytes.value, "B")} on the device`}</span>
        </dd>
      </div>
    </dl>
  );
}

/** What the step dt costs, and a step that would do where that is much. */
function StepError() {
  const found = discretisation.value;
  if (!found) return null;
  const { dt } = found;
  if (!found.measured) {
    return (
      <div title={found.why}>
        <dt>Error of dt {dt}</dt>
        <dd>
          <span class="big">–</span>
          <span class="aside">not measured</span>
        </dd>
      </div>
    );
  }
  const { relative, of, warning, suggestedDt } = found;
  const size = relative === Number.POSITIVE_INFINITY ? "∞" : `${readable(Number((100 * relative).toPrecision(2)))} %`;
  return (
    <div title={warning} data-warned={warning !== undefined}>
      <dt>Error of dt {dt}</dt>
      <dd>
        <span class="big">{size}</span>
        <span class="aside">
          {of === "states" ? "of the states' size" : "of the interval between spikes"}
          {warning !== undefined && <strong>: too large{suggestedDt && `, take dt ${readable(suggestedDt)}`}</strong>}
        </span>
      </dd>
    </div>
  );
}

/** Mean distance of entries from their true values; of their starts where no step was made. */
function meanError(of: number[]): number {
  const { data } = history.value;
  const list = entries.value;
  const known = of.filter((n) => list[n]!.truth !== undefined);
  const sum = known.reduce((s, n) => s + Math.abs((data.values[n]?.at(-1) ?? list[n]!.start) - list[n]!.truth!), 0);
  return known.length > 0 ? sum / known.length : Number.NaN;
}
