/** What WGSL is parsed into. */

export interface TypeName {
  readonly name: string;
  readonly args: readonly TypeArgument[];
}

/** Of a template: a type, or a number such as an array's length. */
export type TypeArgument = TypeName | Expression;

export type Expression =
  | { readonly kind: "number"; readonly value: number; readonly type: "u32" | "i32" | "f32" | "int" | "float" | "bool" }
  | { readonly kind: "name"; readonly name: string; readonly line: number }
  | { readonly kind: "unary"; readonly op: string; readonly of: Expression; readonly line: number }
  | {
      readonly kind: "binary";
      readonly op: string;
      readonly a: Expression;
      readonly b: Expression;
      readonly line: number;
    }
  | { readonly kind: "index"; readonly of: Expression; readonly index: Expression; readonly line: number }
  | { readonly kind: "member"; readonly of: Expression; readonly name: string; readonly line: number }
  | { readonly kind: "call"; readonly callee: TypeName; readonly args: readonly Expression[]; readonly line: number };

export type Statement =
  | { readonly kind: "let"; readonly name: string; readonly type?: TypeName | undefined; readonly value: Expression }
  | {
      readonly kind: "var";
      readonly name: string;
      readonly type?: TypeName | undefined;
      readonly value?: Expression | undefined;
    }
  | {
      readonly kind: "assign";
      readonly op: string;
      readonly to: Expression | undefined;
      readonly value: Expression;
      readonly line: number;
    }
  | { readonly kind: "call"; readonly call: Expression }
  | { readonly kind: "if"; readonly test: Expression; readonly yes: Body; readonly no: Body }
  | { readonly kind: "loop"; readonly body: Body; readonly continuing: Body; readonly until?: Expression | undefined }
  | {
      readonly kind: "for";
      readonly first?: Statement | undefined;
      readonly test?: Expression | undefined;
      readonly next?: Statement | undefined;
      readonly body: Body;
    }
  | {
      readonly kind: "switch";
      readonly of: Expression;
      readonly cases: readonly { readonly values: readonly (Expression | "default")[]; readonly body: Body }[];
    }
  | { readonly kind: "block"; readonly body: Body }
  | { readonly kind: "return"; readonly value?: Expression | undefined }
  | { readonly kind: "break" }
  | { readonly kind: "continue" };

export type Body = readonly Statement[];

export interface Attribute {
  readonly name: string;
  readonly args: readonly Expression[];
}

export interface Parameter {
  readonly name: string;
  readonly type: TypeName;
  readonly builtin?: string | undefined;
}

/** An index, and of what. */
export interface Indexing {
  readonly of: Expression;
  readonly index: Expression;
}

export interface FunctionSyntax {
  readonly name: string;
  readonly parameters: readonly Parameter[];
  readonly returns?: TypeName | undefined;
  readonly body: Body;
  /** All that its body indexes. */
  readonly indexing: readonly Indexing[];
  readonly workgroupSize?: readonly Expression[] | undefined;
}

export interface VariableSyntax {
  readonly name: string;
  /** `storage`, `uniform`, `workgroup` or `private`. */
  readonly space: string;
  readonly type: TypeName | undefined;
  readonly binding?: number | undefined;
  readonly value?: Expression | undefined;
}

export interface ModuleSyntax {
  readonly structs: ReadonlyMap<string, readonly { readonly name: string; readonly type: TypeName }[]>;
  readonly constants: ReadonlyMap<
    string,
    { readonly type?: TypeName | undefined; readonly value?: Expression | undefined; readonly override: boolean }
  >;
  readonly aliases: ReadonlyMap<string, TypeName>;
  readonly variables: readonly VariableSyntax[];
  readonly functions: ReadonlyMap<string, FunctionSyntax>;
}

/** What is wrong with a text, and where. */
export class WgslError extends Error {
  constructor(
    message: string,
    readonly line = 0,
  ) {
    super(message);
  }
}
