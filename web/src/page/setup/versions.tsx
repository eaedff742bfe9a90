/** Back to what was before, and to the experiment as it comes. */
import { Action } from "../action.js";
import { edited, going, standing } from "../state/signals.js";
import { canRedo, canUndo, redo, startAfresh, undo } from "../state/work.js";

export function Versions() {
  return (
    <div class="buttons versions">
      <Action off={!canUndo.value} act={undo}>
        Undo
      </Action>
      <Action off={!canRedo.value} act={redo}>
        Redo
      </Action>
      <Action off={going.value || (!edited.value && standing.value === null)} act={() => void startAfresh()}>
        Start afresh
      </Action>
    </div>
  );
}
