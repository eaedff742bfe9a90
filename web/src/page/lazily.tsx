/** A component that is loaded when it is first shown. */
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { stalePage } from "./state/notices.js";

export function lazily<P extends object>(
  load: () => Promise<ComponentType<P>>,
): (props: P) => preact.JSX.Element | null {
  let loaded: ComponentType<P> | undefined;
  return (props) => {
    const [Part, set] = useState<ComponentType<P> | undefined>(() => loaded);
    useEffect(() => {
      if (Part) return;
      load().then(
        (part) => {
          loaded = part;
          set(() => part);
        },
        () => stalePage(),
      );
    }, []);
    return Part ? <Part {...props} /> : null;
  };
}
