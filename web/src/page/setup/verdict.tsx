/** Whether gradients of a cell are exact. */
import { loaded } from "../state/signals.js";

const verdicts = { holds: "holds", unproven: "could not be proven", violated: "is violated" } as const;

/** Whether pathwise gradients of the cell are exact, condition by condition. */
export function Verdict() {
  const result = loaded.value;
  const wrong = result?.error && /^cell/.test(result.error.field) ? result.error : undefined;
  const exactness = result?.cell?.exactness;
  return (
    <section class="verdict" aria-live="polite" data-exact={wrong || !exactness ? "unknown" : String(exactness.exact)}>
      {wrong ? (
        <p>
          <strong>Not yet a cell.</strong> {wrong.field}: {wrong.message}
        </p>
      ) : (
        exactness && (
          <>
            <p>
              <strong>{exactness.exact ? "Gradients are exact." : "Gradients are not exact."}</strong>
            </p>
            <ul>
              {exactness.conditions.map((c) => (
                <li key={c.name} data-verdict={c.verdict}>
                  <span class="condition">{c.name}</span> {verdicts[c.verdict]}: <span class="detail">{c.detail}</span>
                </li>
              ))}
            </ul>
          </>
        )
      )}
    </section>
  );
}
