/**
 * Kernel → WebAssembly: four lanes a vector, and as many vectors side by side as the lanes that wait for each other. What
 * all lanes have in common is one number; a condition on the rest is a mask, under which variables keep their value in the
 * lanes that are not there, and which a branch skips where no lane is.
 *
 * `run(args, scratch, first, count)` executes so many workgroups. At `args` lie, a word each: how many workgroups there are
 * along x, y and z; where the uniform is; and of each storage binding its first byte and its words.
 */
import { Code, type Instruction, moduleOf } from "./encode.js";
import { type Block, type Conditional, type Ir, type Loop, lasting, type Place, type Scope, type Statement, type Value, type Variable } from "./ir.js"; // biome-ignore format: one line
import { atomicOps } from "./lower.js";
import { bitsOf } from "./optimise.js";

/** Parameters of `run`. */
const [argsAt, scratchAt, firstAt, countAt] = [0, 1, 2, 3];
export const parameters = 4;

/** Bytes at the begin of `scratch` to which is written what no lane has. */
export const scratchHead = 16;

/** Words at the begin of `args`. */
export const argsHead = 4;

/** Those for which code is executed, as masks by vector; none where all are there. */
interface Context {
  readonly masks: number[] | undefined;
  readonly outer: Context | undefined;
  readonly by: object;
}

/** Numbers that are there before a kernel begins. */
const given = new Set(["lane", "group", "groups", "length"]);
/** Operations on vectors whose instruction has another name. */
const instructions: Readonly<Record<"f32" | "u32" | "i32", Readonly<Record<string, Instruction>>>> = {
  f32: { min: "f32x4.pmin", max: "f32x4.pmax", round: "f32x4.nearest" },
  i32: { min: "i32x4.min_s", max: "i32x4.max_s", abs: "i32x4.abs" },
  u32: { min: "i32x4.min_u", max: "i32x4.max_u", abs: "v128.and" },
};
const orders = new Set(["lt", "le", "gt", "ge"]);
const integer = { add: "add", sub: "sub", mul: "mul", and: "and", or: "or", xor: "xor" } as const;
/** A mask costs about as much as this many operations under it. */
const flattened = 8;
/** Statements that are written twice rather than have them wait for what decides whether they are executed. */
const twice = 24;

class Emitter {
  private readonly code = new Code(parameters);
  private readonly vectors: number;
  private readonly splats = new Map<Value, number>();
  private readonly declared = new Map<Variable, Context>();
  private readonly targets = new Map<object, { exit: number; next: number }>();
  private readonly lanes: number[];
  private readonly group: number[];
  private readonly groups: number[];
  private readonly bases = new Map<number, { base: number; words: number; last: number }>();
  private readonly uniforms = new Map<string, number[]>();
  private readonly privateAt: number;
  private readonly workgroupAt: number;
  private readonly temporaries: { i32: number[]; v128: number[] } = { i32: [], v128: [] };

  constructor(private readonly ir: Ir) {
    const [size] = ir.workgroupSize;
    this.vectors = ir.barriers ? Math.ceil(size / 4) : 1;
    const { code } = this;
    const i32s = (n: number): number[] => Array.from({ length: n }, () => code.local("i32"));
    this.lanes = Array.from({ length: this.vectors }, () => code.local("v128"));
    this.group = i32s(3);
    this.groups = i32s(3);
    [this.privateAt, this.workgroupAt] = i32s(2) as [number, number];
  }

  // Preparation

  private use(value: Value | undefined, block: Block): void {
    if (!value || value.op === "const") return;
    value.usedIn = value.uses === 0 || value.usedIn === block ? block : undefined;
    value.uses += 1;
  }

  private countUses(block: Block): void {
    for (const s of block.statements) {
      switch (s.kind) {
        case "value": {
          const { value } = s;
          value.definedIn = block;
          for (const a of value.args) {
            this.use(a, block);
            if (!value.uniform || value.type === "f32" || a.type === "f32") a.splat = true;
          }
          break;
        }
        case "declare":
        case "set":
          this.use(s.value, block);
          if (s.kind === "set") s.value.assigned = true;
          if (!s.variable.uniform) s.value.splat = true;
          break;
        case "store":
          this.use(s.value, block);
          this.use(s.index, block);
          break;
        case "if":
          this.use(s.test, block);
          this.countUses(s.yes);
          this.countUses(s.no);
          break;
        case "loop":
          this.countUses(s.body);
          this.countUses(s.continuing);
          this.use(s.until, s.continuing);
          break;
        case "scope":
          this.countUses(s.body);
      }
    }
  }

  /** Uniform values of the run: read once. */
  private readUniforms(block: Block): void {
    for (const s of block.statements) {
      if (s.kind === "value") {
        const { value } = s;
        if (!isUniformLoad(value)) continue;
        const { words } = value.imm as Place;
        const key = `${value.type}${words}`;
        let locals = this.uniforms.get(key);
        if (!locals) {
          const { code } = this;
          const local = code.local(value.type === "f32" ? "v128" : "i32");
          code.get(argsAt);
          code.memory("i32.load", 12);
          code.memory(value.type === "f32" ? "v128.load32_splat" : "i32.load", 4 * words);
          code.set(local);
          locals = [local];
          this.uniforms.set(key, locals);
        }
        value.locals = locals;
        if (value.type !== "f32" && value.splat) this.splatOf(value, locals[0]!);
      } else if (s.kind === "if") {
        this.readUniforms(s.yes);
        this.readUniforms(s.no);
      } else if (s.kind === "loop") {
        this.readUniforms(s.body);
        this.readUniforms(s.continuing);
      } else if (s.kind === "scope") this.readUniforms(s.body);
    }
  }

  emit(sharedPages: number | undefined): Uint8Array<ArrayBuffer> {
    const { code, ir } = this;
    this.countUses(ir.body);
    for (let axis = 0; axis < 3; axis++) {
      code.get(argsAt);
      code.memory("i32.load", 4 * axis);
      code.set(this.groups[axis]!);
    }
    ir.bindings.forEach((binding, n) => {
      const [base, words, last] = [code.local("i32"), code.local("i32"), code.local("i32")];
      code.get(argsAt);
      code.memory("i32.load", 4 * (argsHead + 2 * n));
      code.set(base);
      code.get(argsAt);
      code.memory("i32.load", 4 * (argsHead + 2 * n + 1));
      code.tee(words);
      code.i32(1);
      code.op("i32.sub");
      code.set(last);
      this.bases.set(binding, { base, words, last });
    });
    code.get(scratchAt);
    code.i32(scratchHead);
    code.op("i32.add");
    code.tee(this.workgroupAt);
    code.i32(4 * ir.workgroupWords);
    code.op("i32.add");
    code.set(this.privateAt);
    this.readUniforms(ir.body);
    this.overGroups();
    return moduleOf(code, parameters, sharedPages);
  }

  private overGroups(): void {
    const { code, ir } = this;
    const [size] = ir.workgroupSize;
    const exit = code.open("block");
    code.get(countAt);
    code.op("i32.eqz");
    code.br(exit, true);
    const top = code.open("loop");
    // The numbers of the workgroup.
    const [x, y, z] = this.group as [number, number, number];
    const rest = code.local("i32");
    const divided = (from: number, by: number, remainder: number, quotient: number): void => {
      code.get(from);
      code.get(by);
      code.op("i32.rem_u");
      code.set(remainder);
      code.get(from);
      code.get(by);
      code.op("i32.div_u");
      code.set(quotient);
    };
    divided(firstAt, this.groups[0]!, x, rest);
    divided(rest, this.groups[1]!, y, z);
    const rounds = Math.ceil(size / (4 * this.vectors));
    const round = code.local("i32");
    code.i32(0);
    code.set(round);
    const again = code.open("loop");
    this.lanes.forEach((lane, n) => {
      code.v128([4 * n, 4 * n + 1, 4 * n + 2, 4 * n + 3]);
      code.get(round);
      code.op("i32x4.splat");
      code.op("i32x4.add");
      code.set(lane);
    });
    let all: Context = { masks: undefined, outer: undefined, by: {} };
    if (size % 4 !== 0) {
      const masks = this.lanes.map((lane) => {
        const mask = code.local("v128");
        code.get(lane);
        code.v128([size, size, size, size]);
        code.op("i32x4.lt_u");
        code.set(mask);
        return mask;
      });
      all = { masks, outer: undefined, by: {} };
    }
    this.block(ir.body, all);
    if (rounds > 1) {
      code.get(round);
      code.i32(4 * this.vectors);
      code.op("i32.add");
      code.tee(round);
      code.i32(4 * this.vectors * rounds);
      code.op("i32.lt_u");
      code.br(again, true);
    }
    code.end();
    code.get(firstAt);
    code.i32(1);
    code.op("i32.add");
    code.set(firstAt);
    code.get(countAt);
    code.i32(1);
    code.op("i32.sub");
    code.tee(countAt);
    code.br(top, true);
    code.end();
    code.end();
  }

  // Values

  private wide(thing: Value | Variable): boolean {
    return !thing.uniform || thing.type === "f32";
  }

  private newLocals(type: "i32" | "v128", count: number): number[] {
    return Array.from({ length: count }, () => this.code.local(type));
  }

  /** The local of a value or variable in vector n. */
  private localOf(thing: Value | Variable, n: number): number {
    thing.locals ??= this.newLocals(this.wide(thing) ? "v128" : "i32", thing.uniform ? 1 : this.vectors);
    return thing.locals[thing.uniform ? 0 : n]!;
  }

  private splatOf(value: Value, from: number): void {
    const { code } = this;
    const local = code.local("v128");
    code.get(from);
    this.spread(value);
    code.set(local);
    this.splats.set(value, local);
  }

  /** The number on the stack, to all lanes. */
  private spread(value: Value): void {
    const { code } = this;
    if (value.type === "bool") {
      const number = this.borrow("i32");
      code.set(number);
      code.i32(0);
      code.get(number);
      code.op("i32.sub");
      this.giveBack("i32", number);
    }
    code.op("i32x4.splat");
  }

  private borrow(type: "i32" | "v128"): number {
    return this.temporaries[type].pop() ?? this.code.local(type);
  }

  private giveBack(type: "i32" | "v128", local: number): void {
    this.temporaries[type].push(local);
  }

  /** Pushes a value as a vector. */
  private vector(value: Value, n: number): void {
    const { code } = this;
    if (value.op === "const") {
      const bits = value.type === "bool" ? -Number(value.imm as number) : bitsOf(value);
      code.v128([bits, bits, bits, bits]);
      return;
    }
    if (value.deferred) {
      this.operation(value, n);
      if (!this.wide(value)) this.spread(value);
      return;
    }
    if (value.op === "lane") {
      code.get(this.lanes[n]!);
      return;
    }
    const splat = value.splat ? this.splats.get(value) : undefined;
    if (splat !== undefined) {
      code.get(splat);
      return;
    }
    this.scalarless(value, n);
    if (!this.wide(value)) this.spread(value);
  }

  private scalarless(value: Value, n: number): void {
    const { code } = this;
    if (value.op === "group") {
      code.get(this.group[value.imm as number]!);
      return;
    }
    if (value.op === "groups") {
      code.get(this.groups[value.imm as number]!);
      return;
    }
    if (value.op === "length") {
      code.get(this.bases.get((value.imm as Place).at)!.words);
      return;
    }
    code.get(this.localOf(value, n));
  }

  /** Pushes what all lanes have, as one number. */
  private number(value: Value): void {
    const { code } = this;
    if (value.op === "const") {
      code.i32(bitsOf(value));
      return;
    }
    if (value.type === "f32") {
      this.vector(value, 0);
      code.lane("i32x4.extract_lane", 0);
      return;
    }
    if (value.deferred) {
      this.operation(value, 0);
      return;
    }
    this.scalarless(value, 0);
  }

  private define(value: Value, block: Block): void {
    const { op } = value;
    if (given.has(op) || isUniformLoad(value)) return;
    if (value.uses === 0 && op !== "atomic") return;
    const once = value.uses === 1 && value.usedIn === block && !lasting.has(op);
    if (once && (this.vectors === 1 || !value.uniform)) {
      value.deferred = true;
      return;
    }
    const { code } = this;
    for (let n = 0; n < (value.uniform ? 1 : this.vectors); n++) {
      this.operation(value, n);
      code.set(this.localOf(value, n));
    }
    if (value.uniform && value.type !== "f32" && value.splat) this.splatOf(value, this.localOf(value, 0));
  }

  /** Pushes what an operation gives, as a vector where the value is wide, else as a number. */
  private operation(value: Value, n: number): void {
    const { code } = this;
    const { op, args, type } = value;
    if (op === "get") {
      code.get(this.localOf(value.imm as Variable, n));
      return;
    }
    if (op === "load") {
      this.load(value, n);
      return;
    }
    if (op === "atomic") {
      this.atomic(value, n, this.context);
      return;
    }
    if (op === "cast") {
      this.cast(value, n);
      return;
    }
    if (op === "convert") {
      this.convert(value, n);
      return;
    }
    const of = args[0]!.type;
    if (this.wide(value) || of === "f32") {
      this.vectorOperation(value, n);
      if (!this.wide(value)) {
        // A comparison of numbers that all lanes have in common.
        code.lane("i32x4.extract_lane", 0);
        if (type === "bool") {
          code.i32(1);
          code.op("i32.and");
        }
      }
      return;
    }
    this.numberOperation(value);
  }

  private numberOperation(value: Value): void {
    const { code } = this;
    const { op, args, type } = value;
    const sign = args[0]!.type === "i32" ? "s" : "u";
    if (op === "select") {
      this.number(args[1]!);
      this.number(args[0]!);
      this.number(args[2]!);
      code.op("select");
      return;
    }
    if (op === "not") {
      this.number(args[0]!);
      if (type === "bool") {
        code.op("i32.eqz");
        return;
      }
      code.i32(-1);
      code.op("i32.xor");
      return;
    }
    if (op === "neg") {
      code.i32(0);
      this.number(args[0]!);
      code.op("i32.sub");
      return;
    }
    if (op === "abs" || op === "min" || op === "max") {
      const [a, b] = [this.borrow("i32"), this.borrow("i32")];
      this.number(args[0]!);
      code.set(a);
      if (op === "abs") {
        code.i32(0);
        code.get(a);
        code.op("i32.sub");
      } else this.number(args[1]!);
      code.set(b);
      code.get(a);
      code.get(b);
      code.get(a);
      code.get(b);
      code.op(`i32.${op === "min" ? "lt" : "gt"}_${sign}`);
      code.op("select");
      this.giveBack("i32", a);
      this.giveBack("i32", b);
      return;
    }
    if (op === "div" || op === "rem") { this.quotient(op, sign, () => this.number(args[0]!), () => this.number(args[1]!)); return; } // biome-ignore format: one line
    this.number(args[0]!);
    this.number(args[1]!);
    if (op in integer) {
      code.op(`i32.${integer[op as "add"]}`);
      return;
    }
    if (op === "shl") {
      code.op("i32.shl");
      return;
    }
    if (op === "shr") {
      code.op(`i32.shr_${sign}`);
      return;
    }
    if (op === "eq" || op === "ne") {
      code.op(`i32.${op}`);
      return;
    }
    code.op(`i32.${op as "lt"}_${sign}`);
  }

  /** Of two numbers; what is divided by 0 stays. */
  private quotient(op: "div" | "rem", sign: "s" | "u", a: () => void, b: () => void): void {
    const { code } = this;
    const by = this.borrow("i32");
    a();
    b();
    code.tee(by);
    code.i32(1);
    code.get(by);
    code.op("select");
    code.op(`i32.${op}_${sign}`);
    this.giveBack("i32", by);
  }

  private vectorOperation(value: Value, n: number): void {
    const { code } = this;
    const { op, args } = value;
    const of = args[0]!.type;
    const lane = of === "f32" ? "f32x4" : "i32x4";
    const sign = of === "i32" ? "s" : "u";
    if (op === "select") {
      const [no, yes, test] = args as [Value, Value, Value];
      this.chosen(
        () => this.vector(no, n),
        isZero(no),
        () => this.vector(yes, n),
        isZero(yes),
        () => this.vector(test, n),
      );
      return;
    }
    if (op === "shl" || op === "shr") {
      this.shift(value, n);
      return;
    }
    if (of !== "f32" && (op === "div" || op === "rem")) {
      this.lanewise(value, n);
      return;
    }
    if (op === "rem") {
      this.vector(args[0]!, n);
      this.vector(args[1]!, n);
      this.vector(args[0]!, n);
      this.vector(args[1]!, n);
      for (const o of ["f32x4.div", "f32x4.trunc", "f32x4.mul", "f32x4.sub"] as const) code.op(o);
      return;
    }
    for (const a of args) this.vector(a, n);
    if (op === "and" || op === "or" || op === "xor" || op === "not") {
      code.op(`v128.${op}`);
      return;
    }
    const direct = instructions[of as "f32"]?.[op];
    if (direct) {
      code.op(direct);
      return;
    }
    if (of !== "f32" && orders.has(op)) {
      code.op(`i32x4.${op as "lt"}_${sign}`);
      return;
    }
    code.op(`${lane}.${op as "add"}`);
  }

  /** One where a mask is set, the other elsewhere; of nothing and something the mask alone makes the choice. */
  private chosen(no: () => void, noIsZero: boolean, yes: () => void, yesIsZero: boolean, mask: () => void): void {
    const { code } = this;
    if (!noIsZero) {
      if (!yesIsZero) yes();
      no();
      mask();
      code.op(yesIsZero ? "v128.andnot" : "v128.bitselect");
      return;
    }
    yes();
    mask();
    code.op("v128.and");
  }

  private shift(value: Value, n: number): void {
    const { code } = this;
    const [a, by] = value.args as [Value, Value];
    if (!by.uniform) {
      this.lanewise(value, n);
      return;
    }
    this.vector(a, n);
    this.number(by);
    code.op(value.op === "shl" ? "i32x4.shl" : a.type === "i32" ? "i32x4.shr_s" : "i32x4.shr_u");
  }

  /** Lane by lane, what vectors do not do. */
  private lanewise(value: Value, n: number): void {
    const { code } = this;
    const { op, args, type } = value;
    const [a, b, result] = [this.borrow("v128"), this.borrow("v128"), this.borrow("v128")];
    const sign = type === "i32" ? "s" : "u";
    this.vector(args[0]!, n);
    code.set(a);
    this.vector(args[1]!, n);
    code.set(b);
    code.v128([0, 0, 0, 0]);
    for (let l = 0; l < 4; l++) {
      const of = (from: number) => (): void => {
        code.get(from);
        code.lane("i32x4.extract_lane", l);
      };
      if (op === "div" || op === "rem") this.quotient(op, sign, of(a), of(b));
      else {
        of(a)();
        of(b)();
        code.op(op === "shl" ? "i32.shl" : `i32.shr_${sign}`);
      }
      code.lane("i32x4.replace_lane", l);
    }
    this.giveBack("v128", a);
    this.giveBack("v128", b);
    this.giveBack("v128", result);
  }

  private cast(value: Value, n: number): void {
    const [a] = value.args as [Value];
    if (this.wide(value)) {
      this.vector(a, n);
      return;
    }
    this.number(a);
  }

  private convert(value: Value, n: number): void {
    const { code } = this;
    const [a] = value.args as [Value];
    if (value.type === "f32") {
      this.toFloat(a, n);
      return;
    }
    this.vector(a, n);
    code.op(value.type === "i32" ? "i32x4.trunc_sat_f32x4_s" : "i32x4.trunc_sat_f32x4_u");
    if (!this.wide(value)) code.lane("i32x4.extract_lane", 0);
  }

  private toFloat(a: Value, n: number): void {
    const { code } = this;
    // Of numbers without a sign that are below 2^31, or are once their last bits, which are 0, are gone.
    const mask = a.op === "and" ? a.args.find((x) => x.op === "const") : undefined;
    const bits = mask
      ? (mask.imm as number) >>> 0
      : a.op === "shr" && a.args[1]!.op === "const"
        ? 0x7fffffff
        : undefined;
    const below = bits === undefined ? 0 : 31 - Math.clz32(bits & -bits);
    // A mask that takes the last bits alone is done by the shift.
    const shifted = mask && bits! >= 2 ** 31 && bits! >>> below === 0xffffffff >>> below && a.deferred;
    this.vector(shifted ? a.args.find((x) => x !== mask)! : a, n);
    if (a.type === "i32" || (bits !== undefined && bits < 2 ** 31)) {
      code.op("f32x4.convert_i32x4_s");
      return;
    }
    const zeros = below;
    if (zeros === 0) {
      code.op("f32x4.convert_i32x4_u");
      return;
    }
    code.i32(zeros);
    code.op("i32x4.shr_u");
    code.op("f32x4.convert_i32x4_s");
    const scale = new DataView(new ArrayBuffer(4));
    scale.setFloat32(0, 2 ** zeros);
    const s = scale.getInt32(0);
    code.v128([s, s, s, s]);
    code.op("f32x4.mul");
  }

  // Memory

  /** Bytes of a word, of what each lane has. */
  private get wordBytes(): number {
    return 16 * this.vectors;
  }

  /** Pushes the word at which something lies, as far as it is there. */
  private word(place: Place, index: Value | undefined): void {
    const { code } = this;
    if (!index) code.i32(place.words);
    else {
      this.number(index);
      if (place.words > 0) {
        code.i32(place.words);
        code.op("i32.add");
      }
    }
    if (place.space !== "storage") return;
    const { last } = this.bases.get(place.at)!;
    const at = this.borrow("i32");
    code.tee(at);
    code.get(last);
    code.get(at);
    code.get(last);
    code.op("i32.lt_u");
    code.op("select");
    this.giveBack("i32", at);
  }

  /** The same of each lane. */
  private words(place: Place, index: Value, n: number): void {
    const { code } = this;
    this.vector(index, n);
    if (place.words > 0) {
      code.v128([place.words, place.words, place.words, place.words]);
      code.op("i32x4.add");
    }
    if (place.space !== "storage") return;
    code.get(this.bases.get(place.at)!.last);
    code.op("i32x4.splat");
    code.op("i32x4.min_u");
  }

  private baseOf(place: Place): number {
    if (place.space === "storage") return this.bases.get(place.at)!.base;
    return place.space === "private" ? this.privateAt : this.workgroupAt;
  }

  /** Bytes from the base on to the variable. */
  private offsetOf(place: Place, n: number): number {
    if (place.space === "private") return place.at * this.wordBytes + 16 * n;
    return place.space === "workgroup" ? 4 * place.at : 0;
  }

  /** Pushes an address that all lanes have in common; of private memory that of the first. */
  private address(place: Place, index: Value | undefined): void {
    const { code } = this;
    if (place.space === "uniform") {
      code.get(argsAt);
      code.memory("i32.load", 12);
    } else code.get(this.baseOf(place));
    this.word(place, index);
    code.i32(place.space === "private" ? this.wordBytes : 4);
    code.op("i32.mul");
    code.op("i32.add");
  }

  /** Pushes the addresses of the lanes. */
  private addresses(place: Place, index: Value, n: number): void {
    const { code } = this;
    this.words(place, index, n);
    if (place.space === "private") {
      const b = this.wordBytes;
      code.v128([b, b, b, b]);
      code.op("i32x4.mul");
      code.v128([0, 4, 8, 12]);
      code.op("i32x4.add");
    } else {
      code.i32(2);
      code.op("i32x4.shl");
    }
    code.get(this.baseOf(place));
    code.op("i32x4.splat");
    code.op("i32x4.add");
  }

  /** Pushes the address of the first of lanes that lie one after another. */
  private contiguous(place: Place, index: Value, n: number): void {
    const { code } = this;
    code.get(this.baseOf(place));
    this.vector(index, n);
    code.lane("i32x4.extract_lane", 0);
    if (place.words > 0) {
      code.i32(place.words);
      code.op("i32.add");
    }
    if (place.space === "storage") this.bounded(this.bases.get(place.at)!.last);
    code.i32(2);
    code.op("i32.shl");
    code.op("i32.add");
  }

  /** Lanes that are not there may be beyond either end, where memory is still to be. */
  private bounded(last: number): void {
    const { code } = this;
    const at = this.borrow("i32");
    code.tee(at);
    code.get(last);
    code.get(at);
    code.get(last);
    code.op("i32.lt_s");
    code.op("select");
    code.tee(at);
    code.i32(-4);
    code.get(at);
    code.i32(-4);
    code.op("i32.gt_s");
    code.op("select");
    this.giveBack("i32", at);
  }

  private load(value: Value, n: number): void {
    const { code } = this;
    const place = value.imm as Place;
    const [index] = value.args;
    const offset = this.offsetOf(place, n);
    if (place.space === "private" && (!index || index.uniform)) {
      this.address(place, index);
      code.memory("v128.load", offset);
      return;
    }
    if (!index || index.uniform) {
      this.address(place, index);
      code.memory(value.type === "f32" ? "v128.load32_splat" : "i32.load", offset);
      return;
    }
    if (index.stride === 1 && place.space !== "private") {
      this.contiguous(place, index, n);
      code.memory("v128.load", offset);
      return;
    }
    const [at, result] = [this.borrow("v128"), this.borrow("v128")];
    this.addresses(place, index, n);
    code.set(at);
    code.get(at);
    code.lane("i32x4.extract_lane", 0);
    code.memory("v128.load32_splat", offset);
    code.set(result);
    for (let l = 1; l < 4; l++) {
      code.get(at);
      code.lane("i32x4.extract_lane", l);
      code.get(result);
      code.laneMemory("v128.load32_lane", l, offset);
      code.set(result);
    }
    code.get(result);
    this.giveBack("v128", at);
    this.giveBack("v128", result);
  }

  private store(place: Place, index: Value | undefined, value: Value, context: Context): void {
    const { code } = this;
    const common = !index || index.uniform;
    if (place.space === "private" && common) {
      for (let n = 0; n < this.vectors; n++) {
        this.address(place, index);
        const offset = this.offsetOf(place, n);
        this.vector(value, n);
        if (context.masks) {
          this.address(place, index);
          code.memory("v128.load", offset);
          code.get(context.masks[n]!);
          code.op("v128.bitselect");
        }
        code.memory("v128.store", offset);
      }
      return;
    }
    if (common && value.uniform) {
      const exit = code.open("block");
      if (context.masks) {
        this.any(context.masks);
        code.op("i32.eqz");
        code.br(exit, true);
      }
      this.address(place, index);
      this.number(value);
      code.memory("i32.store", this.offsetOf(place, 0));
      code.end();
      return;
    }
    for (let n = 0; n < this.vectors; n++) this.storeLanes(place, index, value, context, n);
  }

  private storeLanes(place: Place, index: Value | undefined, value: Value, context: Context, n: number): void {
    const { code } = this;
    const offset = this.offsetOf(place, n);
    const mask = context.masks?.[n];
    const row = index && !index.uniform && index.stride === 1 && place.space !== "private";
    const [at, what] = [this.borrow("v128"), this.borrow("v128")];
    this.vector(value, n);
    code.set(what);
    const exit = code.open("block");
    if (row) {
      const inner = code.open("block");
      if (mask !== undefined) {
        code.get(mask);
        code.op("i32x4.all_true");
        code.op("i32.eqz");
        code.br(inner, true);
      }
      this.contiguous(place, index, n);
      code.get(what);
      code.memory("v128.store", offset);
      code.br(exit);
      code.end();
    }
    if (!row || mask !== undefined) {
      if (!index || index.uniform) {
        this.address(place, index);
        code.op("i32x4.splat");
      } else this.addresses(place, index, n);
      if (mask !== undefined) {
        if (offset > 0) {
          code.v128([offset, offset, offset, offset]);
          code.op("i32x4.add");
        }
        // What is of no lane goes where nobody looks, as branches would often be guessed wrong.
        code.get(scratchAt);
        code.op("i32x4.splat");
        code.get(mask);
        code.op("v128.bitselect");
      }
      code.set(at);
      for (let l = 0; l < 4; l++) {
        code.get(at);
        code.lane("i32x4.extract_lane", l);
        code.get(what);
        code.laneMemory("v128.store32_lane", l, mask === undefined ? offset : 0);
      }
    }
    code.end();
    this.giveBack("v128", at);
    this.giveBack("v128", what);
  }

  /** Pushes the addresses of the first of four words of the lanes. A buffer of such has at least one. */
  private fourAddresses(place: Place, index: Value, n: number): void {
    const { code } = this;
    const { last } = this.bases.get(place.at)!;
    this.vector(index, n);
    if (place.four! > 0) {
      code.v128([place.four!, place.four!, place.four!, place.four!]);
      code.op("i32x4.add");
    }
    code.get(last);
    code.i32(3);
    code.op("i32.sub");
    code.op("i32x4.splat");
    code.op("i32x4.min_u");
    code.i32(2);
    code.op("i32x4.shl");
    code.get(this.baseOf(place));
    code.op("i32x4.splat");
    code.op("i32x4.add");
  }

  /** Rows of four vectors as columns, in place. */
  private transpose(rows: readonly number[]): void {
    const { code } = this;
    const [a, b, c, d] = rows as [number, number, number, number];
    const mixed = [0, 1, 2, 3].map(() => this.borrow("v128"));
    const mix = (to: number, x: number, y: number, words: readonly [number, number, number, number]): void => {
      code.get(x);
      code.get(y);
      code.shuffle(words);
      code.set(to);
    };
    const [p, q, r, s] = mixed as [number, number, number, number];
    mix(p, a, b, [0, 4, 1, 5]);
    mix(q, c, d, [0, 4, 1, 5]);
    mix(r, a, b, [2, 6, 3, 7]);
    mix(s, c, d, [2, 6, 3, 7]);
    mix(a, p, q, [0, 1, 4, 5]);
    mix(b, p, q, [2, 3, 6, 7]);
    mix(c, r, s, [0, 1, 4, 5]);
    mix(d, r, s, [2, 3, 6, 7]);
    for (const local of mixed) this.giveBack("v128", local);
  }

  /** Words of a vector of four, of which each lane has one in a piece of memory. */
  private loadFour(values: readonly Value[]): void {
    const { code } = this;
    const place = values[0]!.imm as Place;
    const rows = [0, 1, 2, 3].map(() => this.borrow("v128"));
    const at = this.borrow("v128");
    for (let n = 0; n < this.vectors; n++) {
      this.fourAddresses(place, values[0]!.args[0]!, n);
      code.set(at);
      rows.forEach((row, l) => {
        code.get(at);
        code.lane("i32x4.extract_lane", l);
        code.memory("v128.load");
        code.set(row);
      });
      this.transpose(rows);
      for (const value of values) {
        if (value.uses === 0) continue;
        const { words, four } = value.imm as Place;
        code.get(rows[words - four!]!);
        code.set(this.localOf(value, n));
      }
    }
    for (const local of [...rows, at]) this.giveBack("v128", local);
  }

  private storeFour(stores: readonly Store[], context: Context): void {
    const { code } = this;
    const { place, index } = stores[0]!;
    const rows = [0, 1, 2, 3].map(() => this.borrow("v128"));
    const at = this.borrow("v128");
    for (let n = 0; n < this.vectors; n++) {
      stores.forEach(({ value }, w) => {
        this.vector(value, n);
        code.set(rows[w]!);
      });
      this.transpose(rows);
      const mask = context.masks?.[n];
      this.fourAddresses(place, index!, n);
      if (mask !== undefined) {
        // What is of no lane goes where nobody looks.
        code.get(scratchAt);
        code.op("i32x4.splat");
        code.get(mask);
        code.op("v128.bitselect");
      }
      code.set(at);
      rows.forEach((row, l) => {
        code.get(at);
        code.lane("i32x4.extract_lane", l);
        code.get(row);
        code.memory("v128.store");
      });
    }
    for (const local of [...rows, at]) this.giveBack("v128", local);
  }

  /** Lane by lane; pushes what was there. */
  private atomic(value: Value, n: number, context: Context): void {
    const { code } = this;
    const place = value.imm as Place;
    const [given, index] = value.args as [Value, Value | undefined];
    const op = atomicOps.get(value)!;
    const [result, all] = [code.local("v128"), code.local("v128")];
    const [address, old, wanted] = [code.local("i32"), code.local("i32"), code.local("i32")];
    code.v128([0, 0, 0, 0]);
    code.set(result);
    this.vector(given, n);
    code.set(all);
    const common = !index || index.uniform;
    const where = common ? undefined : code.local("v128");
    if (where !== undefined) {
      this.addresses(place, index!, n);
      code.set(where);
    }
    for (let l = 0; l < 4; l++) {
      const mask = context.masks?.[n];
      if (mask !== undefined) {
        code.get(mask);
        code.lane("i32x4.extract_lane", l);
        code.open("if");
      }
      if (where === undefined) this.address(place, index);
      else {
        code.get(where);
        code.lane("i32x4.extract_lane", l);
      }
      code.i32(this.offsetOf(place, n));
      code.op("i32.add");
      code.set(address);
      const number = (): void => {
        code.get(all);
        code.lane("i32x4.extract_lane", l);
      };
      if (op !== "min" && op !== "max") {
        code.get(address);
        number();
        code.atomic(op as "add");
        code.set(old);
      } else {
        // The larger or smaller, unless another thread was first.
        const again = code.open("loop");
        code.get(address);
        code.memory("i32.load");
        code.set(wanted);
        code.get(address);
        code.get(wanted);
        number();
        code.get(wanted);
        number();
        code.get(wanted);
        code.op(`i32.${op === "max" ? "gt" : "lt"}_${value.type === "i32" ? "s" : "u"}`);
        code.op("select");
        code.atomic("compareExchange");
        code.tee(old);
        code.get(wanted);
        code.op("i32.ne");
        code.br(again, true);
        code.end();
      }
      code.get(result);
      code.get(old);
      code.lane("i32x4.replace_lane", l);
      code.set(result);
      if (mask !== undefined) code.end();
    }
    code.get(result);
  }

  private zero(place: Place): void {
    const { code } = this;
    code.get(this.baseOf(place));
    code.i32(this.offsetOf(place, 0));
    code.op("i32.add");
    code.i32(0);
    code.i32(place.size! * (place.space === "private" ? this.wordBytes : 4));
    code.fill();
  }

  // Control

  private context!: Context;

  /** Pushes whether any lane of some masks is there. */
  private any(masks: readonly number[]): void {
    const { code } = this;
    masks.forEach((mask, n) => {
      code.get(mask);
      if (n > 0) code.op("v128.or");
    });
    code.op("i32x4.bitmask");
  }

  private newMasks(): number[] {
    return this.lanes.map(() => this.code.local("v128"));
  }

  /** A copy of the masks of a context. */
  private copied(context: Context): number[] {
    const { code } = this;
    return this.newMasks().map((mask, n) => {
      if (context.masks) code.get(context.masks[n]!);
      else code.v128([-1, -1, -1, -1]);
      code.set(mask);
      return mask;
    });
  }

  /** Writes the statements of a block from one on up to another. */
  private block(block: Block, context: Context, from = 0, end = block.statements.length): void {
    const outer = this.context;
    const outerPairs = this.pairs;
    this.context = context;
    this.pairs = new Map();
    let skipped = 0;
    for (let at = from; at < end; at++) {
      const s = block.statements[at]!;
      if (skipped > 0) {
        skipped -= 1;
        continue;
      }
      const four = fourOf(block, at);
      if (four.length > 1) {
        if (s.kind === "store") this.storeFour(four as readonly Store[], context);
        else this.loadFour(four.map((f) => (f as Defined).value));
        skipped = four.length - 1;
        continue;
      }
      switch (s.kind) {
        case "value":
          if (!this.defineWhole(s.value, block, at, context)) this.define(s.value, block);
          break;
        case "declare":
          this.declared.set(s.variable, context);
          this.assign(s.variable, s.value);
          break;
        case "set":
          if (this.keeps(s.variable, context)) this.assignMasked(s.variable, s.value, context.masks!, block, at);
          else this.assign(s.variable, s.value);
          break;
        case "store":
          this.store(s.place, s.index, s.value, context);
          break;
        case "zero":
          this.zero(s.place);
          break;
        case "if":
          this.conditional(s, context);
          break;
        case "loop":
          this.loop(s, context);
          break;
        case "scope":
          this.scope(s, context);
          break;
        case "break":
          this.leave(context, s.from, "exit");
          break;
        case "return":
          this.leave(context, s.from, "exit");
          break;
        case "continue":
          this.leave(context, s.of, "next");
      }
    }
    this.context = outer;
    this.pairs = outerPairs;
  }

  /** Masks of the lanes that are there and for which a condition holds, or does not. */
  private pairs = new Map<string, number[]>();
  /** Jumps so far, each of which may have taken lanes away. */
  private jumps = 0;

  private pair(masks: readonly number[], test: Value, holds: boolean): number[] {
    const { code } = this;
    const key = `${masks[0]} ${this.jumps} ${holds} ${this.localOf(test, 0)}`;
    let both = this.pairs.get(key);
    if (!both) {
      both = masks.map((mask, n) => {
        const local = code.local("v128");
        code.get(mask);
        this.vector(test, n);
        code.op(holds ? "v128.and" : "v128.andnot");
        code.set(local);
        return local;
      });
      this.pairs.set(key, both);
    }
    return both;
  }

  /** Whether a value is what a variable has, at a statement of a block. */
  private isStill(value: Value, variable: Variable, block: Block, at: number): boolean {
    if (value.op !== "get" || value.imm !== variable || value.definedIn !== block) return false;
    for (let n = at - 1; n >= 0; n--) {
      const s = block.statements[n]!;
      if (s.kind === "value" && s.value === value) return true;
      if (s.kind !== "value" && s.kind !== "store" && !((s.kind === "set" || s.kind === "declare") && s.variable !== variable)) return false; // biome-ignore format: one line
    }
    return false;
  }

  /**
   * How a variable changes in the lanes that are there and keeps its value in the others, where that takes no blend of its
   * own: a choice between it and something else takes one mask for both, and a whole number is added to under the mask.
   */
  private change(
    variable: Variable,
    value: Value,
    masks: number[],
    block: Block,
    at: number,
  ): ((n: number) => void) | undefined {
    // biome-ignore format: one line
    const { code } = this;
    const own = (v: Value): boolean => this.isStill(v, variable, block, at);
    const local = (n: number): number => this.localOf(variable, n);
    const [a, b, test] = value.args as [Value, Value, Value];
    if (value.op === "add" && value.type !== "f32" && own(a)) {
      return (n) => {
        code.get(local(n));
        this.vector(b, n);
        code.get(masks[n]!);
        code.op("v128.and");
        code.op("i32x4.add");
      };
    }
    if (value.op !== "select" || test.uniform || test.deferred || own(a) === own(b)) return undefined;
    const other = own(b) ? a : b;
    return (n) => {
      const where = this.pair(masks, test, other === b);
      const old = (): void => code.get(local(n));
      this.chosen(old, false, () => this.vector(other, n), isZero(other), () => code.get(where[n]!)); // biome-ignore format: one line
    };
  }

  /** Values that hold what a variable is to be, in all lanes, as long as no lane has left. */
  private readonly whole = new Map<Value, { readonly masks: number[]; readonly jumps: number }>();

  /** Computes a value that a variable is set to later on, so that it is all that the variable is to have. */
  private defineWhole(value: Value, block: Block, at: number, { masks }: Context): boolean {
    if (!masks || (value.op !== "select" && value.op !== "add") || value.uniform) return false;
    if (value.uses < 2 || !value.assigned) return false;
    const { statements } = block;
    let next = at + 1;
    while (next < statements.length && !sets(statements[next]!, value)) next += 1;
    const set = statements[next];
    if (set?.kind !== "set" || !this.keeps(set.variable, this.context)) return false;
    const push = this.change(set.variable, value, masks, block, at);
    if (!push) return false;
    for (let n = 0; n < this.vectors; n++) {
      push(n);
      this.code.set(this.localOf(value, n));
    }
    this.whole.set(value, { masks, jumps: this.jumps });
    return true;
  }

  /** Sets a variable in the lanes that are there. */
  private assignMasked(variable: Variable, value: Value, masks: number[], block: Block, at: number): void {
    const { code } = this;
    const whole = this.whole.get(value);
    if (whole?.masks === masks && whole.jumps === this.jumps) {
      this.assign(variable, value);
      return;
    }
    const push = value.deferred ? this.change(variable, value, masks, block, at) : undefined;
    for (let n = 0; n < this.vectors; n++) {
      const local = this.localOf(variable, n);
      const old = (): void => code.get(local);
      if (push) push(n);
      else this.chosen(old, false, () => this.vector(value, n), isZero(value), () => code.get(masks[n]!)); // biome-ignore format: one line
      code.set(local);
    }
  }

  /** Whether lanes that are not there will read what a variable has. */
  private keeps(variable: Variable, context: Context): boolean {
    if (variable.uniform || !context.masks) return false;
    if (variable.owner && context.by === variable.owner) return false;
    return this.declared.get(variable)?.masks !== context.masks;
  }

  private assign(variable: Variable, value: Value): void {
    const { code } = this;
    if (!this.wide(variable)) {
      this.number(value);
      code.set(this.localOf(variable, 0));
      return;
    }
    for (let n = 0; n < (variable.uniform ? 1 : this.vectors); n++) {
      this.vector(value, n);
      code.set(this.localOf(variable, n));
    }
  }

  private conditional(s: Conditional, context: Context): void {
    const { code } = this;
    if (s.test.uniform) {
      this.number(s.test);
      code.open("if");
      this.block(s.yes, context);
      if (s.no.statements.length > 0) {
        code.otherwise();
        this.block(s.no, context);
      }
      code.end();
      return;
    }
    const tests = this.lanes.map((_, n) => {
      const test = code.local("v128");
      this.vector(s.test, n);
      code.set(test);
      return test;
    });
    const branch = (block: Block, op: "v128.and" | "v128.andnot", otherwise?: Block): void => {
      if (block.statements.length === 0) return;
      const masks = this.newMasks();
      masks.forEach((mask, n) => {
        if (context.masks) {
          code.get(context.masks[n]!);
          code.get(tests[n]!);
          code.op(op);
        } else {
          code.get(tests[n]!);
          if (op === "v128.andnot") code.op("v128.not");
        }
        code.set(mask);
      });
      const inner: Context = { masks, outer: context, by: s };
      if (isShort(block)) {
        this.block(block, inner);
        return;
      }
      this.any(masks);
      code.open("if");
      this.block(block, inner);
      if (otherwise) {
        branch(otherwise, "v128.andnot");
        // A processor guesses the branch, and goes on before it knows the masks.
        code.otherwise();
        this.block(otherwise, context);
      }
      code.end();
    };
    if (!isShort(s.yes) && isShort(s.no, twice)) branch(s.yes, "v128.and", s.no);
    else {
      branch(s.yes, "v128.and");
      branch(s.no, "v128.andnot");
    }
    const left = jumpOf(s.yes) ?? jumpOf(s.no);
    if (left) this.leaveEmpty(context, left);
  }

  /** Where a branch has taken lanes away, leaves with the last of them. */
  private leaveEmpty(context: Context, to: object): void {
    const { code } = this;
    if (!context.masks) return;
    const target = this.targets.get(to);
    for (let c: Context | undefined = context; c; c = c.outer) {
      if (c.by !== to) continue;
      if (c.masks && target && target.exit > 0) {
        this.any(c.masks);
        code.op("i32.eqz");
        code.br(target.exit, true);
      }
      return;
    }
  }

  /** A jump of the lanes that are there. */
  private leave(context: Context, to: Loop | Scope, where: "exit" | "next"): void {
    const { code } = this;
    const target = this.targets.get(to)!;
    const contexts: Context[] = [];
    let c: Context | undefined = context;
    for (; c && c.by !== to; c = c.outer) contexts.push(c);
    if (where === "exit" && c) contexts.push(c);
    const masked = new Set<number[]>();
    const outerMasks = where === "exit" ? c?.outer?.masks : c?.masks;
    for (const one of contexts) if (one.masks && one.masks !== outerMasks) masked.add(one.masks);
    if (masked.size === 0) {
      code.br(target[where]);
      return;
    }
    this.jumps += 1;
    const leaving = context.masks!;
    for (const masks of [...masked].reverse()) {
      if (masks === leaving) continue;
      masks.forEach((mask, n) => {
        code.get(mask);
        code.get(leaving[n]!);
        code.op("v128.andnot");
        code.set(mask);
      });
    }
    if (masked.has(leaving)) {
      for (const mask of leaving) {
        code.v128([0, 0, 0, 0]);
        code.set(mask);
      }
    }
  }

  private loop(s: Loop, context: Context): void {
    const { code } = this;
    const active = s.varying ? this.copied(context) : context.masks;
    const inner: Context = { masks: active, outer: context, by: s };
    const exit = code.open("block");
    if (this.vectors === 1 && this.nested === 0 && leavesAtItsEnd(s)) this.wholeTurns(s, context, active![0]!, exit);
    this.nested += 1;
    const top = code.open("loop");
    const next = code.open("block");
    this.targets.set(s, { exit, next });
    const turn: Context = { masks: s.skips ? this.copied(inner) : active, outer: inner, by: { turn: s } };
    this.block(s.body, turn);
    code.end();
    this.block(s.continuing, inner);
    this.context = context;
    if (s.until && s.varying && !s.until.uniform) {
      const now = this.context;
      this.context = inner;
      active!.forEach((mask, n) => {
        code.get(mask);
        this.vector(s.until!, n);
        code.op("v128.andnot");
        code.set(mask);
      });
      this.context = now;
    } else if (s.until) {
      this.number(s.until);
      code.br(exit, true);
    }
    if (s.varying) {
      this.any(active!);
      code.br(top, true);
    } else code.br(top);
    this.nested -= 1;
    code.end();
    code.end();
  }

  /** Loops around what is written. */
  private nested = 0;

  /**
   * The turns of a loop up to that in which the first lane leaves, without masks where all lanes are there. Turns in which no
   * lane takes a long branch are a loop of their own within: what is in registers there stays where it is.
   */
  private wholeTurns(s: Loop, context: Context, active: number, exit: number): void {
    const { code } = this;
    const whole: Context = { masks: undefined, outer: context, by: s };
    const { statements } = s.body;
    const at = statements.findLastIndex((t) => t.kind === "if" && isRare(t));
    const rare = at < 0 ? undefined : (statements[at] as Conditional);
    /** What comes after the branch; pushes whether any lane leaves. */
    const end = (): void => {
      this.block(s.body, whole, rare ? at + 1 : 0);
      this.block(s.continuing, whole);
      this.context = whole;
      this.vector(s.until!, 0);
      this.context = context;
      code.tee(active);
      code.op("i32x4.bitmask");
    };
    code.get(active);
    code.op("i32x4.all_true");
    code.open("if");
    this.nested += 1;
    const done = code.open("block");
    const top = code.open("loop");
    if (rare) {
      const mask = code.local("v128");
      const taken = code.open("block");
      const again = code.open("loop");
      this.block(s.body, whole, 0, at);
      this.context = whole;
      this.vector(rare.test, 0);
      this.context = context;
      code.tee(mask);
      code.op("i32x4.bitmask");
      code.br(taken, true);
      this.block(rare.no, whole);
      end();
      code.br(done, true);
      code.br(again);
      code.end();
      code.end();
      this.block(rare.yes, { masks: [mask], outer: whole, by: rare });
      const others = code.local("v128");
      code.get(mask);
      code.op("v128.not");
      code.set(others);
      this.block(rare.no, { masks: [others], outer: whole, by: rare });
    }
    end();
    code.op("i32.eqz");
    code.br(top, true);
    code.end();
    code.end();
    this.nested -= 1;
    code.get(active);
    code.op("v128.not");
    code.set(active);
    this.any([active]);
    code.op("i32.eqz");
    code.br(exit, true);
    code.end();
  }

  private scope(s: Scope, context: Context): void {
    const { code } = this;
    const exit = code.open("block");
    this.targets.set(s, { exit, next: exit });
    this.block(s.body, { masks: s.varying ? this.copied(context) : context.masks, outer: context, by: s });
    code.end();
  }
}

const sets = (s: Statement, value: Value): boolean => s.kind === "set" && s.value === value;

const isUniformLoad = (value: Value): boolean =>
  value.op === "load" && (value.imm as Place).space === "uniform" && value.args.length === 0;

/** Whether all bits of a constant are 0. */
const isZero = (value: Value): boolean => value.op === "const" && bitsOf(value) === 0;

/** Whether a block is as well executed under a mask as skipped; or has so many statements of that kind. */
function isShort(block: Block, most = flattened): boolean {
  return (
    block.statements.length <= most &&
    block.statements.every(
      (s) => s.kind === "set" || (s.kind === "value" && s.value.op !== "atomic" && s.value.op !== "load"),
    )
  );
}

/**
 * Whether a branch is long where its condition holds, and short where it does not. With a loop in it (levy's search for an event),
 * a loop around turns without it takes longer: what both ways need is then computed behind the branch.
 */
const isRare = ({ test, yes, no }: Conditional): boolean =>
  !test.uniform && !isShort(yes) && isShort(no, twice) && !yes.statements.some((s) => s.kind === "loop");

/** Whether lanes leave a loop one by one, and at the end of a turn alone. */
function leavesAtItsEnd(s: Loop): boolean {
  const goes = (block: Block): boolean =>
    block.statements.some((t) => {
      if (t.kind === "if") return goes(t.yes) || goes(t.no);
      if (t.kind === "loop") return goes(t.body) || goes(t.continuing);
      if (t.kind === "scope") return goes(t.body);
      return t.kind === "return" || (t.kind === "break" && t.from === s) || (t.kind === "continue" && t.of === s);
    });
  return s.varying && s.until !== undefined && !s.until.uniform && !goes(s.body) && !goes(s.continuing);
}

/** Where the lanes of a block go at its end. */
function jumpOf(block: Block): object | undefined {
  const last = block.statements.at(-1);
  if (last?.kind === "break" || last?.kind === "return") return last.from;
  return undefined;
}

/** The module of a kernel. */
export const emit = (ir: Ir, sharedPages: number | undefined): Uint8Array<ArrayBuffer> =>
  new Emitter(ir).emit(sharedPages);

type Store = Extract<Statement, { kind: "store" }>;
type Defined = Extract<Statement, { kind: "value" }>;

const none: readonly Statement[] = [];

/** Words of a vector of four that are loaded, or stored, from a statement of a block on, where each lane has its own. */
function fourOf({ statements }: Block, at: number): readonly Statement[] {
  const begin = statements[at]!;
  if (begin.kind !== "store" && (begin.kind !== "value" || begin.value.op !== "load")) return none;
  const found: Statement[] = [];
  const of = (s: Statement | undefined): { kind: string; place: Place; index: Value | undefined } | undefined => {
    if (s?.kind === "store") return s;
    if (s?.kind !== "value" || s.value.op !== "load") return undefined;
    return { kind: "load", place: s.value.imm as Place, index: s.value.args[0] };
  };
  const first = of(statements[at]);
  if (first?.place.four === undefined || !first.index || first.index.uniform) return found;
  for (let n = at; n < statements.length; n++) {
    const next = of(statements[n]);
    const same = next?.kind === first.kind && next.index === first.index && next.place.at === first.place.at;
    if (!same || next.place.four !== first.place.four) break;
    // The same word again is another vector's.
    if (n > at && next.place.words <= of(statements[n - 1])!.place.words) break;
    found.push(statements[n]!);
  }
  return first.kind === "store" && found.length < 4 ? [] : found;
}
