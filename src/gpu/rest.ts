/**
 * Rest between looks at the device. Dawn in Node learns that work is done by asking at every turn of the event loop, which
 * keeps a core busy; where the adapter is software, that core is taken from the work itself. So while something is waited
 * for, each turn of the loop sleeps for a small part of the time waited so far.
 */

/** The part of the time waited so far that a turn sleeps, and its bounds in milliseconds. */
const share = 0.05;
const shortest = 0.05;
const longest = 1;

export class Rest {
  private waiting = 0;
  private since = 0;
  private turning = false;
  /** Nothing ever wakes a sleeper: the word is for its time-out alone. */
  private readonly word = new Int32Array(new SharedArrayBuffer(4));

  /** Waits for a promise that the device settles. */
  async during<T>(work: Promise<T>): Promise<T> {
    this.waiting += 1;
    this.since = performance.now();
    if (!this.turning) {
      this.turning = true;
      setImmediate(this.turn);
    }
    try {
      return await work;
    } finally {
      this.waiting -= 1;
      this.since = performance.now();
    }
  }

  private readonly turn = (): void => {
    this.turning = this.waiting > 0;
    if (!this.turning) return;
    const waited = performance.now() - this.since;
    Atomics.wait(this.word, 0, 0, Math.min(longest, Math.max(shortest, share * waited)));
    setImmediate(this.turn);
  };
}
