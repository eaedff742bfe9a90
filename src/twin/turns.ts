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
