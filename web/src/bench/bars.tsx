/** Ratios to the floor as bars on a logarithmic axis: from 1, the floor, to the median, with a line from least to most. */
import { three } from "../../../src/suites/format.js";
import { old, report } from "./store.js";

export function Bars() {
  const figures = report.value?.figures ?? [];
  if (figures.length === 0) return null;
  const before = new Map(old.value?.report.figures.map((f) => [`${f.suite}: ${f.name}`, f.ratio.median]));
  const ends = figures.flatMap((f) => [f.ratio.low, f.ratio.high, before.get(`${f.suite}: ${f.name}`) ?? 1]);
  const low = Math.floor(Math.log10(Math.min(1, ...ends)));
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(10, ...ends))));
  /** Per cent of the axis' width. */
  const at = (value: number): number => (100 * (Math.log10(value) - low)) / (high - low);
  const from = (a: number, b: number) => ({ left: `${at(Math.min(a, b))}%`, right: `${100 - at(Math.max(a, b))}%` });
  const decades = Array.from({ length: high - low + 1 }, (_, i) => 10 ** (low + i));
  const medians = figures.map((f) => f.ratio.median);
  const summary = `Ratios of ${figures.length} figures to their floors, from ${three(Math.min(...medians))} to ${three(Math.max(...medians))}; the table has them all.`;
  return (
    <figure class="bars wide">
      <figcaption>
        <h3>Times over their floors</h3>
        <div class="key">
          <span>
            <span class="swatch" style={{ background: "var(--generated)", height: "9px" }} />
            median
          </span>
          <span>
            <span class="swatch" style={{ background: "var(--ink)", height: "2px" }} />
            least to most
          </span>
          {old.value && (
            <span>
              <span class="swatch" style={{ background: "var(--truth)", width: "3px", height: "12px" }} />
              before
            </span>
          )}
        </div>
      </figcaption>
      <div role="img" aria-label={summary}>
        {figures.map((f) => {
          const was = before.get(`${f.suite}: ${f.name}`);
          return (
            <div class="bar-row" key={`${f.suite} ${f.name}`}>
              <span class="bar-name">
                <span class="hint">{f.suite}</span> {f.name}
              </span>
              <span class="track">
                {decades.map((d) => (
                  <i key={d} class={d === 1 ? "floor" : "decade"} style={{ left: `${at(d)}%` }} />
                ))}
                <i class="bar" style={from(1, f.ratio.median)} />
                <i class="whisker" style={from(f.ratio.low, f.ratio.high)} />
                {was !== undefined && <i class="was" style={{ left: `${at(was)}%` }} />}
              </span>
              <span class="bar-value">{three(f.ratio.median)}</span>
            </div>
          );
        })}
        <div class="bar-row axis">
          <span class="bar-name" />
          <span class="track">
            {decades.map((d) => (
              <span key={d} class="tick" style={{ left: `${at(d)}%` }}>
                {three(d)}
              </span>
            ))}
          </span>
          <span class="bar-value">×</span>
        </div>
      </div>
    </figure>
  );
}
