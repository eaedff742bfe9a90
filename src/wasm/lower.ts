/** WGSL syntax → one function of scalars: calls written out, structures taken apart. */

import { builtinFunctions } from "./builtins.js";
import {
  type Block,
  type Ir,
  type Loop,
  lasting,
  type Place,
  type Scalar,
  type Scope,
  type Statement,
  Value,
  Variable,
} from "./ir.js";
import { parseWgsl } from "./parse.js";
import {
  type Body,
  type Expression,
  type FunctionSyntax,
  type ModuleSyntax,
  type Statement as Syntax,
  type TypeName,
  WgslError,
} from "./syntax.js";

export type Type =
  | { readonly kind: "scalar"; readonly scalar: Scalar; readonly abstract?: boolean }
  | { readonly kind: "vec"; readonly count: number; readonly scalar: Scalar }
  | { readonly kind: "array"; readonly of: Type; readonly count: number | undefined }
  | { readonly kind: "struct"; readonly name: string; readonly fields: readonly { name: string; type: Type }[] };

const scalarNames: readonly Scalar[] = ["f32", "u32", "i32", "bool"];
const typesOf = <T>(make: (scalar: Scalar) => T): Readonly<Record<Scalar, T>> =>
  Object.fromEntries(scalarNames.map((scalar) => [scalar, make(scalar)])) as Record<Scalar, T>;
const scalarTypes = typesOf((scalar): Type => ({ kind: "scalar", scalar, abstract: false }));
const abstractTypes = typesOf((scalar): Type => ({ kind: "scalar", scalar, abstract: true }));
const vecTypes = typesOf((scalar) => [0, 1, 2, 3, 4].map((count): Type => ({ kind: "vec", count, scalar })));

const scalarType = (scalar: Scalar, abstract = false): Type => (abstract ? abstractTypes : scalarTypes)[scalar];
const vecType = (count: number, scalar: Scalar): Type => vecTypes[scalar][count]!;

/** How many scalars a type is. */
function flat(type: Type): number {
  switch (type.kind) {
    case "scalar":
      return 1;
    case "vec":
      return type.count;
    case "array":
      return flat(type.of) * (type.count ?? 0);
    case "struct":
      return type.fields.reduce((sum, f) => sum + flat(f.type), 0);
  }
}

/** Alignment and size in memory, in words. */
function layout(type: Type): { align: number; size: number } {
  switch (type.kind) {
    case "scalar":
      return { align: 1, size: 1 };
    case "vec":
      return { align: type.count === 2 ? 2 : 4, size: type.count };
    case "array":
      return { align: layout(type.of).align, size: strideOf(type) * (type.count ?? 0) };
    case "struct": {
      let [end, align] = [0, 1];
      for (const { type: field } of type.fields) {
        const l = layout(field);
        end = roundUp(end, l.align) + l.size;
        align = Math.max(align, l.align);
      }
      return { align, size: roundUp(end, align) };
    }
  }
}

const roundUp = (n: number, unit: number): number => Math.ceil(n / unit) * unit;

function strideOf(type: Type & { kind: "array" }): number {
  const { align, size } = layout(type.of);
  return roundUp(size, align);
}

function fieldOffset(type: Type & { kind: "struct" }, index: number): number {
  let end = 0;
  for (const [i, { type: field }] of type.fields.entries()) {
    const l = layout(field);
    end = roundUp(end, l.align);
    if (i === index) break;
    end += l.size;
  }
  return end;
}

/** A place at which a vector of four lies, which lanes read and write at once. */
const inFours = (place: Place, type: Type): Place =>
  place.space === "storage" && type.kind === "vec" && type.count === 4 ? { ...place, four: place.words } : place;

interface ScalarAt {
  readonly scalar: Scalar;
  readonly word: number;
}

const knownScalars = { dense: new WeakMap<Type, ScalarAt[]>(), sparse: new WeakMap<Type, ScalarAt[]>() };

/** Types of the scalars, in order, with where each lies in memory. */
function scalars(type: Type, dense: boolean): readonly ScalarAt[] {
  const known = knownScalars[dense ? "dense" : "sparse"];
  let found = known.get(type);
  if (!found) {
    found = scalarsFrom(type, dense, 0);
    known.set(type, found);
  }
  return found;
}

function scalarsFrom(type: Type, dense: boolean, from: number): ScalarAt[] {
  switch (type.kind) {
    case "scalar":
      return [{ scalar: type.scalar, word: from }];
    case "vec":
      return Array.from({ length: type.count }, (_, i) => ({ scalar: type.scalar, word: from + i }));
    case "array": {
      const stride = dense ? flat(type.of) : strideOf(type);
      return Array.from({ length: type.count ?? 0 }, (_, i) => scalarsFrom(type.of, dense, from + i * stride)).flat();
    }
    case "struct": {
      let at = from;
      return type.fields.flatMap((f, i) => {
        const start = dense ? at : from + fieldOffset(type, i);
        at += flat(f.type);
        return scalarsFrom(f.type, dense, start);
      });
    }
  }
}

/** A value of any type, taken apart. */
interface Whole {
  readonly type: Type;
  readonly parts: readonly Value[];
}

/** Something that can be assigned to. */
type Ref =
  | { readonly kind: "variables"; readonly type: Type; readonly variables: readonly Variable[] }
  | { readonly kind: "memory"; readonly type: Type; readonly place: Place; readonly index: Value | undefined }
  /** One of several, by a number that is not known. */
  | { readonly kind: "one"; readonly type: Type; readonly of: Ref; readonly index: Value };

type Entity = { readonly whole: Whole } | { readonly ref: Ref };

class Names {
  private readonly own = new Map<string, Entity>();
  constructor(private readonly outer?: Names) {}
  find(name: string): Entity | undefined {
    return this.own.get(name) ?? this.outer?.find(name);
  }
  set(name: string, entity: Entity): void {
    this.own.set(name, entity);
  }
}

/** A function being written out. */
interface Frame {
  readonly fn: FunctionSyntax;
  /** Names that are indexed by what is not known when the text is read. */
  readonly indexed: ReadonlySet<string>;
  readonly scope: Scope | undefined;
  readonly result: readonly Variable[];
  returned: Whole | undefined;
}

const f32 = scalarType("f32");
const u32 = scalarType("u32");
const bool = scalarType("bool");

const shorthand = /^vec([234])([fiu])$/;
const byLetter = { f: "f32", i: "i32", u: "u32" } as const;

/** Names of arrays and vectors that a function indexes by an expression. */
function indexedNames({ indexing }: FunctionSyntax, isKnown: (name: string) => boolean): Set<string> {
  const found = new Set<string>();
  const rootOf = (e: Expression): string | undefined =>
    e.kind === "name" ? e.name : e.kind === "index" || e.kind === "member" ? rootOf(e.of) : undefined;
  const known = (e: Expression): boolean =>
    e.kind === "number" ||
    (e.kind === "name" && isKnown(e.name)) ||
    (e.kind === "binary" && known(e.a) && known(e.b)) ||
    (e.kind === "unary" && known(e.of));
  for (const { of, index } of indexing) {
    const root = known(index) ? undefined : rootOf(of);
    if (root) found.add(root);
  }
  return found;
}

const comparisons: Readonly<Record<string, string>> = {
  "==": "eq",
  "!=": "ne",
  "<": "lt",
  ">": "gt",
  "<=": "le",
  ">=": "ge",
};
const arithmetic: Readonly<Record<string, string>> = {
  "+": "add",
  "-": "sub",
  "*": "mul",
  "/": "div",
  "%": "rem",
  "&": "and",
  "|": "or",
  "^": "xor",
  "<<": "shl",
  ">>": "shr",
};
const unaryFunctions = new Set(["abs", "floor", "ceil", "trunc", "round", "sqrt", "sign", "fract", "inverseSqrt"]);
const atomics: Readonly<Record<string, string>> = {
  atomicAdd: "add",
  atomicSub: "sub",
  atomicMax: "max",
  atomicMin: "min",
  atomicOr: "or",
  atomicAnd: "and",
  atomicXor: "xor",
  atomicExchange: "exchange",
};

class Lowering {
  private readonly structs = new Map<string, Type>();
  private readonly global = new Names();
  private readonly constants = new Map<string, Whole>();
  private readonly bindings = new Set<number>();
  private readonly indexed = new Map<FunctionSyntax, ReadonlySet<string>>();
  private privateWords = 0;
  private workgroupWords = 0;
  private barriers = false;
  private block: Block = { statements: [] };
  private frame!: Frame;
  private depth = 0;
  private line = 0;

  constructor(
    private readonly module: ModuleSyntax,
    private readonly overrides: Readonly<Record<string, number>>,
    /** Functions of the language that are written in it. */
    private readonly builtins: ModuleSyntax,
  ) {}

  private builtinFunction(name: string): FunctionSyntax {
    return this.builtins.functions.get(`builtin_${name}`)!;
  }

  fail(message: string): never {
    throw new WgslError(message, this.line);
  }

  lower(entryPoint: string): Ir {
    const main = this.module.functions.get(entryPoint);
    if (!main?.workgroupSize) throw new WgslError(`there is no compute entry point "${entryPoint}"`);
    const [x = 1, y = 1, z = 1] = main.workgroupSize.map((e) => this.number(e));
    if (y !== 1 || z !== 1) throw new WgslError("workgroups lie along x");
    const scope: Scope = { kind: "scope", body: { statements: [] }, varying: false };
    const outer = this.block;
    outer.statements.push(scope);
    this.block = scope.body;
    this.declareVariables();
    this.frame = { fn: main, indexed: this.indexedIn(main), scope, result: [], returned: undefined };
    const names = new Names(this.global);
    for (const { name, type, builtin } of main.parameters) {
      names.set(name, { whole: this.builtin(builtin ?? "", this.type(type), x) });
    }
    this.body(main.body, names, []);
    return {
      body: outer,
      workgroupSize: [x, y, z],
      barriers: this.barriers,
      privateWords: this.privateWords,
      workgroupWords: this.workgroupWords,
      bindings: [...this.bindings].sort((a, b) => a - b),
    };
  }

  private builtin(name: string, type: Type, size: number): Whole {
    const lane = this.value("lane", "u32");
    const group = (axis: number): Value => this.value("group", "u32", [], axis);
    const zero = this.constant(0, "u32");
    switch (name) {
      case "local_invocation_index":
        return { type, parts: [lane] };
      case "local_invocation_id":
        return { type, parts: [lane, zero, zero] };
      case "workgroup_id":
        return { type, parts: [group(0), group(1), group(2)] };
      case "num_workgroups":
        return { type, parts: [0, 1, 2].map((axis) => this.value("groups", "u32", [], axis)) };
      case "global_invocation_id": {
        const begin = this.value("mul", "u32", [group(0), this.constant(size, "u32")]);
        return { type, parts: [this.value("add", "u32", [begin, lane]), group(1), group(2)] };
      }
      default:
        return this.fail(`builtin ${name} is not there`);
    }
  }

  private indexedIn(fn: FunctionSyntax): ReadonlySet<string> {
    let found = this.indexed.get(fn);
    if (!found) {
      found = indexedNames(fn, (name) => this.module.constants.has(name));
      this.indexed.set(fn, found);
    }
    return found;
  }

  private declareVariables(): void {
    const { variables, functions } = this.module;
    for (const { name, space, type: given, binding = 0, value } of variables) {
      const initial = value && this.expression(value, this.global);
      const type = given ? this.type(given) : concrete(initial!.type);
      if (space === "storage" || space === "uniform") {
        if (space === "storage") this.bindings.add(binding);
        this.global.set(name, {
          ref: { kind: "memory", type, place: { space, at: binding, words: 0 }, index: undefined },
        });
      } else if (space === "workgroup") {
        const { size } = layout(type);
        const place: Place = { space, at: this.workgroupWords, words: 0, size };
        this.workgroupWords += roundUp(size, 4);
        this.block.statements.push({ kind: "zero", place });
        this.global.set(name, { ref: { kind: "memory", type, place, index: undefined } });
      } else if (space === "private") {
        const indexed = [...functions.values()].some((fn) => this.indexedIn(fn).has(name));
        const ref = this.variable(type, indexed && type.kind === "array");
        if (initial) this.assign(ref, this.coerced(initial, type));
        this.global.set(name, { ref });
      } else this.fail(`address space ${space} is not there`);
    }
  }

  type(given: TypeName): Type {
    const { name, args } = given;
    if (name === "f32" || name === "u32" || name === "i32" || name === "bool") return scalarType(name);
    const short = shorthand.exec(name);
    if (short) return vecType(Number(short[1]), byLetter[short[2] as "f"]);
    if (/^vec[234]$/.test(name)) {
      const of = this.typeArgument(args[0]);
      if (of?.kind !== "scalar") this.fail(`${name} of what?`);
      return vecType(Number(name[3]), of.scalar);
    }
    if (name === "atomic") return this.typeArgument(args[0]) ?? this.fail("atomic of what?");
    if (name === "array") {
      const of = this.typeArgument(args[0]) ?? this.fail("array of what?");
      const length = args[1];
      const count = length === undefined ? undefined : this.number("kind" in length ? length : nameOf(length));
      return { kind: "array", of, count };
    }
    const alias = this.module.aliases.get(name);
    if (alias) return this.type(alias);
    const known = this.structs.get(name);
    if (known) return known;
    const fields = this.module.structs.get(name);
    if (!fields) return this.fail(`unresolved type '${name}'`);
    const type: Type = { kind: "struct", name, fields: fields.map((f) => ({ name: f.name, type: this.type(f.type) })) };
    this.structs.set(name, type);
    return type;
  }

  private typeArgument(arg: TypeName | Expression | undefined): Type | undefined {
    if (arg === undefined) return undefined;
    if (!("kind" in arg)) return this.type(arg);
    return arg.kind === "name" ? this.type({ name: arg.name, args: [] }) : undefined;
  }

  /** A number known when the text is read. */
  private number(e: Expression): number {
    const { parts } = this.expression(e, this.global);
    const [value] = parts;
    if (value?.op !== "const") return this.fail("expected a constant");
    return value.imm as number;
  }

  private constant(value: number, type: Scalar): Value {
    return new Value("const", type, [], type === "f32" ? Math.fround(value) : type === "i32" ? value | 0 : value >>> 0);
  }

  /** A new value of the block at hand. */
  private value(op: string, type: Scalar, args: readonly Value[] = [], imm?: Value["imm"]): Value {
    const value = folded(op, type, args) ?? new Value(op, type, args, imm);
    if (value.op !== "const" && !args.includes(value)) this.block.statements.push({ kind: "value", value });
    return value;
  }

  private variable(type: Type, inMemory: boolean, owner?: Loop): Ref {
    const all = scalars(type, true);
    if (inMemory) {
      const place: Place = { space: "private", at: this.privateWords, words: 0, size: all.length };
      this.privateWords += all.length;
      this.block.statements.push({ kind: "zero", place });
      return { kind: "memory", type, place, index: undefined };
    }
    const variables = all.map(({ scalar }) => {
      const variable = new Variable(scalar);
      variable.owner = owner;
      this.block.statements.push({ kind: "declare", variable, value: this.constant(0, scalar) });
      return variable;
    });
    return { kind: "variables", type, variables };
  }

  /** Statements of a block of its own. */
  private inside(act: () => void): Block {
    const outer = this.block;
    const block: Block = { statements: [] };
    this.block = block;
    try {
      act();
    } finally {
      this.block = outer;
    }
    return block;
  }

  // Statements

  /** @param loops those around, the innermost last; undefined in place of a switch. */
  private body(body: Body, outer: Names, loops: readonly (Loop | Scope)[]): void {
    const names = new Names(outer);
    for (const statement of body) this.statement(statement, names, loops);
  }

  private statement(s: Syntax, names: Names, loops: readonly (Loop | Scope)[], owner?: Loop): void {
    switch (s.kind) {
      case "let": {
        const value = this.expression(s.value, names);
        names.set(s.name, { whole: this.coerced(value, s.type ? this.type(s.type) : concrete(value.type)) });
        return;
      }
      case "var": {
        const value = s.value && this.expression(s.value, names);
        const type = s.type ? this.type(s.type) : concrete(value!.type);
        const inMemory = type.kind === "array" && this.frame.indexed.has(s.name);
        const ref = this.variable(type, inMemory, owner);
        if (value) this.assign(ref, this.coerced(value, type));
        names.set(s.name, { ref });
        return;
      }
      case "assign":
        this.assignment(s, names);
        return;
      case "call":
        this.expression(s.call, names);
        return;
      case "block":
        this.body(s.body, names, loops);
        return;
      case "if": {
        const [test] = this.expression(s.test, names).parts as [Value];
        if (test.op === "const") {
          this.body(test.imm ? s.yes : s.no, names, loops);
          return;
        }
        const yes = this.inside(() => this.body(s.yes, names, loops));
        const no = this.inside(() => this.body(s.no, names, loops));
        this.block.statements.push({ kind: "if", test, yes, no });
        return;
      }
      case "loop":
        this.loop(names, loops, s.body, s.continuing, s.until);
        return;
      case "for": {
        const inner = new Names(names);
        const loop = newLoop();
        if (s.first) this.statement(s.first, inner, loops, loop);
        this.forLoop(loop, inner, loops, s);
        return;
      }
      case "switch":
        this.switchOver(s, names, loops);
        return;
      case "return":
        this.returnFrom(s.value, names);
        return;
      case "break":
      case "continue": {
        const inner = s.kind === "break" ? loops.at(-1) : loops.filter((l) => l.kind === "loop").at(-1);
        if (!inner) this.fail(`${s.kind} outside of a loop`);
        this.block.statements.push(
          inner.kind === "scope"
            ? { kind: "return", from: inner }
            : s.kind === "break"
              ? { kind: "break", from: inner }
              : { kind: "continue", of: inner },
        );
      }
    }
  }

  private assignment(s: Syntax & { kind: "assign" }, names: Names): void {
    this.line = s.line;
    if (!s.to) {
      this.expression(s.value, names);
      return;
    }
    const ref = this.ref(s.to, names);
    if (s.op === "=") {
      this.assign(ref, this.coerced(this.expression(s.value, names), ref.type));
      return;
    }
    const old = this.load(ref);
    const value = this.expression(s.value, names);
    this.assign(ref, this.coerced(this.binary(s.op, old, value), ref.type));
  }

  private loop(names: Names, loops: readonly (Loop | Scope)[], body: Body, continuing: Body, until?: Expression): void {
    const loop = newLoop();
    const inner = new Names(names);
    this.fill(loop.body, () => {
      for (const statement of body) this.statement(statement, inner, [...loops, loop]);
    });
    this.fill(loop.continuing, () => {
      for (const statement of continuing) this.statement(statement, inner, loops);
      if (until) loop.until = this.expression(until, inner).parts[0];
    });
    this.block.statements.push(loop);
  }

  private forLoop(loop: Loop, names: Names, loops: readonly (Loop | Scope)[], s: Syntax & { kind: "for" }): void {
    this.fill(loop.body, () => {
      if (s.test) {
        const [test] = this.expression(s.test, names).parts as [Value];
        const leave = this.inside(() => this.block.statements.push({ kind: "break", from: loop }));
        this.block.statements.push({ kind: "if", test, yes: { statements: [] }, no: leave });
      }
      const last = s.body.at(-1);
      if (!s.test && last?.kind === "if" && isBreak(last.yes) && last.no.length === 0 && !skips(s.body)) {
        const inner = new Names(names);
        for (const statement of s.body.slice(0, -1)) this.statement(statement, inner, [...loops, loop]);
        loop.until = this.expression(last.test, inner).parts[0] as Value;
      } else this.body(s.body, names, [...loops, loop]);
    });
    this.fill(loop.continuing, () => {
      if (s.next) this.statement(s.next, names, loops);
    });
    this.block.statements.push(loop);
  }

  private fill(block: Block, act: () => void): void {
    const outer = this.block;
    this.block = block;
    act();
    this.block = outer;
  }

  /** As conditions one after another, in a scope that `break` leaves. */
  private switchOver(s: Syntax & { kind: "switch" }, names: Names, loops: readonly (Loop | Scope)[]): void {
    const of = this.expression(s.of, names);
    const scope: Scope = { kind: "scope", body: { statements: [] }, varying: false };
    const inner = [...loops, scope];
    const next = (n: number): void => {
      const one = s.cases[n];
      if (!one) return;
      if (one.values.includes("default")) {
        this.body(one.body, names, inner);
        return;
      }
      const tests = one.values.map((v) => this.binary("==", of, this.expression(v as Expression, names)).parts[0]!);
      const test = tests.reduce((a, b) => this.value("or", "bool", [a, b]));
      const yes = this.inside(() => this.body(one.body, names, inner));
      const no = this.inside(() => next(n + 1));
      this.block.statements.push({ kind: "if", test, yes, no });
    };
    const cases = s.cases.findIndex((c) => c.values.includes("default"));
    if (cases >= 0 && cases < s.cases.length - 1) {
      // The default comes last.
      const sorted = [...s.cases.filter((_, n) => n !== cases), s.cases[cases]!];
      this.switchOver({ ...s, cases: sorted }, names, loops);
      return;
    }
    this.fill(scope.body, () => next(0));
    this.block.statements.push(scope);
  }

  private returnFrom(value: Expression | undefined, names: Names): void {
    const { frame } = this;
    const whole = value && this.expression(value, names);
    const type = frame.fn.returns && this.type(frame.fn.returns);
    const result = whole && type ? this.coerced(whole, type) : undefined;
    if (!frame.scope) {
      frame.returned = result;
      return;
    }
    if (result) {
      frame.result.forEach((variable, i) => {
        this.block.statements.push({ kind: "set", variable, value: result.parts[i]! });
      });
    }
    this.block.statements.push({ kind: "return", from: frame.scope });
  }

  // References

  private ref(e: Expression, names: Names): Ref {
    if (e.kind === "name") {
      const entity = names.find(e.name);
      if (!entity || !("ref" in entity)) return this.fail(`cannot assign to '${e.name}'`);
      return entity.ref;
    }
    if (e.kind === "member") return this.member(this.ref(e.of, names), e.name);
    if (e.kind === "index") {
      const ref = this.ref(e.of, names);
      return this.at(ref, this.expression(e.index, names).parts[0]!);
    }
    return this.fail("cannot assign to this");
  }

  private member(ref: Ref, name: string): Ref {
    const { type } = ref;
    if (type.kind === "vec") return this.at(ref, this.constant(componentOf(name) ?? this.fail(`no ${name}`), "u32"));
    if (type.kind !== "struct") return this.fail(`'${name}' of what has no members`);
    const n = type.fields.findIndex((f) => f.name === name);
    if (n < 0) return this.fail(`struct ${type.name} has no member '${name}'`);
    const field = type.fields[n]!.type;
    const before = type.fields.slice(0, n).reduce((sum, f) => sum + flat(f.type), 0);
    if (ref.kind === "variables") {
      return { kind: "variables", type: field, variables: ref.variables.slice(before, before + flat(field)) };
    }
    if (ref.kind === "one") return this.fail("a member of one of several");
    const offset = ref.place.space === "private" ? before : fieldOffset(type, n);
    return { ...ref, type: field, place: { ...ref.place, words: ref.place.words + offset } };
  }

  private at(ref: Ref, index: Value): Ref {
    const { type } = ref;
    if (type.kind !== "vec" && type.kind !== "array") return this.fail("an index of what has none");
    const of = type.kind === "vec" ? scalarType(type.scalar) : type.of;
    if (ref.kind === "one") return this.fail("an index of one of several");
    if (ref.kind === "variables") {
      if (index.op !== "const") return { kind: "one", type: of, of: ref, index };
      const size = flat(of);
      const from = Math.min(index.imm as number, (type.count ?? 1) - 1) * size;
      return { kind: "variables", type: of, variables: ref.variables.slice(from, from + size) };
    }
    const stride = type.kind === "vec" ? 1 : ref.place.space === "private" ? flat(of) : strideOf(type);
    if (index.op === "const") {
      return { ...ref, type: of, place: { ...ref.place, words: ref.place.words + (index.imm as number) * stride } };
    }
    // At most the last of so many, as beyond it others may lie.
    const within =
      type.count !== undefined ? this.value("min", "u32", [index, this.constant(type.count - 1, "u32")]) : index;
    const words = this.value("mul", "u32", [within, this.constant(stride, "u32")]);
    const all = ref.index ? this.value("add", "u32", [ref.index, words]) : words;
    return { ...ref, type: of, index: all };
  }

  private load(ref: Ref): Whole {
    const { type } = ref;
    if (ref.kind === "variables") {
      return { type, parts: ref.variables.map((v) => this.value("get", v.type, [], v)) };
    }
    if (ref.kind === "one") return this.oneOf(this.load(ref.of), ref.index);
    const { index } = ref;
    const place = inFours(ref.place, type);
    const parts = scalars(type, place.space === "private").map(({ scalar, word }) =>
      this.value("load", scalar, index ? [index] : [], { ...place, words: place.words + word }),
    );
    return { type, parts };
  }

  private assign(ref: Ref, { parts }: Whole): void {
    if (ref.kind === "variables") {
      ref.variables.forEach((variable, i) => {
        this.block.statements.push({ kind: "set", variable, value: parts[i]! });
      });
    } else if (ref.kind === "memory") {
      const { index } = ref;
      const place = inFours(ref.place, ref.type);
      scalars(ref.type, place.space === "private").forEach(({ word }, i) => {
        const to = { ...place, words: place.words + word };
        this.block.statements.push({ kind: "store", place: to, index, value: parts[i]! });
      });
    } else {
      const { of, index } = ref;
      const all = this.load(of);
      const size = parts.length;
      const changed = all.parts.map((old, n) => {
        const here = this.value("eq", "bool", [index, this.constant(Math.floor(n / size), "u32")]);
        return this.value("select", old.type, [old, parts[n % size]!, here]);
      });
      this.assign(of, { type: of.type, parts: changed });
    }
  }

  /** Element `index` of an array or vector that is at hand. */
  private oneOf({ type, parts }: Whole, index: Value): Whole {
    if (type.kind !== "vec" && type.kind !== "array") return this.fail("an index of what has none");
    const of = type.kind === "vec" ? scalarType(type.scalar) : type.of;
    const size = flat(of);
    const count = parts.length / size;
    const element = (n: number): readonly Value[] => parts.slice(n * size, (n + 1) * size);
    if (index.op === "const") return { type: of, parts: element(Math.min(index.imm as number, count - 1)) };
    let chosen = element(count - 1);
    for (let n = count - 2; n >= 0; n--) {
      const here = this.value("eq", "bool", [index, this.constant(n, "u32")]);
      chosen = chosen.map((other, i) => this.value("select", other.type, [other, element(n)[i]!, here]));
    }
    return { type: of, parts: chosen };
  }

  // Expressions

  expression(e: Expression, names: Names): Whole {
    switch (e.kind) {
      case "number": {
        const abstract = e.type === "int" || e.type === "float";
        const scalar: Scalar = e.type === "int" ? "i32" : e.type === "float" ? "f32" : (e.type as Scalar);
        return { type: scalarType(scalar, abstract), parts: [this.constant(e.value, scalar)] };
      }
      case "name":
        this.line = e.line;
        return this.named(e.name, names);
      case "unary":
        return this.unary(e, names);
      case "binary":
        if (e.op === "&&" || e.op === "||") return this.shortCut(e, names);
        return this.binary(e.op, this.expression(e.a, names), this.expression(e.b, names));
      case "member": {
        const ref = this.quietRef(e, names);
        if (ref) return this.load(ref);
        return this.memberOf(this.expression(e.of, names), e.name);
      }
      case "index": {
        const ref = this.quietRef(e, names);
        if (ref) return this.load(ref);
        const of = this.expression(e.of, names);
        return this.oneOf(of, this.expression(e.index, names).parts[0]!);
      }
      case "call":
        this.line = e.line;
        return this.call(e, names);
    }
  }

  private named(name: string, names: Names): Whole {
    const entity = names.find(name);
    if (entity) return "ref" in entity ? this.load(entity.ref) : entity.whole;
    const known = this.constants.get(name);
    if (known) return known;
    const constant = this.module.constants.get(name);
    if (!constant) return this.fail(`unresolved value '${name}'`);
    const type = constant.type && this.type(constant.type);
    const given = constant.override ? this.overrides[name] : undefined;
    const value: Expression | undefined =
      given === undefined
        ? constant.value
        : { kind: "number", value: given, type: type?.kind === "scalar" ? type.scalar : "float" };
    if (!value) return this.fail(`override ${name} has no value`);
    const whole = this.expression(value, this.global);
    const result = type ? this.coerced(whole, type) : whole;
    this.constants.set(name, result);
    return result;
  }

  /** Where a member or element lies, so that no more than it is loaded; undefined where it is a value. */
  private quietRef(e: Expression, names: Names): Ref | undefined {
    let r = e;
    while (r.kind === "member" || r.kind === "index") r = r.of;
    const entity = r.kind === "name" ? names.find(r.name) : undefined;
    if (!entity || !("ref" in entity)) return undefined;
    if (e.kind === "member" && e.name.length > 1 && this.typeOfRef(e.of, names)?.kind === "vec") return undefined;
    return this.ref(e, names);
  }

  private typeOfRef(e: Expression, names: Names): Type | undefined {
    if (e.kind === "name") {
      const entity = names.find(e.name);
      return entity && "ref" in entity ? entity.ref.type : entity?.whole.type;
    }
    if (e.kind !== "member" && e.kind !== "index") return undefined;
    const of = this.typeOfRef(e.of, names);
    if (of?.kind === "array") return of.of;
    if (of?.kind === "vec") return scalarType(of.scalar);
    return of?.kind === "struct" && e.kind === "member" ? of.fields.find((f) => f.name === e.name)?.type : undefined;
  }

  private memberOf({ type, parts }: Whole, name: string): Whole {
    if (type.kind === "vec") {
      const picked = [...name].map((letter) => parts[componentOf(letter) ?? this.fail(`no ${name}`)]!);
      if (picked.includes(undefined as never)) this.fail(`no ${name}`);
      return {
        type: picked.length === 1 ? scalarType(type.scalar) : vecType(picked.length, type.scalar),
        parts: picked,
      };
    }
    if (type.kind !== "struct") return this.fail(`'${name}' of what has no members`);
    let from = 0;
    for (const field of type.fields) {
      const size = flat(field.type);
      if (field.name === name) return { type: field.type, parts: parts.slice(from, from + size) };
      from += size;
    }
    return this.fail(`struct ${type.name} has no member '${name}'`);
  }

  private unary(e: Expression & { kind: "unary" }, names: Names): Whole {
    this.line = e.line;
    const { type, parts } = this.expression(e.of, names);
    const op = { "-": "neg", "!": "not", "~": "not" }[e.op];
    if (!op) return this.fail(`${e.op} is not there`);
    return { type, parts: parts.map((p) => this.value(op, p.type, [p])) };
  }

  private shortCut(e: Expression & { kind: "binary" }, names: Names): Whole {
    const [a] = this.expression(e.a, names).parts as [Value];
    const and = e.op === "&&";
    if (a.op === "const") return Boolean(a.imm) === and ? this.expression(e.b, names) : { type: bool, parts: [a] };
    let b!: Value;
    const right = this.inside(() => {
      b = this.expression(e.b, names).parts[0]!;
    });
    // What only gives a value is as well computed in any case.
    if (right.statements.every((s) => s.kind === "value" && s.value.op !== "atomic")) {
      this.block.statements.push(...right.statements);
      return { type: bool, parts: [this.value(and ? "and" : "or", "bool", [a, b])] };
    }
    const ref = this.variable(bool, false) as Ref & { kind: "variables" };
    const [variable] = ref.variables as [Variable];
    this.block.statements.push({ kind: "set", variable, value: a });
    right.statements.push({ kind: "set", variable, value: b });
    const empty: Block = { statements: [] };
    this.block.statements.push({ kind: "if", test: a, yes: and ? right : empty, no: and ? empty : right });
    return this.load(ref);
  }

  private binary(op: string, left: Whole, right: Whole): Whole {
    const scalar = scalarOf(this.common(left.type, op === "<<" || op === ">>" ? left.type : right.type));
    const a = this.parts(left, scalar);
    const b = this.parts(right, op === "<<" || op === ">>" ? "u32" : scalar);
    const count = Math.max(a.length, b.length);
    const shaped = left.type.kind === "vec" ? left.type : right.type;
    const abstract = isAbstract(left.type) && isAbstract(right.type);
    const comparison = comparisons[op];
    const name = comparison ?? arithmetic[op];
    if (!name) return this.fail(`${op} is not there`);
    const type = comparison ? "bool" : scalar;
    const parts: Value[] = [];
    for (let i = 0; i < count; i++)
      parts.push(this.value(name, type, [a[a.length === 1 ? 0 : i]!, b[b.length === 1 ? 0 : i]!]));
    return { type: shaped.kind === "vec" ? vecType(count, type) : scalarType(type, abstract && !comparison), parts };
  }

  private common(a: Type, b: Type): Type {
    if (isAbstract(a) && !isAbstract(b)) return b;
    if (isAbstract(b) && !isAbstract(a)) return a;
    if (isAbstract(a) && scalarOf(b) === "f32") return b;
    if (scalarOf(a) !== scalarOf(b)) this.fail(`no matching operator for ${scalarOf(a)} and ${scalarOf(b)}`);
    return a;
  }

  /** Parts as scalars of a type, where numbers of the text had none. */
  private parts({ type, parts }: Whole, scalar: Scalar): readonly Value[] {
    if (scalarOf(type) === scalar) return parts;
    if (!isAbstract(type)) this.fail(`cannot convert value of type '${scalarOf(type)}' to type '${scalar}'`);
    return parts.map((p) => this.constant(p.imm as number, scalar));
  }

  private coerced(whole: Whole, type: Type): Whole {
    if (type.kind === "scalar" && whole.type.kind === "scalar") {
      return { type: scalarType(type.scalar), parts: this.parts(whole, type.scalar) };
    }
    if (flat(type) !== whole.parts.length) this.fail("types do not match");
    return { type, parts: whole.parts };
  }

  // Calls

  private call(e: Expression & { kind: "call" }, names: Names): Whole {
    const { name, args: templated } = e.callee;
    const fn = this.module.functions.get(name) ?? this.builtins.functions.get(name);
    if (fn)
      return this.written(
        fn,
        e.args.map((a) => this.expression(a, names)),
      );
    if (name === "bitcast") {
      const to = this.typeArgument(templated[0])!;
      const of = this.expression(e.args[0]!, names);
      const scalar = scalarOf(to);
      return { type: to, parts: of.parts.map((p) => this.cast(p, scalar)) };
    }
    if (name in atomics || /^atomic(?:Load|Store)$/.test(name)) return this.atomic(name, e, names);
    if (name === "arrayLength") {
      const ref = this.pointed(e.args[0]!, names);
      if (ref.kind !== "memory" || ref.type.kind !== "array") return this.fail("arrayLength of what?");
      const words = this.value("length", "u32", [], ref.place);
      return { type: u32, parts: [this.value("div", "u32", [words, this.constant(strideOf(ref.type), "u32")])] };
    }
    if (/Barrier$/.test(name)) {
      this.barriers = true;
      return { type: u32, parts: [] };
    }
    if (name === "workgroupUniformLoad") {
      this.barriers = true;
      return this.load(this.pointed(e.args[0]!, names));
    }
    const args = e.args.map((a) => this.expression(a, names));
    return this.constructed(e.callee, args) ?? this.builtinCall(name, args);
  }

  private pointed(e: Expression, names: Names): Ref {
    if (e.kind !== "unary" || e.op !== "&") return this.fail("expected a pointer");
    return this.ref(e.of, names);
  }

  private atomic(name: string, e: Expression & { kind: "call" }, names: Names): Whole {
    const ref = this.pointed(e.args[0]!, names);
    if (ref.kind !== "memory") return this.fail(`${name} of what?`);
    const scalar = scalarOf(ref.type);
    if (name === "atomicLoad") return this.load(ref);
    const given = this.coerced(this.expression(e.args[1]!, names), scalarType(scalar));
    if (name === "atomicStore") {
      this.assign(ref, given);
      return given;
    }
    const args = [given.parts[0]!, ...(ref.index ? [ref.index] : [])];
    const value = new Value("atomic", scalar, args, { ...ref.place, space: `${ref.place.space}` });
    atomicOps.set(value, atomics[name]!);
    this.block.statements.push({ kind: "value", value });
    return { type: scalarType(scalar), parts: [value] };
  }

  private cast(p: Value, to: Scalar): Value {
    return p.type === to ? p : this.value("cast", to, [p]);
  }

  /** T(…): a structure, vector, array, or a conversion. */
  private constructed(callee: TypeName, args: readonly Whole[]): Whole | undefined {
    const { name } = callee;
    const isType =
      /^(?:f32|u32|i32|bool|array|vec[234][fiu]?)$/.test(name) ||
      this.module.structs.has(name) ||
      this.module.aliases.has(name);
    if (!isType) return undefined;
    if (name === "array" && callee.args.length === 0) {
      const of = concrete(args[0]!.type);
      const parts = args.flatMap((a) => this.coerced(a, of).parts);
      return { type: { kind: "array", of, count: args.length }, parts };
    }
    if (/^vec[234]$/.test(name) && callee.args.length === 0) {
      const scalar = scalarOf(concrete(args[0]!.type));
      return this.vector({ kind: "vec", count: Number(name[3]), scalar }, args);
    }
    const type = this.type(callee);
    if (type.kind === "scalar") return { type, parts: [this.converted(args[0]?.parts[0], type.scalar)] };
    if (type.kind === "vec") return this.vector(type, args);
    const all = scalars(type, true);
    if (args.length === 0) return { type, parts: all.map(({ scalar }) => this.constant(0, scalar)) };
    const fields = type.kind === "struct" ? type.fields.map((f) => f.type) : args.map(() => (type as { of: Type }).of);
    if (fields.length !== args.length) this.fail(`${name} has ${fields.length} members`);
    return { type, parts: args.flatMap((a, i) => this.coerced(a, fields[i]!).parts) };
  }

  private vector(type: Extract<Type, { kind: "vec" }>, args: readonly Whole[]): Whole {
    const parts = args.flatMap((a) => a.parts.map((p) => this.converted(p, type.scalar)));
    if (parts.length === 0) parts.push(this.constant(0, type.scalar));
    if (parts.length !== 1 && parts.length !== type.count) this.fail(`vec${type.count} of ${parts.length} numbers`);
    return { type, parts: Array.from({ length: type.count }, (_, i) => parts[parts.length === 1 ? 0 : i]!) };
  }

  private converted(p: Value | undefined, to: Scalar): Value {
    if (!p) return this.constant(0, to);
    if (p.type === to) return p;
    if (p.op === "const" && p.type !== "f32" && to === "f32") {
      return this.constant(p.type === "i32" ? (p.imm as number) | 0 : (p.imm as number), to);
    }
    if (p.op === "const" && p.type !== "f32" && to !== "bool") return this.constant(p.imm as number, to);
    if (to === "bool") return this.value("ne", "bool", [p, this.constant(0, p.type)]);
    if (p.type === "bool") return this.value("select", to, [this.constant(0, to), this.constant(1, to), p]);
    if (p.type !== "f32" && to !== "f32") return this.value("cast", to, [p]);
    return this.value("convert", to, [p]);
  }

  private builtinCall(name: string, args: readonly Whole[]): Whole {
    const each = (make: (...p: Value[]) => Value, scalar?: Scalar): Whole => {
      const shaped = args.find((a) => a.type.kind === "vec") ?? args[0]!;
      const known = args.find((a) => !isAbstract(a.type));
      const common = scalar ?? (known ? scalarOf(known.type) : scalarOf(args[0]!.type));
      const all = args.map((a) => (scalarOf(a.type) === "bool" ? a.parts : this.parts(a, common)));
      const count = Math.max(...all.map((p) => p.length));
      const parts = Array.from({ length: count }, (_, i) => make(...all.map((p) => p[p.length === 1 ? 0 : i]!)));
      const type = parts[0]!.type;
      return { type: shaped.type.kind === "vec" ? vecType(count, type) : scalarType(type), parts };
    };
    const op =
      (of: string) =>
      (...p: Value[]): Value =>
        this.value(of, p[0]!.type, p);
    switch (name) {
      case "select":
        return this.select(args);
      case "min":
      case "max":
        return each(op(name));
      case "clamp":
        return each((x, low, high) => op("min")(op("max")(x!, low!), high!));
      case "sign":
        return each((x) => {
          const type = x!.type;
          const [zero, one, minus] = [0, 1, -1].map((n) => this.constant(n, type));
          const [above, below] = ["gt", "lt"].map((o) => this.value(o, "bool", [x!, zero!]));
          return op("select")(op("select")(zero!, minus!, below!), one!, above!);
        });
      case "fract":
        return each((x) => op("sub")(x!, op("floor")(x!)));
      case "mix":
        return each((a, b, t) => op("add")(op("mul")(a!, op("sub")(this.constant(1, "f32"), t!)), op("mul")(b!, t!)));
      case "fma":
        return each((a, b, c) => op("add")(op("mul")(a!, b!), c!));
      case "any":
      case "all": {
        const [first, ...rest] = args[0]!.parts as [Value, ...Value[]];
        const test = rest.reduce((a, b) => this.value(name === "any" ? "or" : "and", "bool", [a, b]), first);
        return { type: bool, parts: [test] };
      }
      case "dot": {
        const products = args[0]!.parts.map((a, i) => op("mul")(a, args[1]!.parts[i]!));
        return { type: scalarType(products[0]!.type), parts: [products.reduce((a, b) => op("add")(a, b))] };
      }
      default:
        if (this.builtins.functions.has(`builtin_${name}`)) {
          return each(
            (...p) =>
              this.written(
                this.builtinFunction(name),
                p.map((v) => ({ type: f32, parts: [v] })),
              ).parts[0]!,
            "f32",
          );
        }
        if (unaryFunctions.has(name)) return each(op(name));
        return this.fail(`unresolved call target '${name}'`);
    }
  }

  private select(args: readonly Whole[]): Whole {
    const [no, yes, test] = args as [Whole, Whole, Whole];
    const scalar = scalarOf(this.common(no.type, yes.type));
    const [a, b] = [this.parts(no, scalar), this.parts(yes, scalar)];
    const parts = a.map((old, i) =>
      this.value("select", scalar, [old, b[i]!, test.parts[test.parts.length === 1 ? 0 : i]!]),
    );
    return { type: no.type.kind === "vec" ? no.type : scalarType(scalar), parts };
  }

  /** A call, written out. */
  private written(fn: FunctionSyntax, args: readonly Whole[]): Whole {
    if (this.depth > 100) return this.fail(`function ${fn.name} calls itself`);
    const names = new Names(this.global);
    fn.parameters.forEach(({ name, type }, i) => {
      const given = args[i];
      if (!given) this.fail(`${fn.name} takes ${fn.parameters.length} arguments`);
      names.set(name, { whole: this.coerced(given, this.type(type)) });
    });
    const returns = fn.returns && this.type(fn.returns);
    const outer = this.frame;
    const atEnd = returnsAtEnd(fn.body);
    this.depth += 1;
    let result: Whole;
    if (atEnd) {
      this.frame = { fn, indexed: this.indexedIn(fn), scope: undefined, result: [], returned: undefined };
      this.body(fn.body, names, []);
      result = this.frame.returned ?? { type: u32, parts: [] };
    } else {
      const scope: Scope = { kind: "scope", body: { statements: [] }, varying: false };
      const ref = returns ? (this.variable(returns, false) as Ref & { kind: "variables" }) : undefined;
      this.frame = { fn, indexed: this.indexedIn(fn), scope, result: ref?.variables ?? [], returned: undefined };
      this.fill(scope.body, () => this.body(fn.body, names, []));
      this.block.statements.push(scope);
      result = ref ? this.load(ref) : { type: u32, parts: [] };
    }
    this.frame = outer;
    this.depth -= 1;
    return result;
  }
}

/** Which atomic operation a value is. */
export const atomicOps = new WeakMap<Value, string>();

const nameOf = (type: TypeName): Expression => ({ kind: "name", name: type.name, line: 0 });

const newLoop = (): Loop => ({
  kind: "loop",
  body: { statements: [] },
  continuing: { statements: [] },
  until: undefined,
  varying: false,
  skips: false,
});

const isAbstract = (type: Type): boolean => type.kind === "scalar" && type.abstract === true;

const concrete = (type: Type): Type => (type.kind === "scalar" ? scalarType(type.scalar) : type);

function scalarOf(type: Type): Scalar {
  if (type.kind === "scalar" || type.kind === "vec") return type.scalar;
  throw new WgslError("expected a number");
}

const componentOf = (name: string): number | undefined => {
  const at = "xyzw".indexOf(name);
  const colour = "rgba".indexOf(name);
  const found = at >= 0 ? at : colour;
  return name.length === 1 && found >= 0 ? found : undefined;
};

const returns = (body: Body): boolean =>
  body.some((s) => {
    switch (s.kind) {
      case "return":
        return true;
      case "if":
        return returns(s.yes) || returns(s.no);
      case "for":
      case "block":
        return returns(s.body);
      case "loop":
        return returns(s.body) || returns(s.continuing);
      case "switch":
        return s.cases.some((c) => returns(c.body));
      default:
        return false;
    }
  });

/** Whether a body returns at its end or not at all. */
/** Whether a turn may end before its body does. */
const skips = (body: Body): boolean =>
  body.some((s) => {
    if (s.kind === "continue") return true;
    if (s.kind === "if") return skips(s.yes) || skips(s.no);
    if (s.kind === "block") return skips(s.body);
    return s.kind === "switch" && s.cases.some((c) => skips(c.body));
  });

const isBreak = (body: Body): boolean => body.length === 1 && body[0]!.kind === "break";

const returnsAtEnd = (body: Body): boolean => !returns(body.at(-1)?.kind === "return" ? body.slice(0, -1) : body);

const constantOf = (value: Value | undefined): number | undefined =>
  value?.op === "const" ? (value.imm as number) : undefined;

/** Operations that change nothing by a 0 after or before the sign. */
const nothingAfter = new Set(["add", "sub", "or", "xor", "shl", "shr"]);
const nothingBefore = new Set(["add", "or", "xor"]);

/** What an operation gives where that is known. */
export function folded(op: string, type: Scalar, args: readonly Value[]): Value | undefined {
  const a = args[0];
  const b = args[1];
  const c = args[2];
  if (op === "select") {
    if (c!.op === "const") return c!.imm ? b : a;
    return a === b ? a : undefined;
  }
  const x = constantOf(a);
  const y = constantOf(b);
  if (x === undefined && y === undefined) return undefined;
  const constant = (value: number): Value => {
    const number = type === "f32" ? Math.fround(value) : type === "i32" ? value | 0 : value >>> 0;
    return new Value("const", type, [], number);
  };
  const integers = type !== "f32" && a?.type !== "f32";
  if (integers && b) {
    if (y === 0 && nothingAfter.has(op)) return a;
    if (x === 0 && nothingBefore.has(op)) return b;
    if (op === "mul" && y === 1) return a;
    if (op === "mul" && x === 1) return b;
    if ((op === "mul" || op === "and") && (x === 0 || y === 0)) return constant(0);
    if (type === "bool" && op === "and") {
      if (x !== undefined) return b;
      if (y !== undefined) return a;
    }
    if (type === "bool" && op === "or" && (x || y)) return constant(1);
  }
  if (type === "f32" && op === "mul" && a!.type === "f32") {
    if (y === 1) return a;
    if (x === 1) return b;
  }
  if (c || x === undefined || (b && y === undefined)) return undefined;
  const p = x;
  const q = y!;
  const unsigned = a!.type === "u32";
  switch (op) {
    case "add":
      return constant(p + q);
    case "sub":
      return constant(p - q);
    case "mul":
      return constant(integers ? Math.imul(p, q) : p * q);
    case "div":
      return integers ? (q === 0 ? undefined : constant(Math.trunc(p / q))) : constant(p / q);
    case "rem":
      return integers && q !== 0 ? constant(p % q) : undefined;
    case "and":
      return constant(p & q);
    case "or":
      return constant(p | q);
    case "xor":
      return constant(p ^ q);
    case "shl":
      return constant(p << q);
    case "shr":
      return constant(unsigned ? p >>> q : p >> q);
    case "neg":
      return constant(-p);
    case "not":
      return constant(type === "bool" ? Number(!p) : ~p);
    case "min":
      return constant(Math.min(p, q));
    case "max":
      return constant(Math.max(p, q));
    case "eq":
      return constant(Number(p === q));
    case "ne":
      return constant(Number(p !== q));
    case "lt":
      return constant(Number(p < q));
    case "le":
      return constant(Number(p <= q));
    case "gt":
      return constant(Number(p > q));
    case "ge":
      return constant(Number(p >= q));
    default:
      return undefined;
  }
}

/** @throws WgslError where the text asks for what is not there. */
export const lower = (module: ModuleSyntax, overrides: Readonly<Record<string, number>>, entryPoint = "main"): Ir =>
  new Lowering(module, overrides, builtins()).lower(entryPoint);

let parsed: ModuleSyntax | undefined;
const builtins = (): ModuleSyntax => {
  parsed ??= parseWgsl(builtinFunctions);
  return parsed;
};

export type { Statement };
export { f32, lasting };
