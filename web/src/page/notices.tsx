/** Notices and the question at the top of the page. */
import { useId, useLayoutEffect, useRef } from "preact/hooks";
import { WithoutGpu } from "./no-gpu.js";
import { NoticeList } from "./notice-list.js";
import { type Question, question } from "./state/question.js";
import { asked, engine } from "./state/signals.js";

export function Notices() {
  const open = question.value;
  return (
    <div class="notices">
      {open && <Asked key={open.text} asked={open} />}
      {asked.value === "auto" && engine.value && engine.value.backend !== "webgpu" && <WithoutGpu />}
      <NoticeList />
    </div>
  );
}

/** The question: it takes the focus, and gives it back. Escape says no. */
function Asked({ asked }: { asked: Question }) {
  const id = useId();
  const no = useRef<HTMLButtonElement>(null);
  useLayoutEffect(() => {
    const before = document.activeElement;
    no.current?.focus();
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus({ preventScroll: true });
    };
  }, []);
  return (
    <div
      class="notice warning question"
      role="alertdialog"
      aria-labelledby={id}
      onKeyDown={(event) => event.key === "Escape" && asked.answer(false)}
    >
      <p id={id}>{asked.text}</p>
      <div class="notice-buttons">
        <button ref={no} type="button" onClick={() => asked.answer(false)}>
          {asked.no}
        </button>
        <button type="button" class="primary" onClick={() => asked.answer(true)}>
          {asked.yes}
        </button>
      </div>
    </div>
  );
}
