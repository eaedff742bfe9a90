/** A question that stands on the page until it is answered, while everything goes on. */
import { signal } from "@preact/signals";
import { say } from "./spoken.js";

export interface Question {
  text: string;
  /** What the answers say. */
  yes: string;
  no: string;
  answer(yes: boolean): void;
}

export const question = signal<Question | undefined>(undefined);

/** Asks; of a question that another one follows the answer is no. */
export function ask(text: string, yes: string, no: string): Promise<boolean> {
  question.value?.answer(false);
  say(text);
  return new Promise((resolve) => {
    const asked: Question = {
      text,
      yes,
      no,
      answer(answer) {
        if (question.value === asked) question.value = undefined;
        resolve(answer);
      },
    };
    question.value = asked;
  });
}
