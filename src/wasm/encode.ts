/**
 * WebAssembly's binary format, as much of it as one function over an imported memory takes (WebAssembly Core Specification
 * 2.0, with threads' atomic operations). No relaxed operations: what they give differs from machine to machine.
 */

/** Types of values. */
export const wasmType = { i32: 0x7f, f32: 0x7d, v128: 0x7b } as const;
export type WasmType = keyof typeof wasmType;

/** Operations of one byte. */
const plain = {
  return: 0x0f, select: 0x1b, "i32.eqz": 0x45, "i32.eq": 0x46, "i32.ne": 0x47, "i32.lt_s": 0x48, "i32.lt_u": 0x49,
  "i32.gt_s": 0x4a, "i32.gt_u": 0x4b, "i32.le_s": 0x4c, "i32.le_u": 0x4d, "i32.ge_s": 0x4e, "i32.ge_u": 0x4f,
  "i32.add": 0x6a, "i32.sub": 0x6b, "i32.mul": 0x6c, "i32.div_s": 0x6d, "i32.div_u": 0x6e, "i32.rem_s": 0x6f,
  "i32.rem_u": 0x70, "i32.and": 0x71, "i32.or": 0x72, "i32.xor": 0x73, "i32.shl": 0x74, "i32.shr_s": 0x75,
  "i32.shr_u": 0x76, drop: 0x1a,
} as const; // biome-ignore format: a table

/** Operations on vectors, after the byte 0xfd. */
const vector = {
  "i32x4.splat": 17, "f32x4.splat": 19, "f32x4.eq": 65, "f32x4.ne": 66, "f32x4.lt": 67, "f32x4.gt": 68, "f32x4.le": 69,
  "f32x4.ge": 70, "i32x4.eq": 55, "i32x4.ne": 56, "i32x4.lt_s": 57, "i32x4.lt_u": 58, "i32x4.gt_s": 59,
  "i32x4.gt_u": 60, "i32x4.le_s": 61, "i32x4.le_u": 62, "i32x4.ge_s": 63, "i32x4.ge_u": 64, "v128.not": 77,
  "v128.and": 78, "v128.andnot": 79, "v128.or": 80, "v128.xor": 81, "v128.bitselect": 82, "v128.any_true": 83,
  "f32x4.ceil": 103, "f32x4.floor": 104, "f32x4.trunc": 105, "f32x4.nearest": 106, "i32x4.abs": 160, "i32x4.neg": 161,
  "i32x4.all_true": 163, "i32x4.bitmask": 164, "i32x4.shl": 171, "i32x4.shr_s": 172, "i32x4.shr_u": 173,
  "i32x4.add": 174, "i32x4.sub": 177, "i32x4.mul": 181, "i32x4.min_s": 182, "i32x4.min_u": 183, "i32x4.max_s": 184,
  "i32x4.max_u": 185, "f32x4.abs": 224, "f32x4.neg": 225, "f32x4.sqrt": 227, "f32x4.add": 228, "f32x4.sub": 229,
  "f32x4.mul": 230, "f32x4.div": 231, "f32x4.pmin": 234, "f32x4.pmax": 235, "i32x4.trunc_sat_f32x4_s": 248,
  "i32x4.trunc_sat_f32x4_u": 249, "f32x4.convert_i32x4_s": 250, "f32x4.convert_i32x4_u": 251,
} as const; // biome-ignore format: a table

const lanes = { "i32x4.extract_lane": 27, "i32x4.replace_lane": 28 } as const;
const memory = { "i32.load": [0x28], "i32.store": [0x36], "v128.load": [0xfd, 0], "v128.store": [0xfd, 11], "v128.load32_splat": [0xfd, 9] } as const; // biome-ignore format: a table
const laneMemory = { "v128.load32_lane": 86, "v128.store32_lane": 90 } as const;
const atomic = { add: 0x1e, sub: 0x25, and: 0x2c, or: 0x33, xor: 0x3a, exchange: 0x41, compareExchange: 0x48 } as const;

export type Instruction = keyof typeof plain | keyof typeof vector;

const isPlain = new Map<string, number>(Object.entries(plain));
const isVector = new Map<string, number>(Object.entries(vector));

/** A list of bytes that grows. */
export class Bytes {
  private data = new Uint8Array(1024);
  length = 0;

  byte(b: number): void {
    if (this.length === this.data.length) this.grow(this.length + 1);
    this.data[this.length++] = b;
  }

  private grow(length: number): void {
    const larger = new Uint8Array(Math.max(2 * this.data.length, length));
    larger.set(this.data);
    this.data = larger;
  }

  /** LEB128. */
  unsigned(n: number): void {
    let rest = n >>> 0;
    for (; rest > 0x7f; rest >>>= 7) this.byte((rest & 0x7f) | 0x80);
    this.byte(rest);
  }

  signed(n: number): void {
    let rest = n | 0;
    for (;;) {
      const low = rest & 0x7f;
      rest >>= 7;
      const done = (rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0);
      this.byte(done ? low : low | 0x80);
      if (done) return;
    }
  }

  append(other: Bytes): void {
    const length = this.length + other.length;
    if (length > this.data.length) this.grow(length);
    this.data.set(other.data.subarray(0, other.length), this.length);
    this.length = length;
  }

  text(s: string): void {
    const bytes = new TextEncoder().encode(s);
    this.unsigned(bytes.length);
    for (const b of bytes) this.byte(b);
  }

  get all(): Uint8Array<ArrayBuffer> {
    return this.data.slice(0, this.length);
  }
}

/** The body of a function as it is written: locals, and instructions in structured control flow. */
export class Code {
  private readonly bytes = new Bytes();
  private readonly locals: WasmType[] = [];
  /** How many blocks are open. */
  depth = 0;

  constructor(private readonly parameters: number) {}

  local(type: WasmType): number {
    this.locals.push(type);
    return this.parameters + this.locals.length - 1;
  }

  op(name: Instruction): void {
    const one = isPlain.get(name);
    if (one !== undefined) {
      this.bytes.byte(one);
      return;
    }
    this.bytes.byte(0xfd);
    this.bytes.unsigned(isVector.get(name)!);
  }

  lane(name: keyof typeof lanes, lane: number): void {
    this.bytes.byte(0xfd);
    this.bytes.unsigned(lanes[name]);
    this.bytes.byte(lane);
  }

  /** Offsets are in bytes; all addresses are multiples of 4. */
  memory(name: keyof typeof memory, offset = 0): void {
    for (const b of memory[name]) this.bytes.byte(b);
    this.bytes.unsigned(2);
    this.bytes.unsigned(offset);
  }

  laneMemory(name: keyof typeof laneMemory, lane: number, offset = 0): void {
    this.bytes.byte(0xfd);
    this.bytes.unsigned(laneMemory[name]);
    this.bytes.unsigned(2);
    this.bytes.unsigned(offset);
    this.bytes.byte(lane);
  }

  /** Four words of two vectors: 0 to 3 are those of the first. */
  shuffle(words: readonly [number, number, number, number]): void {
    this.bytes.byte(0xfd);
    this.bytes.unsigned(13);
    for (const w of words) for (let k = 0; k < 4; k++) this.bytes.byte(4 * w + k);
  }

  atomic(name: keyof typeof atomic): void {
    this.bytes.byte(0xfe);
    this.bytes.unsigned(atomic[name]);
    this.bytes.unsigned(2);
    this.bytes.unsigned(0);
  }

  /** Sets memory: address, byte and length are on the stack. */
  fill(): void {
    for (const b of [0xfc, 11, 0]) this.bytes.byte(b);
  }

  get(local: number): void {
    this.bytes.byte(0x20);
    this.bytes.unsigned(local);
  }

  set(local: number): void {
    this.bytes.byte(0x21);
    this.bytes.unsigned(local);
  }

  tee(local: number): void {
    this.bytes.byte(0x22);
    this.bytes.unsigned(local);
  }

  i32(n: number): void {
    this.bytes.byte(0x41);
    this.bytes.signed(n);
  }

  /** Four words. */
  v128(words: readonly [number, number, number, number]): void {
    this.bytes.byte(0xfd);
    this.bytes.unsigned(12);
    for (const w of words) for (let k = 0; k < 32; k += 8) this.bytes.byte((w >>> k) & 0xff);
  }

  /** Opens a block; what it returns is for `br`. */
  open(kind: "block" | "loop" | "if"): number {
    this.bytes.byte({ block: 0x02, loop: 0x03, if: 0x04 }[kind]);
    this.bytes.byte(0x40);
    this.depth += 1;
    return this.depth;
  }

  otherwise(): void {
    this.bytes.byte(0x05);
  }

  end(): void {
    this.bytes.byte(0x0b);
    this.depth -= 1;
  }

  /** To the end of a block, or the beginning of a loop. */
  br(to: number, when = false): void {
    this.bytes.byte(when ? 0x0d : 0x0c);
    this.bytes.unsigned(this.depth - to);
  }

  /** With its locals and its end. */
  finish(): Bytes {
    const all = new Bytes();
    const runs: [number, WasmType][] = [];
    for (const type of this.locals) {
      const last = runs.at(-1);
      if (last?.[1] === type) last[0] += 1;
      else runs.push([1, type]);
    }
    all.unsigned(runs.length);
    for (const [count, type] of runs) {
      all.unsigned(count);
      all.byte(wasmType[type]);
    }
    all.append(this.bytes);
    all.byte(0x0b);
    return all;
  }
}

/** A module of one function `run` of so many i32, over the memory `env.memory`, which is shared if `sharedPages` are given. */
export function moduleOf(code: Code, parameters: number, sharedPages: number | undefined): Uint8Array<ArrayBuffer> {
  const all = new Bytes();
  for (const b of [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]) all.byte(b);
  const section = (id: number, write: (bytes: Bytes) => void): void => {
    const bytes = new Bytes();
    write(bytes);
    all.byte(id);
    all.unsigned(bytes.length);
    all.append(bytes);
  };
  section(1, (b) => {
    b.unsigned(1);
    b.byte(0x60);
    b.unsigned(parameters);
    for (let i = 0; i < parameters; i++) b.byte(wasmType.i32);
    b.unsigned(0);
  });
  section(2, (b) => {
    b.unsigned(1);
    b.text("env");
    b.text("memory");
    b.byte(2);
    b.byte(sharedPages === undefined ? 0 : 3);
    b.unsigned(0);
    if (sharedPages !== undefined) b.unsigned(sharedPages);
  });
  section(3, (b) => {
    b.unsigned(1);
    b.unsigned(0);
  });
  section(7, (b) => {
    b.unsigned(1);
    b.text("run");
    b.byte(0);
    b.unsigned(0);
  });
  section(10, (b) => {
    const body = code.finish();
    b.unsigned(1);
    b.unsigned(body.length);
    b.append(body);
  });
  return all.all;
}
