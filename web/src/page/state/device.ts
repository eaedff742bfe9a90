/** Lost devices, in words: what happened, what goes on, what can be done. */
import type { DeviceNews } from "../../worker/engine-keeper.js";
import type { NoticeAction } from "./notices.js";

export const deviceLost = "The GPU device was lost";

/** What can be done about a lost device; whoever can do it fills it in. */
export const remedies = { retry: (): void => {}, onCpu: (): void => {} };

type Lost = Extract<DeviceNews, { kind: "lost" }>;

/** @param step the last step of the run, which it goes on from. */
export function lostInWords({ message, times, seconds }: Lost, step: number): string {
  const stands = step > 0 ? `The run stands at step ${step}, and goes on from there` : "The run goes on";
  const next = seconds > 0 ? `A new one is being opened in ${seconds} s.` : "A new one is being opened …";
  if (times < 3) return `The browser or its driver took it away. ${stands} with another. ${next}`;
  return (
    `This was trouble number ${times} in a row: ${message}. ${stands} with another. ${next} If it is lost again and ` +
    "again, fewer paths make steps shorter, other tabs may be using the GPU, and the CPU is always there."
  );
}

export const recoveredInWords = (step: number): string =>
  step > 0
    ? `A new one was opened, and the run goes on from its last step, number ${step}.`
    : "A new one was opened, and the run goes on from its last step, number 0: its start.";

export const lostActions = ({ seconds, times }: Lost): NoticeAction[] => [
  ...(seconds > 0 ? [{ label: "Open it now", run: () => remedies.retry() }] : []),
  ...(times > 1 ? [{ label: "Go on with the CPU", run: () => remedies.onCpu() }] : []),
];
