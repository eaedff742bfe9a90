/** Storage buffers by size class: what is given back is lent again, as creating buffers costs more than a dispatch. */
import { SaltationError } from "../errors.js";

/** A storage buffer lent by the pool; `dispose` gives it back. */
export interface Storage {
  readonly label: string;
  /** Bytes asked for. The buffer is up to an eighth larger, so a kernel's `arrayLength` is no count: pass counts as uniforms. */
  readonly bytes: number;
  /** @throws SaltationError `disposed` once given back. */
  readonly buffer: GPUBuffer;
  /**
   * Gives the buffer back; a second time does no harm. Commands already submitted still see it. Submit a batch before
   * giving back what it uses: the next borrower may be submitted first.
   */
  dispose(): void;
}

/** A caller's own buffers are bound beside those of the pool. */
export const bufferOf = (s: Storage | GPUBuffer): GPUBuffer => ("buffer" in s ? s.buffer : s);

/** Free bytes that are always kept. */
const keptBytes = 256 * 2 ** 20;

/** A free buffer that was not asked for during this many submissions is of a size no longer used. */
const oldAge = 256;

interface Free {
  buffer: GPUBuffer;
  since: number;
}

/** Size classes of an eighth of a power of two: at most 12.5 % is wasted, and buffers are found again. */
export function sizeClass(bytes: number): number {
  const unit = Math.max(256, 2 ** (Math.floor(Math.log2(Math.max(bytes, 1))) - 3));
  return Math.ceil(Math.max(bytes, 4) / unit) * unit;
}

export class BufferPool {
  private readonly free = new Map<number, Free[]>();
  private readonly all = new Set<GPUBuffer>();
  private lent = 0;
  private peak = 0;
  private total = 0;
  private age = 0;

  /**
   * @param limit largest buffer, in bytes.
   * @param create makes a buffer of a size.
   * @param dropped is told when buffers were destroyed, so that nothing that refers to them is kept.
   */
  constructor(
    private readonly limit: number,
    private readonly create: (label: string, size: number) => GPUBuffer,
    private readonly dropped: () => void,
  ) {}

  /** Bytes lent out, and the most there ever were. */
  get bytesInUse(): number {
    return this.lent;
  }

  get peakBytes(): number {
    return this.peak;
  }

  /** Bytes of all buffers, lent or free. */
  get heldBytes(): number {
    return this.total;
  }

  take(label: string, bytes: number): Storage {
    const size = Math.min(sizeClass(bytes), Math.floor(this.limit / 4) * 4);
    let buffer = this.free.get(size)?.pop()?.buffer;
    if (!buffer) {
      if (this.total - this.lent > keptBytes) this.drop((f) => this.age - f.since > oldAge);
      buffer = this.create(label, size);
      this.all.add(buffer);
      this.total += size;
    }
    this.lent += size;
    this.peak = Math.max(this.peak, this.lent);
    return new Lent(label, bytes, buffer, (b) => this.giveBack(b, size));
  }

  private giveBack(buffer: GPUBuffer, size: number): void {
    if (!this.all.has(buffer)) return; // the pool is gone
    this.lent -= size;
    const list = this.free.get(size) ?? [];
    list.push({ buffer, since: this.age });
    this.free.set(size, list);
  }

  /** Counts a submission. */
  tick(): void {
    this.age++;
  }

  /** Destroys free buffers; those that are lent stay. */
  drop(which: (free: { since: number }) => boolean = () => true): void {
    for (const [size, list] of this.free) {
      const kept = list.filter((f) => {
        if (!which(f)) return true;
        f.buffer.destroy();
        this.all.delete(f.buffer);
        this.total -= size;
        return false;
      });
      if (kept.length > 0) this.free.set(size, kept);
      else this.free.delete(size);
    }
    this.dropped();
  }

  /** Forgets every buffer, and destroys them where the device still lives. */
  dispose(destroy: boolean): void {
    if (destroy) for (const buffer of this.all) buffer.destroy();
    this.all.clear();
    this.free.clear();
    this.lent = 0;
    this.total = 0;
  }
}

class Lent implements Storage {
  private held: GPUBuffer | undefined;

  constructor(
    readonly label: string,
    readonly bytes: number,
    buffer: GPUBuffer,
    private readonly giveBack: (buffer: GPUBuffer) => void,
  ) {
    this.held = buffer;
  }

  get buffer(): GPUBuffer {
    if (!this.held) {
      throw new SaltationError("disposed", `buffer "${this.label}" was disposed; use it before, or keep it longer`);
    }
    return this.held;
  }

  dispose(): void {
    const buffer = this.held;
    this.held = undefined;
    if (buffer) this.giveBack(buffer);
  }
}
