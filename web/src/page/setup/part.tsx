/** Parts of the setup. */
import { useRef } from "preact/hooks";

/** A part of the setup that folds. On narrow screens it begins folded. */
export function Part(props: {
  title: string;
  open: boolean;
  note?: string | undefined;
  children: preact.ComponentChildren;
}) {
  const wide = useRef(matchMedia("(min-width: 900px)").matches);
  return (
    <details class="part" open={props.open && wide.current}>
      <summary>
        {props.title}
        {props.note && <span class="part-note">{props.note}</span>}
      </summary>
      <div class="part-body">{props.children}</div>
    </details>
  );
}
