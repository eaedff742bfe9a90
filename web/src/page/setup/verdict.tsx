/** Whether gradients of a cell are exact. */
import { cut } from "../../model/cut.js";
import { loaded } from "../state/signals.js";

const verdicts = { holds: "holds", unproven: "could not be proven", violated: "is violated" } as const;

const words: Readonly<Record<string, string>> = {
  true: "Gradients are exact.",
  unproven: "That gradients are exact could not be proven.",
  false: "Gradients are not exact.",
};

/** Whether pathwise gradients of the cell are exact, condition by condition. */
export function Verdict() {
  const result = loaded.value;
  const wrong = result?.error && /^cell/.test(result.error.field) ? result.error : undefined;
  const exactness = result?.cell?.exactness;
  const unproven = exactness?.conditions.some((c) => c.verdict === "unproven");
  const state = wrong || !exactness ? "unknown" : !exactness.exact ? "false" : unproven ? "unproven" : "true";
  return (
    <section class="verdict" aria-live="polite" data-exact={state}>
      {wrong ? (
        <p>
          <strong>Not yet a cell.</strong> {cut(wrong.field, 80)}: {cut(wrong.message, 600)}
        </p>
      ) : (
        exactness && (
          <>
            <p>
              <strong>{words[state]}</strong>
            </p>
            <ul>
              {exactness.conditions.map((c) => (
                <li key={c.name} data-verdict={c.verdict}>
                  <span class="condition">{c.name}</span> {verdicts[c.verdict]}:{" "}
                  <span class="detail">{cut(c.detail, 600)}</span>
                </li>
              ))}
            </ul>
          </>
        )
      )}
    </section>
  );
}
