/** Pieces of one memory, lent and taken back: the first that is large enough, neighbours joined when they are free. */

const grain = 256;
/** Vectors may reach beyond a piece by this much: what lies there is not looked at. */
const margin = 64;

export class Pieces {
  /** Free pieces by where they begin, in order. */
  private free: { at: number; bytes: number }[] = [];
  private readonly lent = new Map<number, number>();
  /** Memory from here on has never been lent. */
  end: number;

  constructor(
    begin: number,
    private readonly limit: number,
  ) {
    this.end = begin;
  }

  /** Where a piece begins, and whether it is used for the first time; undefined where there is no room. */
  take(wanted: number): { at: number; fresh: boolean } | undefined {
    const bytes = Math.ceil((wanted + margin) / grain) * grain;
    const n = this.free.findIndex((f) => f.bytes >= bytes);
    if (n >= 0) {
      const piece = this.free[n]!;
      this.lent.set(piece.at, bytes);
      if (piece.bytes === bytes) this.free.splice(n, 1);
      else this.free[n] = { at: piece.at + bytes, bytes: piece.bytes - bytes };
      return { at: piece.at, fresh: false };
    }
    if (this.end + bytes > this.limit) return undefined;
    const at = this.end;
    this.end += bytes;
    this.lent.set(at, bytes);
    return { at, fresh: true };
  }

  giveBack(at: number): void {
    const bytes = this.lent.get(at);
    if (bytes === undefined) return;
    this.lent.delete(at);
    let n = this.free.findIndex((f) => f.at > at);
    if (n < 0) n = this.free.length;
    this.free.splice(n, 0, { at, bytes });
    this.join(n);
    this.join(n - 1);
  }

  /** Joins a free piece with the next. */
  private join(n: number): void {
    const [a, b] = [this.free[n], this.free[n + 1]];
    if (a && b && a.at + a.bytes === b.at) this.free.splice(n, 2, { at: a.at, bytes: a.bytes + b.bytes });
  }
}
