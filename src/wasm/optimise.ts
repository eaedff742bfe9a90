/** What need not be computed: values that are known, or were computed before, or that nothing asks for. */
import { type Block, type Ir, type Loop, lasting, resolved, type Statement, Value, type Variable } from "./ir.js";
import { folded } from "./lower.js";

/** Values by what they are, of a block and those around it: whoever leaves a block takes back what it added. */
class Known {
  private readonly values = new Map<string, Value>();
  private readonly added: string[] = [];

  find(key: string): Value | undefined {
    return this.values.get(key);
  }

  add(key: string, value: Value): void {
    this.values.set(key, value);
    this.added.push(key);
  }

  get place(): number {
    return this.added.length;
  }

  leave(place: number): void {
    while (this.added.length > place) this.values.delete(this.added.pop()!);
  }
}

const shared = new DataView(new ArrayBuffer(4));
/** A constant by its bits. */
export function bitsOf(value: Value): number {
  const n = value.imm as number;
  if (value.type === "f32") shared.setFloat32(0, n);
  else shared.setInt32(0, n | 0);
  return shared.getInt32(0);
}

function keyOf(value: Value): string {
  let key = `${value.op} ${value.type}`;
  const { imm } = value;
  if (typeof imm === "object") key += "space" in imm ? ` ${imm.space}${imm.at}+${imm.words}` : ` v${imm.id}`;
  else if (imm !== undefined) key += ` ${imm}`;
  for (const a of value.args) key += a.op === "const" ? ` ${a.type}${bitsOf(a)}` : ` ${a.id}`;
  return key;
}

/** Variables that are assigned to in a block. */
function assigned(block: Block, found: Set<Variable> = new Set()): Set<Variable> {
  for (const s of block.statements) {
    if (s.kind === "set" || s.kind === "declare") found.add(s.variable);
    else if (s.kind === "if") {
      assigned(s.yes, found);
      assigned(s.no, found);
    } else if (s.kind === "loop") {
      assigned(s.body, found);
      assigned(s.continuing, found);
    } else if (s.kind === "scope") assigned(s.body, found);
  }
  return found;
}

interface Change {
  readonly variable: Variable;
  readonly before: Value | undefined;
  readonly assigned: boolean;
}

/** What variables are known to be in a block: whoever leaves it takes that back, and knows no more what was assigned to in it. */
class Variables {
  private readonly changes: Change[] = [];

  /** @param assigned whether the program assigns to it here. */
  set(variable: Variable, value: Value | undefined, assigned = false): void {
    this.changes.push({ variable, before: variable.known, assigned });
    variable.known = value;
  }

  forget(block: Block): void {
    for (const v of assigned(block)) this.set(v, undefined);
  }

  get place(): number {
    return this.changes.length;
  }

  /** @returns what was assigned to since then. */
  leave(place: number): Variable[] {
    const inside = this.changes.splice(place);
    for (let n = inside.length - 1; n >= 0; n--) inside[n]!.variable.known = inside[n]!.before;
    return inside.filter((c) => c.assigned).map((c) => c.variable);
  }

  lose(assigned: readonly Variable[]): void {
    for (const variable of assigned) this.set(variable, undefined, true);
  }
}

function replace(block: Block, statements: readonly Statement[]): void {
  block.statements.length = 0;
  for (const s of statements) block.statements.push(s);
}

const powerOfTwo = (n: number): number | undefined =>
  n > 0 && Number.isInteger(Math.log2(n)) ? Math.log2(n) : undefined;

/** The same by a cheaper operation. */
function cheaper(value: Value): Value {
  const a = value.args[0];
  const b = value.args[1];
  if (b?.op !== "const" || value.type === "f32" || value.type === "bool") return value;
  const power = powerOfTwo(b.imm as number);
  if (power === undefined) return value;
  const by = (op: string, n: number): Value => new Value(op, value.type, [a!, new Value("const", "u32", [], n)]);
  if (value.op === "mul") return by("shl", power);
  if (value.type !== "u32") return value;
  if (value.op === "div") return by("shr", power);
  if (value.op === "rem") {
    return new Value("and", "u32", [a!, new Value("const", "u32", [], (b.imm as number) - 1)]);
  }
  return value;
}

/**
 * The same without turning signs of floats: exact, as a sign goes through products and sums as it is. Its last value is it;
 * none where there is no sign to turn.
 */
function unsigned({ op, type, args }: Value): Value[] | undefined {
  if (type !== "f32" || (op !== "mul" && op !== "add" && op !== "sub")) return undefined;
  const a = args[0]!;
  const b = args[1]!;
  const x = a.op === "neg" ? a.args[0] : undefined;
  const y = b.op === "neg" ? b.args[0] : undefined;
  if (!x && !y) return undefined;
  if (op === "mul" && (x || y)) {
    const product = new Value("mul", "f32", [x ?? a, y ?? b]);
    return x && y ? [product] : [product, new Value("neg", "f32", [product])];
  }
  if (op === "add" && y) return [new Value("sub", "f32", [a, y])];
  if (op === "add" && x) return [new Value("sub", "f32", [b, x])];
  return op === "sub" && y ? [new Value("add", "f32", [a, y])] : undefined;
}

/** Arguments as they are now. */
function resolve(value: Value): void {
  for (const a of value.args) {
    if (!a.to) continue;
    value.args = value.args.map(resolved);
    return;
  }
}

function visitValue(value: Value, known: Known, variables: Variables): boolean {
  resolve(value);
  if (value.op === "get") {
    const variable = value.imm as Variable;
    const now = variable.known;
    if (now) value.to = resolved(now);
    else variables.set(variable, value);
    return !now;
  }
  if (lasting.has(value.op) && !(value.op === "load" && (value.imm as { space: string }).space === "uniform"))
    return true;
  const simple = folded(value.op, value.type, value.args);
  if (simple && simple !== value) {
    value.to = resolved(simple);
    return false;
  }
  const key = keyOf(value);
  const same = known.find(key);
  if (same) {
    value.to = same;
    return false;
  }
  known.add(key, value);
  return true;
}

/** A block of its own. @returns what is assigned to in it. */
function visitInside(block: Block, known: Known, variables: Variables): Variable[] {
  const [values, changes] = [known.place, variables.place];
  visit(block, known, variables);
  known.leave(values);
  return variables.leave(changes);
}

function visit(block: Block, known: Known, variables: Variables): void {
  const kept: Statement[] = [];
  const { statements } = block;
  for (let n = 0; n < statements.length; n++) {
    const s = statements[n]!;
    switch (s.kind) {
      case "value": {
        resolve(s.value);
        const cheap = cheaper(s.value);
        const better = unsigned(cheap);
        const result = better ? better.at(-1)! : cheap;
        if (result === s.value) {
          if (visitValue(result, known, variables)) kept.push(s);
          break;
        }
        s.value.to = result;
        for (const value of better ?? [cheap])
          if (visitValue(value, known, variables)) kept.push({ kind: "value", value });
        break;
      }
      case "declare":
      case "set":
        s.value = resolved(s.value);
        variables.set(s.variable, s.value, true);
        kept.push(s);
        break;
      case "store":
        s.value = resolved(s.value);
        s.index = s.index && resolved(s.index);
        kept.push(s);
        break;
      case "zero":
        kept.push(s);
        break;
      case "if": {
        s.test = resolved(s.test);
        if (s.test.op === "const") {
          statements.splice(n + 1, 0, ...(s.test.imm ? s.yes : s.no).statements);
          break;
        }
        const either = [...visitInside(s.yes, known, variables), ...visitInside(s.no, known, variables)];
        variables.lose(either);
        kept.push(s);
        break;
      }
      case "loop": {
        variables.forget(s.body);
        variables.forget(s.continuing);
        const [values, changes] = [known.place, variables.place];
        visit(s.body, known, variables);
        // What lanes that skip a part of the body have is another.
        if (hasSkip(s.body, s)) {
          variables.forget(s.body);
          known.leave(values);
        }
        visit(s.continuing, known, variables);
        known.leave(values);
        variables.lose(variables.leave(changes));
        s.until = s.until && resolved(s.until);
        kept.push(s);
        break;
      }
      case "scope":
        variables.lose(visitInside(s.body, known, variables));
        kept.push(s);
        break;
      default:
        kept.push(s);
        // Nothing follows a jump.
        statements.length = n + 1;
    }
  }
  replace(block, kept);
}

function hasSkip(block: Block, loop: Loop): boolean {
  return block.statements.some((s) => {
    if (s.kind === "continue") return s.of === loop;
    if (s.kind === "if") return hasSkip(s.yes, loop) || hasSkip(s.no, loop);
    if (s.kind === "loop") return hasSkip(s.body, loop) || hasSkip(s.continuing, loop);
    return s.kind === "scope" && hasSkip(s.body, loop);
  });
}

/** All values of a block. */
function valuesOf(block: Block, found: Set<Value> = new Set()): Set<Value> {
  for (const s of block.statements) {
    if (s.kind === "value") found.add(s.value);
    else if (s.kind === "if") {
      valuesOf(s.yes, found);
      valuesOf(s.no, found);
    } else if (s.kind === "loop") {
      valuesOf(s.body, found);
      valuesOf(s.continuing, found);
    } else if (s.kind === "scope") valuesOf(s.body, found);
  }
  return found;
}

/** Takes out of loops what is the same in all of their turns. */
function hoist(block: Block): void {
  const kept: Statement[] = [];
  for (const s of block.statements) {
    if (s.kind === "if") {
      hoist(s.yes);
      hoist(s.no);
    } else if (s.kind === "scope") hoist(s.body);
    else if (s.kind === "loop") {
      hoist(s.body);
      hoist(s.continuing);
      const inside = valuesOf(s.continuing, valuesOf(s.body));
      for (const part of [s.body, s.continuing]) {
        const { statements } = part;
        const left = statements.filter((t) => {
          if (t.kind !== "value" || lasting.has(t.value.op) || t.value.args.some((a) => inside.has(a))) return true;
          inside.delete(t.value);
          kept.push(t);
          return false;
        });
        replace(part, left);
      }
    }
    kept.push(s);
  }
  replace(block, kept);
}

const isEmpty = (block: Block): boolean => block.statements.length === 0;

/** Drops what nothing asks for, from the end backwards; counts what is asked for. */
class Sweep {
  /** Values that are asked for, so far: variables that are read may turn out to be more, as long as there are loops. */
  found = 0;

  want(value: Value | undefined): void {
    if (!value || value.op === "const" || value.wanted) return;
    value.wanted = true;
    this.found += 1;
    if (value.op === "get") (value.imm as Variable).read = true;
    for (const a of value.args) this.want(a);
  }

  /** Marks what is needed; again and again until nothing is added. */
  mark(block: Block): void {
    for (let n = block.statements.length - 1; n >= 0; n--) {
      const s = block.statements[n]!;
      if (s.kind === "value") {
        if (s.value.op === "atomic") this.want(s.value);
      } else if (s.kind === "set" || s.kind === "declare") {
        if (s.variable.read) this.want(s.value);
      } else if (s.kind === "store") {
        this.want(s.value);
        this.want(s.index);
      } else if (s.kind === "if") {
        this.want(s.test);
        this.mark(s.no);
        this.mark(s.yes);
      } else if (s.kind === "loop") {
        this.want(s.until);
        this.mark(s.continuing);
        this.mark(s.body);
      } else if (s.kind === "scope") this.mark(s.body);
    }
  }

  drop(block: Block): void {
    const kept = block.statements.filter((s) => {
      switch (s.kind) {
        case "value":
          return s.value.wanted;
        case "set":
        case "declare":
          return s.variable.read;
        case "if":
          this.drop(s.yes);
          this.drop(s.no);
          return !isEmpty(s.yes) || !isEmpty(s.no);
        case "loop":
          this.drop(s.body);
          this.drop(s.continuing);
          return true;
        case "scope":
          this.drop(s.body);
          return !isEmpty(s.body);
        default:
          return true;
      }
    });
    replace(block, kept);
  }
}

/** Changes the kernel in place. */
export function optimise({ body }: Ir): void {
  visit(body, new Known(), new Variables());
  hoist(body);
  const sweep = new Sweep();
  for (let before = -1; before !== sweep.found; ) {
    before = sweep.found;
    sweep.mark(body);
  }
  sweep.drop(body);
}
