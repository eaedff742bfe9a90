/** What stands against training, and whether it can go. */
import { computed, signal } from "@preact/signals";
import { cut } from "../../model/cut.js";
import type { FieldError } from "../../worker/protocol.js";
import { engine, loaded, loading, recording, state, studioDocument } from "./signals.js";

/** What is wrong with the text in a field, by field, where the document keeps the value from before. */
export const refused = signal<Readonly<Record<string, string>>>({});

/** Says what is wrong with the text in a field, or that nothing is any more. */
export function refuse(field: string, message: string | undefined): void {
  const { [field]: before, ...others } = refused.value;
  if (before !== message) refused.value = message === undefined ? others : { ...others, [field]: message };
}

/** Whether what was observed is in a recording that the page does not hold. */
export const awaitsRecording = computed(() => {
  const { observed } = studioDocument.value;
  return observed.kind === "recording" && observed.name !== recording.value?.name;
});

/** What stands against training, if anything: a field, and what is wrong with it. */
export const objection = computed((): FieldError | undefined => {
  const [typed] = Object.entries(refused.value);
  if (typed) return { field: typed[0], message: typed[1] };
  const { observed } = studioDocument.value;
  if (awaitsRecording.value) {
    const which = "name" in observed && observed.name ? `The recording ${cut(observed.name)}` : "A recording";
    return { field: "", message: `${which} is needed first: drop its file on the page.` };
  }
  return loaded.value?.error;
});

export const canTrain = computed(
  () =>
    engine.value !== undefined &&
    loaded.value?.ready === true &&
    objection.value === undefined &&
    state.value !== "finished" &&
    !loading.value,
);
