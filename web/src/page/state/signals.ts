/** What the page knows, as signals. Everything that computes is in the worker. */
import { computed, signal } from "@preact/signals";
import type { Confidence, Discretisation } from "../../../../src/index.js";
import type { StudioDocument } from "../../model/document.js";
import { newDocument } from "../../model/experiments.js";
import type { Asked } from "../../worker/engine-keeper.js";
import type {
  EngineFacts,
  Entry,
  LoadResult,
  RecordingFacts,
  RunState,
  Standing,
  StepFacts,
  StudioEvent,
} from "../../worker/protocol.js";
import { History } from "./history.js";

export type Snapshot = Extract<StudioEvent, { kind: "snapshot" }>;
export const studioDocument = signal<StudioDocument>(newDocument("figure1"));
export const loaded = signal<LoadResult | undefined>(undefined);
export const engine = signal<EngineFacts | undefined>(undefined);
/** What was last asked to be opened. */
export const asked = signal<Asked>("auto");
export const state = signal<RunState>("ready");
export const step = signal(0);
export const totalSteps = signal(0);
export const entries = signal<Entry[]>([]);
/** Replaced by itself's successor on each change: the arrays inside grow in place. */
export const history = signal<{ data: History }>({ data: new History([]) });
export const rate = signal(0);
export const bytes = signal<number | undefined>(undefined);
export const saturated = signal(0);
export const snapshot = signal<Snapshot | undefined>(undefined);
/** What the last training step said beside its numbers. */
export const facts = signal<StepFacts | undefined>(undefined);
/** What the step dt costs, as it was last measured. */
export const discretisation = signal<Discretisation | undefined>(undefined);
/** How well the data determine the fit, where the run rests: being asked, refused, or found. */
export const confidence = signal<"asked" | { readonly refused: string } | Confidence | undefined>(undefined);
export const recording = signal<RecordingFacts | undefined>(undefined);
/** Its file, for another worker, and to be kept. */
export const recordingFile = signal<{ name: string; bytes: Uint8Array } | undefined>(undefined);
export const neuron = signal(0);
/** Counts loads and changes: what is said of one that is overtaken by either counts no more. */
export const loads = signal(0);
/** Whether a run is being prepared. */
export const loading = signal(true);
/** Whether an engine is being opened. */
export const opening = signal(false);
/** What the page waits for, and how long it has, once that is long. */
export const waiting = signal<{ text: string; seconds: number } | undefined>(undefined);
/** Where the run stands; null at the start. */
export const standing = signal<Standing | null>(null);
/** Whether the document was changed since it came here. */
export const edited = signal(false);
/** A mark of the link that the document came by. */
export const link = signal<string | null>(null);
/** Whether the run rests after the step under way. */
export const pausing = signal(false);
export const going = computed(() => state.value === "running");

/** Whether the document may be changed: not while it trains. */
export const locked = going;

export function clearHistory(): void {
  history.value = { data: new History(entries.value) };
  facts.value = undefined;
}
