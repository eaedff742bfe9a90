/** A button that may not always be pressed, and keeps the focus while it may not: who works by key stays where they are. */
import { useState } from "preact/hooks";

export function Action(props: {
  off: boolean;
  act(): void;
  primary?: boolean;
  describedBy?: string | undefined;
  children: preact.ComponentChildren;
}) {
  const { off, act, primary, describedBy, children } = props;
  const [focused, setFocused] = useState(false);
  return (
    <button
      type="button"
      class={primary ? "primary" : undefined}
      disabled={off && !focused}
      aria-disabled={off && focused ? true : undefined}
      aria-describedby={describedBy}
      onFocus={() => setFocused(true)}
      onBlur={() => setFocused(false)}
      onClick={() => !off && act()}
    >
      {children}
    </button>
  );
}
