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
