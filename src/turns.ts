/** After so many milliseconds of work the event loop gets a turn: progress bars and pages stay alive. */
const span = 50;

/** Of a long loop: `if (turns.due()) await turns.take()`. */
export class Turns {
  private last = performance.now();

  due(): boolean {
    return performance.now() - this.last > span;
  }

  async take(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, 0));
    this.last = performance.now();
  }
}

/** Visits 0 to count − 1, and lets others have their turn in between. */
export async function inTurns(
  count: number,
  progress: ((done: number) => void) | undefined,
  visit: (i: number) => void,
): Promise<void> {
  const turns = new Turns();
  for (let i = 0; i < count; i++) {
    visit(i);
    if (turns.due()) {
      progress?.(i + 1);
      await turns.take();
    }
  }
  progress?.(count);
}

/**
 * What the steps of an iterator come to, until a signal: its reason is then thrown at once, in the middle of a step. What
 * that step still does is nobody's.
 */
export async function* untilAborted<T>(
  steps: AsyncGenerator<T, void, void>,
  signal: AbortSignal,
): AsyncGenerator<T, void, void> {
  let abort = (): void => {};
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason);
  });
  aborted.catch(() => {}); // also where it comes between two steps
  signal.addEventListener("abort", abort);
  try {
    for (;;) {
      signal.throwIfAborted();
      const { done, value } = await Promise.race([steps.next(), aborted]);
      if (done) return;
      yield value;
    }
  } finally {
    signal.removeEventListener("abort", abort);
    const ended = steps.return();
    // The end of a step under way comes when it comes.
    if (signal.aborted) ended.catch(() => {});
    else await ended;
  }
}

/**
 * Several reads fail together, and who waits for one after the other stops at the first: the others, and what is made of
 * them, must not be told as unhandled, which ends the process.
 */
export function handled<T>(read: Promise<T>): Promise<T> {
  read.catch(() => {});
  return read;
}
