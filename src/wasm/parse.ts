/** WGSL → syntax: as much of the language as compute kernels use. */
import {
  type Attribute,
  type Body,
  type Expression,
  type FunctionSyntax,
  type Indexing,
  type ModuleSyntax,
  type Parameter,
  type Statement,
  type TypeArgument,
  type TypeName,
  type VariableSyntax,
  WgslError,
} from "./syntax.js";

interface Token {
  readonly text: string;
  readonly kind: "name" | "number" | "sign" | "end";
  readonly line: number;
}

/** Space and comments, a number, a name, a sign. */
const pattern =
  /(\s+|\/\/[^\n]*|\/\*[\s\S]*?\*\/)|(0[xX][\da-fA-F]+[iu]?|(?:\d+\.\d*|\.\d+|\d+)(?:[eE][+-]?\d+)?[iufh]?)|([A-Za-z_]\w*)|(>>=|<<=|->|&&|\|\||==|!=|<=|>=|<<|>>|\+\+|--|[-+*/%&|^]=|[-+*/%&|^!~<>=(){}[\].,;:@?])/y;

function tokens(text: string): Token[] {
  const all: Token[] = [];
  let line = 1;
  for (pattern.lastIndex = 0; pattern.lastIndex < text.length; ) {
    const at = pattern.lastIndex;
    const found = pattern.exec(text);
    if (!found) throw new WgslError(`unexpected character ${JSON.stringify(text[at])}`, line);
    const space = found[1];
    if (space === undefined) {
      all.push({ text: found[0], kind: found[2] ? "number" : found[3] ? "name" : "sign", line });
    } else for (let n = space.indexOf("\n"); n >= 0; n = space.indexOf("\n", n + 1)) line += 1;
  }
  all.push({ text: "", kind: "end", line });
  return all;
}

/** Names that take a template list. */
const templates = /^(?:array|vec[234]|bitcast|atomic|ptr)$/;

/** Signs between two operands, from those that bind least. */
const levels = new Map(
  ["||", "&&", "|", "^", "&", "== !=", "< > <= >=", "<< >>", "+ -", "* / %"].flatMap((signs, level) =>
    signs.split(" ").map((sign) => [sign, level] as const),
  ),
);

const unarySigns = new Set(["-", "!", "~", "&", "*"]);

class Parser {
  private at = 0;
  /** What the function at hand indexes, and by what. */
  private indexing: Indexing[] = [];
  private readonly all: Token[];

  constructor(text: string) {
    this.all = tokens(text);
  }

  private get token(): Token {
    return this.all[this.at]!;
  }

  private fail(what: string): never {
    throw new WgslError(`expected ${what}, found ${JSON.stringify(this.token.text || "the end")}`, this.token.line);
  }

  private is(text: string): boolean {
    const token = this.all[this.at]!;
    return token.text === text && token.kind !== "number";
  }

  private take(text: string): boolean {
    if (!this.is(text)) return false;
    this.at += 1;
    return true;
  }

  private expect(text: string): void {
    if (!this.take(text)) this.fail(`"${text}"`);
  }

  /** The end of a template list, of which `>>`, `>=` and `>>=` hold one. */
  private closeTemplate(): void {
    const { text, line } = this.token;
    if (text === ">") this.at += 1;
    else if (/^>(?:>|=|>=)$/.test(text)) this.all[this.at] = { text: text.slice(1), kind: "sign", line };
    else this.fail('">"');
  }

  private name(): string {
    if (this.token.kind !== "name") this.fail("a name");
    return this.all[this.at++]!.text;
  }

  /** Comma-separated, up to `end`, which is taken. */
  private list<T>(end: string, item: () => T): T[] {
    const items: T[] = [];
    while (!this.take(end)) {
      items.push(item());
      if (!this.take(",") && !this.is(end)) this.fail(`"," or "${end}"`);
    }
    return items;
  }

  private attributes(): Attribute[] {
    const found: Attribute[] = [];
    while (this.take("@")) {
      const name = this.name();
      found.push({ name, args: this.take("(") ? this.list(")", () => this.expression()) : [] });
    }
    return found;
  }

  type(): TypeName {
    const name = this.name();
    if (!this.take("<")) return { name, args: [] };
    const args: TypeArgument[] = [];
    while (!/^>/.test(this.token.text)) {
      args.push(
        this.token.kind === "name" &&
          /^(?:[fui]32|bool|array|vec|atomic|[A-Z])/.test(this.token.text) &&
          !this.isConstant()
          ? this.type()
          : this.expression(8),
      );
      if (!this.take(",") && !/^>/.test(this.token.text)) this.fail('"," or ">"');
    }
    this.closeTemplate();
    return { name, args };
  }

  /** A name in capitals is a constant. */
  private isConstant(): boolean {
    return /^[A-Z][A-Z_\d]*$/.test(this.token.text);
  }

  module(): ModuleSyntax {
    const structs = new Map<string, { name: string; type: TypeName }[]>();
    const constants = new Map<
      string,
      { type?: TypeName | undefined; value?: Expression | undefined; override: boolean }
    >();
    const aliases = new Map<string, TypeName>();
    const variables: VariableSyntax[] = [];
    const functions = new Map<string, FunctionSyntax>();
    while (this.token.kind !== "end") {
      if (this.take(";")) continue;
      const attributes = this.attributes();
      if (this.take("enable") || this.take("requires") || this.take("diagnostic")) {
        while (!this.take(";")) this.at += 1;
      } else if (this.take("struct")) {
        const name = this.name();
        this.expect("{");
        structs.set(
          name,
          this.list("}", () => {
            this.attributes();
            const field = this.name();
            this.expect(":");
            return { name: field, type: this.type() };
          }),
        );
      } else if (this.take("alias")) {
        const name = this.name();
        this.expect("=");
        aliases.set(name, this.type());
        this.expect(";");
      } else if (this.is("const") || this.is("override")) {
        const override = this.name() === "override";
        const name = this.name();
        const type = this.take(":") ? this.type() : undefined;
        const value = this.take("=") ? this.expression() : undefined;
        this.expect(";");
        constants.set(name, { type, value, override });
      } else if (this.take("var")) {
        variables.push(this.variable(attributes));
      } else if (this.take("fn")) {
        const f = this.fn(attributes);
        functions.set(f.name, f);
      } else if (this.take("const_assert")) {
        this.expression();
        this.expect(";");
      } else this.fail("a declaration");
    }
    return { structs, constants, aliases, variables, functions };
  }

  private variable(attributes: readonly Attribute[]): VariableSyntax {
    this.expect("<");
    const space = this.name();
    if (this.take(",")) this.name();
    this.closeTemplate();
    const name = this.name();
    // Of a private variable its value may say the type.
    const inferred = space === "private" && this.is("=");
    if (!inferred) this.expect(":");
    const type = inferred ? undefined : this.type();
    const value = this.take("=") ? this.expression() : undefined;
    this.expect(";");
    const bound = attributes.find((a) => a.name === "binding")?.args[0];
    return { name, space, type, value, binding: bound?.kind === "number" ? bound.value : undefined };
  }

  private fn(attributes: readonly Attribute[]): FunctionSyntax {
    const name = this.name();
    this.expect("(");
    const parameters = this.list(")", (): Parameter => {
      const builtin = this.attributes().find((a) => a.name === "builtin")?.args[0];
      const parameter = this.name();
      this.expect(":");
      return { name: parameter, type: this.type(), builtin: builtin?.kind === "name" ? builtin.name : undefined };
    });
    let returns: TypeName | undefined;
    if (this.take("->")) {
      this.attributes();
      returns = this.type();
    }
    const workgroupSize = attributes.find((a) => a.name === "workgroup_size")?.args;
    this.indexing = [];
    return { name, parameters, returns, body: this.body(), indexing: this.indexing, workgroupSize };
  }

  private body(): Body {
    this.attributes();
    this.expect("{");
    const statements: Statement[] = [];
    while (!this.take("}")) if (!this.take(";")) statements.push(this.statement());
    return statements;
  }

  private statement(): Statement {
    if (this.is("{")) return { kind: "block", body: this.body() };
    if (this.take("if")) return this.conditional();
    if (this.take("loop")) return this.loop();
    if (this.take("while")) return { kind: "for", test: this.expression(), body: this.body() };
    if (this.take("for")) return this.forLoop();
    if (this.take("switch")) return this.switchOver();
    const simple = this.simple();
    this.expect(";");
    return simple;
  }

  private conditional(): Statement {
    const test = this.expression();
    const yes = this.body();
    let no: Body = [];
    if (this.take("else")) no = this.take("if") ? [this.conditional()] : this.body();
    return { kind: "if", test, yes, no };
  }

  private loop(): Statement {
    this.attributes();
    this.expect("{");
    const body: Statement[] = [];
    const continuing: Statement[] = [];
    let until: Expression | undefined;
    while (!this.take("}")) {
      if (this.take(";")) continue;
      if (!this.take("continuing")) {
        body.push(this.statement());
        continue;
      }
      this.expect("{");
      while (!this.take("}")) {
        if (this.take(";")) continue;
        if (this.is("break") && this.all[this.at + 1]!.text === "if") {
          this.at += 2;
          until = this.expression();
          this.expect(";");
        } else continuing.push(this.statement());
      }
    }
    return { kind: "loop", body, continuing, until };
  }

  private forLoop(): Statement {
    this.expect("(");
    const first = this.is(";") ? undefined : this.simple();
    this.expect(";");
    const test = this.is(";") ? undefined : this.expression();
    this.expect(";");
    const next = this.is(")") ? undefined : this.simple();
    this.expect(")");
    return { kind: "for", first, test, next, body: this.body() };
  }

  private switchOver(): Statement {
    const of = this.expression();
    this.expect("{");
    const cases: { values: (Expression | "default")[]; body: Body }[] = [];
    while (!this.take("}")) {
      const values: (Expression | "default")[] = [];
      if (this.take("default")) values.push("default");
      else {
        this.expect("case");
        while (!this.is(":") && !this.is("{")) {
          values.push(this.take("default") ? "default" : this.expression());
          this.take(",");
        }
      }
      this.take(":");
      cases.push({ values, body: this.body() });
    }
    return { kind: "switch", of, cases };
  }

  private simple(): Statement {
    if (this.take("let") || this.take("const")) {
      const name = this.name();
      const type = this.take(":") ? this.type() : undefined;
      this.expect("=");
      return { kind: "let", name, type, value: this.expression() };
    }
    if (this.take("var")) {
      if (this.take("<")) {
        this.name();
        this.closeTemplate();
      }
      const name = this.name();
      const type = this.take(":") ? this.type() : undefined;
      return { kind: "var", name, type, value: this.take("=") ? this.expression() : undefined };
    }
    if (this.take("return")) return { kind: "return", value: this.is(";") ? undefined : this.expression() };
    if (this.take("break")) return { kind: "break" };
    if (this.take("continue")) return { kind: "continue" };
    const { line } = this.token;
    if (this.take("_")) {
      this.expect("=");
      return { kind: "assign", op: "=", to: undefined, value: this.expression(), line };
    }
    const to = this.unary();
    const { text } = this.token;
    if (text === "++" || text === "--") {
      this.at += 1;
      return { kind: "assign", op: text[0]!, to, value: { kind: "number", value: 1, type: "int" }, line };
    }
    if (/^(?:[-+*/%&|^]|<<|>>)?=$/.test(text)) {
      this.at += 1;
      return { kind: "assign", op: text.slice(0, -1) || "=", to, value: this.expression(), line };
    }
    if (to.kind === "call") return { kind: "call", call: to };
    return this.fail("an assignment");
  }

  /** @param least the level of signs that are still part of it. */
  expression(least = 0): Expression {
    let a = this.unary();
    for (;;) {
      const { text: op, line } = this.token;
      const level = levels.get(op);
      if (level === undefined || level < least) return a;
      this.at += 1;
      a = { kind: "binary", op, a, b: this.expression(level + 1), line };
    }
  }

  private unary(): Expression {
    const { text, kind, line } = this.token;
    if (kind === "sign" && unarySigns.has(text)) {
      this.at += 1;
      return { kind: "unary", op: text, of: this.unary(), line };
    }
    return this.postfix(this.primary());
  }

  private postfix(of: Expression): Expression {
    const { line } = this.token;
    if (this.take(".")) return this.postfix({ kind: "member", of, name: this.name(), line });
    if (this.take("[")) {
      const index = this.expression();
      this.expect("]");
      this.indexing.push({ of, index });
      return this.postfix({ kind: "index", of, index, line });
    }
    return of;
  }

  private primary(): Expression {
    const { text, kind, line } = this.token;
    if (kind === "number") {
      this.at += 1;
      return numberOf(text);
    }
    if (this.take("(")) {
      const inner = this.expression();
      this.expect(")");
      return inner;
    }
    if (kind !== "name") this.fail("an expression");
    if (this.take("true")) return { kind: "number", value: 1, type: "bool" };
    if (this.take("false")) return { kind: "number", value: 0, type: "bool" };
    const callee =
      templates.test(text) && this.all[this.at + 1]!.text === "<" ? this.type() : { name: this.name(), args: [] };
    if (this.take("(")) return { kind: "call", callee, args: this.list(")", () => this.expression()), line };
    return { kind: "name", name: callee.name, line };
  }
}

function numberOf(text: string): Expression {
  const hex = /^0[xX]/.test(text);
  const suffix = /[iu]$/.exec(text)?.[0] ?? (hex ? undefined : /[fh]$/.exec(text)?.[0]);
  const value = Number(suffix ? text.slice(0, -1) : text);
  const type = { i: "i32", u: "u32", f: "f32", h: "f32" } as const;
  if (suffix) return { kind: "number", value, type: type[suffix as keyof typeof type] };
  return { kind: "number", value, type: !hex && /[.eE]/.test(text) ? "float" : "int" };
}

/** @throws WgslError with the line at fault. */
export const parseWgsl = (text: string): ModuleSyntax => new Parser(text).module();
