/** Collects spikes sample by sample, in arrays that grow: encoders do not know beforehand how many come. */
import { fail } from "../checks.js";
import { limits } from "../files/limits.js";
import { type SpikeData, sortSample } from "./spike-data.js";

export class SpikeBuilder {
  private times = new Float64Array(1024);
  private sources = new Uint32Array(1024);
  private readonly offsets: Uint32Array;
  private spikes = 0;
  private done = 0;

  /** @param field what is encoded, for messages. */
  constructor(
    private readonly field: string,
    private readonly count: number,
  ) {
    if (count > limits.lists) fail(field, `holds ${count} samples; at most ${limits.lists} are taken, take fewer`);
    this.offsets = new Uint32Array(count + 1);
  }

  /** A spike of the sample at hand, in any order. @throws SaltationError `invalid-input` beyond the limit. */
  add(time: number, source: number): void {
    if (this.spikes === this.times.length) this.grow();
    this.times[this.spikes] = time;
    this.sources[this.spikes++] = source;
  }

  private grow(): void {
    const { field, spikes } = this;
    if (spikes >= limits.numbers) {
      fail(field, `gives more than ${limits.numbers} spikes by sample ${this.done}; encode fewer samples at once`);
    }
    const [times, sources] = [this.times, this.sources];
    const length = Math.min(2 * spikes, limits.numbers);
    this.times = new Float64Array(length);
    this.times.set(times);
    this.sources = new Uint32Array(length);
    this.sources.set(sources);
  }

  /** The sample at hand has all its spikes; the next one begins. */
  endSample(): void {
    sortSample(this.times, this.sources, this.offsets[this.done]!, this.spikes);
    this.offsets[++this.done] = this.spikes;
  }

  data(sourceCount: number, labels?: Int32Array): SpikeData {
    return {
      offsets: this.offsets,
      times: this.times.slice(0, this.spikes),
      sources: this.sources.slice(0, this.spikes),
      ...(labels === undefined ? {} : { labels }),
      count: this.count,
      sourceCount,
    };
  }
}
