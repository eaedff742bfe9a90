/** The frame of a figure: title, key, and buttons that save it. */
import { chartPng, chartSvg } from "../plots/export.js";
import { download } from "./download.js";

export interface FigureProps {
  name: string;
  title: string;
  /** The title as it is shown, where it is more than text. */
  heading?: preact.ComponentChildren;
  aside?: preact.ComponentChildren;
  wide?: boolean;
  children: preact.ComponentChildren;
}

export function FigureFrame(
  props: FigureProps & {
    /** Name of the saved file, without what tells its kind. */
    file: string;
    failed(error: Error): void;
  },
) {
  const { name, title, file } = props;
  const save = async (kind: "svg" | "png"): Promise<void> => {
    try {
      if (kind === "svg") download(`${file}.svg`, "image/svg+xml", chartSvg(name));
      else download(`${file}.png`, "image/png", await chartPng(name));
    } catch (error) {
      props.failed(error as Error);
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
