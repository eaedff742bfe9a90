/** Random choices of the campaign: each item has a stream of its own, so that one is made again without those before it. */
import { threefryInto } from "../../src/driver/threefry.js";

export class Random {
  private counter = 0;
  private readonly words = new Uint32Array(2);

  /** @param stream tells draws apart that serve different ends. */
  constructor(
    private readonly seed: number,
    private readonly item: number,
    private readonly stream = 0,
  ) {}

  /** A whole number from 0 to 2³² − 1. */
  bits(): number {
    threefryInto(this.words, this.seed >>> 0, this.item >>> 0, this.counter++, this.stream);
    return this.words[0]!;
  }

  /** A number in [0, 1). */
  unit(): number {
    return this.bits() / 2 ** 32;
  }

  /** A whole number from 0 to n − 1. */
  below(n: number): number {
    return Math.floor(this.unit() * n);
  }

  between(low: number, high: number): number {
    return low + this.unit() * (high - low);
  }

  chance(p: number): boolean {
    return this.unit() < p;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }
}
