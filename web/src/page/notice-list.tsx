/** What was told to the user, until it is dismissed or acted upon. */
import { dismiss, notices } from "./state/notices.js";

export const NoticeList = () => (
  <>
    {notices.value.map((n) => (
      <section key={n.id} class={`notice ${n.kind}`} role={n.kind === "info" ? "status" : "alert"}>
        <p>
          <strong>{n.title}.</strong> {n.text}
        </p>
        <div class="notice-buttons">
          {n.actions.map(({ label, run }) => (
            <button
              key={label}
              type="button"
              onClick={() => {
                dismiss(n.id);
                run();
              }}
            >
              {label}
            </button>
          ))}
          <button type="button" class="quiet" aria-label={`dismiss: ${n.title}`} onClick={() => dismiss(n.id)}>
            Dismiss
          </button>
        </div>
      </section>
    ))}
  </>
);
