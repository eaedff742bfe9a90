/** The frame of a figure: title, key, and buttons that save it. */
import { chartPng, chartSvg } from "../../plots/export.js";
import { download } from "../download.js";
import { notify } from "../state/notices.js";
import { studioDocument } from "../state/signals.js";

export function Figure(props: {
  name: string;
  title: string;
  /** The title as it is shown, where it is more than text. */
  heading?: preact.ComponentChildren;
  aside?: preact.ComponentChildren;
  wide?: boolean;
  children: preact.ComponentChildren;
}) {
  const { name, title } = props;
  const save = async (kind: "svg" | "png"): Promise<void> => {
    try {
      const file = `saltation-${studioDocument.value.experiment}-${name}.${kind}`;
      if (kind === "svg") download(file, "image/svg+xml", chartSvg(name));
      else download(file, "image/png", await chartPng(name));
    } catch (error) {
      notify("error", "The figure could not be saved", (error as Error).message);
    }
  };
  return (
    <figure class={props.wide ? "wide" : undefined} data-figure={name}>
      <figcaption>
        <h3>{props.heading ?? title}</h3>
        {props.aside && <div class="key">{props.aside}</div>}
        <div class="save">
          <button type="button" class="quiet" aria-label={`save “${title}” as SVG`} onClick={() => void save("svg")}>
            SVG
          </button>
          <button type="button" class="quiet" aria-label={`save “${title}” as PNG`} onClick={() => void save("png")}>
            PNG
          </button>
        </div>
      </figcaption>
      {props.children}
    </figure>
  );
}

export const Key = ({ color, children }: { color: string; children: preact.ComponentChildren }) => (
  <span class="key-item">
    <span class="swatch" style={{ background: `var(--${color})` }} />
    {children}
  </span>
);
