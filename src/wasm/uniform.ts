/**
 * What all lanes have in common. A value that does not depend on the lane is one number, a condition on it a branch; the
 * others are vectors, and conditions on them masks. Begins with everything in common, and goes through the kernel until
 * nothing changes.
 */
import type { Block, Ir, Loop, Place, Scope, Value, Variable } from "./ir.js";

/** The lanes for which a block is executed: one object for each mask. */
export interface Lanes {
  readonly outer: Lanes | undefined;
  /** What made them fewer. */
  readonly by: object;
}

class Analysis {
  changed = true;
  /** What stands for a turn of a loop, from which lanes may skip to its end. */
  private readonly turns = new Map<Loop, { readonly kind: "turn"; varying: boolean }>();
  private readonly declared = new Map<Variable, Lanes>();

  private varies(value: Value): boolean {
    return !value.uniform;
  }

  private vary(thing: Value | Variable): void {
    if (!thing.uniform) return;
    thing.uniform = false;
    this.changed = true;
  }

  private strideOf(value: Value): number | undefined {
    if (value.type === "f32" || value.type === "bool") return undefined;
    const of = (v: Value | undefined): number | undefined => (v?.uniform ? 0 : v?.stride);
    const a = of(value.args[0]);
    const b = of(value.args[1]);
    switch (value.op) {
      case "lane":
        return 1;
      case "add":
        return a === undefined || b === undefined ? undefined : a + b;
      case "sub":
        return a === undefined || b === undefined ? undefined : a - b;
      case "mul":
      case "shl": {
        const x = value.args[0]!;
        const y = value.args[1]!;
        const factor = y.op === "const" ? (y.imm as number) : undefined;
        if (a === undefined || factor === undefined) return x.uniform && y.uniform ? 0 : undefined;
        return value.op === "mul" ? a * factor : a * 2 ** factor;
      }
      case "cast":
        return a;
      default:
        return undefined;
    }
  }

  private value(value: Value): void {
    const { op, args } = value;
    if (op === "get") {
      if (!(value.imm as Variable).uniform) this.vary(value);
    } else if (op === "lane" || op === "atomic" || (op === "load" && (value.imm as Place).space === "private")) {
      this.vary(value);
    } else if (value.uniform) {
      for (const a of args) if (!a.uniform) this.vary(value);
    }
    if (!value.uniform) {
      const stride = this.strideOf(value);
      if (stride !== value.stride) {
        value.stride = stride;
        this.changed = true;
      }
    }
  }

  private jump(lanes: Lanes, to: Loop | Scope): void {
    // Out of what is executed for fewer lanes than there are at the end of the jump.
    let varying = false;
    for (let l: Lanes | undefined = lanes; l && l.by !== to; l = l.outer) {
      const by = l.by as { kind?: string; varying?: boolean };
      if (by.kind === "if" || by.varying) varying = true;
    }
    if (!varying) return;
    for (let l: Lanes | undefined = lanes; l; l = l.outer) {
      const by = l.by as Loop | Scope;
      if ((by.kind === "loop" || by.kind === "scope") && !by.varying) {
        by.varying = true;
        this.changed = true;
      }
      if (by === to) break;
    }
  }

  /** The lanes without those of blocks that are executed for all or none. */
  private effective(lanes: Lanes): Lanes {
    let l = lanes;
    while (l.outer && !(l.by as { varying?: boolean }).varying) l = l.outer;
    return l;
  }

  block(block: Block, lanes: Lanes): void {
    for (const s of block.statements) {
      switch (s.kind) {
        case "value":
          this.value(s.value);
          break;
        case "declare":
          this.declared.set(s.variable, lanes);
          if (this.varies(s.value)) this.vary(s.variable);
          break;
        case "set":
          if (this.varies(s.value) || !this.covers(s.variable, lanes)) this.vary(s.variable);
          break;
        case "if": {
          const branch = { kind: "if", varying: this.varies(s.test) };
          const inner = branch.varying ? { outer: lanes, by: branch } : lanes;
          this.block(s.yes, inner);
          this.block(s.no, branch.varying ? { outer: lanes, by: branch } : lanes);
          break;
        }
        case "loop": {
          const inner = { outer: lanes, by: s };
          const turn = this.turns.get(s) ?? { kind: "turn", varying: false };
          this.turns.set(s, turn);
          turn.varying = s.skips;
          this.block(s.body, { outer: inner, by: turn });
          this.block(s.continuing, inner);
          if (s.until && this.varies(s.until) && !s.varying) {
            s.varying = true;
            this.changed = true;
          }
          break;
        }
        case "scope":
          this.block(s.body, { outer: lanes, by: s });
          break;
        case "break":
          this.jump(lanes, s.from);
          break;
        case "continue":
          this.skip(lanes, s.of);
          break;
        case "return":
          this.jump(lanes, s.from);
      }
    }
  }

  /** A jump to the end of a turn: lanes meet again there. */
  private skip(lanes: Lanes, loop: Loop): void {
    for (let l: Lanes | undefined = lanes; l && l.by !== loop; l = l.outer) {
      const by = l.by as { kind?: string; varying?: boolean };
      if (!(by.kind === "if" || by.varying) || loop.skips) continue;
      loop.skips = true;
      this.changed = true;
    }
    if (!loop.skips) return;
    for (let l: Lanes | undefined = lanes; l && l.by !== loop; l = l.outer) {
      const by = l.by as Loop | Scope;
      if ((by.kind === "loop" || by.kind === "scope") && !by.varying) {
        by.varying = true;
        this.changed = true;
      }
    }
  }

  /** Whether all lanes that may read a variable are there where it is set. */
  private covers(variable: Variable, lanes: Lanes): boolean {
    const declared = this.declared.get(variable);
    if (!declared) return true;
    const from = this.effective(lanes);
    // The turns of a loop are counted for the lanes in it.
    return from === this.effective(declared) || (variable.owner !== undefined && from.by === variable.owner);
  }
}

/** Marks values and variables, loops and scopes. */
export function markUniform({ body }: Ir): void {
  const analysis = new Analysis();
  const all: Lanes = { outer: undefined, by: {} };
  while (analysis.changed) {
    analysis.changed = false;
    analysis.block(body, all);
  }
}
