/** Notices at the top of the page. */
import { signal } from "@preact/signals";
import { cut } from "../../model/cut.js";
import { StudioError } from "../client.js";

export interface NoticeAction {
  label: string;
  /** The notice goes when it is taken. */
  run(): void;
}

export interface Notice {
  id: number;
  kind: "info" | "warning" | "error";
  title: string;
  text: string;
  actions: readonly NoticeAction[];
}

/** Characters of a notice: names in it may come from strangers. */
const longest = 600;

export const notices = signal<Notice[]>([]);

/** Title of the notice that a run begins from its start again. */
export const begunAnew = "The run begins anew";

let noticeId = 0;

export function notify(kind: Notice["kind"], title: string, text: string, ...actions: NoticeAction[]): void {
  const others = notices.value.filter((n) => n.title !== title);
  notices.value = [...others, { id: noticeId++, kind, title: cut(title, 120), text: cut(text, longest), actions }];
}

export function dismiss(id: number): void {
  notices.value = notices.value.filter((n) => n.id !== id);
}

export const withdraw = (title: string): void => {
  notices.value = notices.value.filter((n) => n.title !== title);
};

/** Says that something failed; not of what was stopped on purpose. */
export function failed(title: string, error: unknown): void {
  if (error instanceof StudioError && error.code === "stopped") return;
  if (error instanceof StudioError && error.code === "stale") {
    stalePage();
    return;
  }
  notify("error", title, (error as Error).message);
}

/** What can be tried before a part of the site is given up; whoever can do it fills it in. @returns whether it was. */
export const stale = { again: (): boolean => false };

/** A part of the site that is loaded when it is needed cannot be had. */
export function stalePage(): void {
  if (stale.again()) return;
  notify(
    "error",
    "A part of this page could not be loaded",
    "The site was published anew since the page was opened, or the connection is down. Your work is kept in this " +
      "browser: once you are online, reload the page to go on where you are.",
    { label: "Reload", run: () => location.reload() },
  );
}
