/** Notices at the top of the page. */
import { signal } from "@preact/signals";

export interface Notice {
  id: number;
  kind: "info" | "warning" | "error";
  title: string;
  text: string;
  action?: { label: string; run(): void };
}

export const notices = signal<Notice[]>([]);

let noticeId = 0;

export function notify(kind: Notice["kind"], title: string, text: string, action?: Notice["action"]): void {
  const same = notices.value.filter((n) => n.title !== title);
  notices.value = [...same, { id: noticeId++, kind, title, text, ...(action ? { action } : {}) }];
}

export function dismiss(id: number): void {
  notices.value = notices.value.filter((n) => n.id !== id);
}

export const withdraw = (title: string): void => {
  notices.value = notices.value.filter((n) => n.title !== title);
};

export function failed(title: string, error: unknown): void {
  notify("error", title, (error as Error).message);
}
