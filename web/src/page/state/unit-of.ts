/** Units of parameters and state variables. */
import { cut } from "../../model/cut.js";
import { ownCell } from "../../model/document.js";
import { loaded, studioDocument } from "./signals.js";

/** The unit of a parameter: the document's, or else the cell's own. */
export function unitOf(name: string): string {
  const document = studioDocument.value;
  const unit = document.units[name] ?? ownCell(document)?.units?.[name] ?? loaded.value?.cell?.units[name] ?? "";
  return cut(unit, 40);
}
