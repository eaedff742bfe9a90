/**
 * A kernel between WGSL and WebAssembly: one function, its calls written out, all values scalars of one lane, in structured
 * control flow. What lanes do together is decided later (uniform.ts, emit.ts).
 */

export type Scalar = "f32" | "u32" | "i32" | "bool";

/** Where memory lies: a buffer bound, what a workgroup shares, or what each lane has for itself. */
export interface Place {
  readonly space: "storage" | "uniform" | "workgroup" | "private";
  /** Number of the binding, or the first word of the variable in its space. */
  readonly at: number;
  /** Words known when the kernel is written. */
  readonly words: number;
  /** Words of the variable; of a buffer that is known when it is bound. */
  readonly size?: number;
  /** Of one of four words of a buffer that are read or written together, the first. */
  readonly four?: number;
}

let things = 0;

export class Value {
  readonly id = things++;
  /** Stands for another, once that is known. */
  to: Value | undefined;
  /** Whether all lanes that are there have the same. */
  uniform = true;
  /** By what it grows from one lane to the next, where that is known. */
  stride: number | undefined = 0;
  /** Whether something asks for it. */
  wanted = false;
  /** How often it is asked for, and in which block if in one. */
  uses = 0;
  usedIn: Block | undefined;
  definedIn: Block | undefined;
  /** Whether a variable is set to it. */
  assigned = false;
  /** Whether it is needed in all lanes, though it is one number. */
  splat = false;
  /** Whether it is computed where it is asked for, as that is one place. */
  deferred = false;
  /** Locals of the function that is written, by vector. */
  locals: readonly number[] | undefined;

  constructor(
    readonly op: string,
    readonly type: Scalar,
    public args: readonly Value[] = [],
    /** A constant's number; a place; a variable; a name. */
    readonly imm?: number | Place | Variable | string,
  ) {}
}

/** What is assigned to more than once. */
export class Variable {
  readonly id = things++;
  uniform = true;
  /** Whether something reads it. */
  read = false;
  /** What it is known to be, where the optimiser is. */
  known: Value | undefined;
  locals: readonly number[] | undefined;
  /** The loop whose turns it counts: it is not seen outside. */
  owner: Loop | undefined;

  constructor(readonly type: Scalar) {}
}

export interface Block {
  readonly statements: Statement[];
}

export interface Loop {
  readonly kind: "loop";
  readonly body: Block;
  readonly continuing: Block;
  /** Leaves at the end of a turn. */
  until: Value | undefined;
  /** Whether lanes leave at different times. */
  varying: boolean;
  /** Whether lanes skip to the end of a turn. */
  skips: boolean;
}

/** A function written out that returns from within. */
export interface Scope {
  readonly kind: "scope";
  readonly body: Block;
  varying: boolean;
}

export interface Conditional {
  readonly kind: "if";
  test: Value;
  readonly yes: Block;
  readonly no: Block;
}

export type Statement =
  | { readonly kind: "value"; readonly value: Value }
  | { readonly kind: "declare"; readonly variable: Variable; value: Value }
  | { readonly kind: "set"; readonly variable: Variable; value: Value }
  | { readonly kind: "store"; readonly place: Place; index: Value | undefined; value: Value }
  /** Sets private or workgroup memory to zero. */
  | { readonly kind: "zero"; readonly place: Place }
  | Conditional
  | Loop
  | Scope
  | { readonly kind: "break"; readonly from: Loop }
  | { readonly kind: "continue"; readonly of: Loop }
  | { readonly kind: "return"; readonly from: Scope };

export interface Ir {
  readonly body: Block;
  readonly workgroupSize: readonly [number, number, number];
  /** Whether lanes of a workgroup wait for each other. */
  readonly barriers: boolean;
  /** Words of private memory of a lane, and of a workgroup's. */
  readonly privateWords: number;
  readonly workgroupWords: number;
  /** Numbers of the storage bindings that are used. */
  readonly bindings: readonly number[];
}

/** What a value is now. */
export function resolved(value: Value): Value {
  let v = value;
  while (v.to) v = v.to;
  return v;
}

/** Operations that do more than give a value, or do not give the same again. */
export const lasting = new Set(["get", "load", "atomic"]);
