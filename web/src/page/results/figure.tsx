/** Figures of the studio. */
import { FigureFrame, type FigureProps } from "../figure-frame.js";
import { notify } from "../state/notices.js";
import { studioDocument } from "../state/signals.js";

export const Figure = (props: FigureProps) => (
  <FigureFrame
    {...props}
    file={`saltation-${studioDocument.value.experiment}-${props.name}`}
    failed={(error) => notify("error", "The figure could not be saved", error.message)}
  />
);

export { Key } from "../figure-frame.js";
