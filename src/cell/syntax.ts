/**
 * The notation of equations: text → tree. Loosest to tightest: condition ? a : b, ||, &&, comparisons, + and -, * and
 * /, ** (to the right), signs and !, calls.
 */

export type Expression =
  | { type: "number" | "name"; text: string }
  | { type: "sign"; operator: string; argument: Expression }
  | { type: "operation"; operator: string; left: Expression; right: Expression }
  | { type: "choice"; test: Expression; yes: Expression; no: Expression }
  | { type: "call"; callee: Expression; args: readonly Expression[] };

/**
 * Numbers, names (which may end with a number or a name in brackets: t[0]), operators; any other character is one by itself.
 * Spaces lie between.
 */
const tokens =
  /(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?|[a-z_$\x80-\uffff][\w$\x80-\uffff]*(?:\[\w+\])?|\*\*|&&|\|\||[<>=!]=*|[^ \t\r\n]/gi;

/** Operators by how tightly they bind. What is read here but unknown in an equation is refused there, by name. */
const binding = [/^\|/, /^&/, /^[<>=!]/, /^[-+]$/, /^[*/%]$/, /^\*\*$/];

/**
 * @returns the expressions that stand in a text: one, unless it is empty or an operator is missing.
 * @throws Error saying which character is not expected; RangeError for what is nested too deep for the stack.
 */
export function parseText(text: string): Expression[] {
  const all = [...text.matchAll(tokens)];
  let next = 0;
  const ahead = (): string => all[next]?.[0] ?? "";
  const take = (token: string): boolean => ahead() === token && ++next > 0;
  const unexpected = (): never => {
    throw new Error(next < all.length ? `unexpected "${ahead()}" at character ${all[next]!.index}` : "unexpected end");
  };
  const need = (token: string): void => {
    if (!take(token)) unexpected();
  };

  const operand = (): Expression => {
    const token = ahead();
    if (/^[-+!]$/.test(token)) {
      next += 1;
      return { type: "sign", operator: token, argument: operand() };
    }
    let found: Expression | undefined;
    if (take("(")) {
      const inside = list();
      if (inside.length === 1) found = inside[0]!;
      need(")");
    } else if (/^\.?\d/.test(token)) {
      next += 1;
      return { type: "number", text: token };
    } else if (/^[\w$\x80-\uffff]/.test(token)) {
      next += 1;
      found = { type: "name", text: token };
    }
    if (!found) return unexpected();
    while (take("(")) {
      const args: Expression[] = [];
      if (ahead() !== ")")
        do args.push(expression());
        while (take(","));
      need(")");
      found = { type: "call", callee: found, args };
    }
    return found;
  };

  const operation = (loosest: number): Expression => {
    let left = operand();
    for (;;) {
      const operator = ahead();
      const tightness = binding.findIndex((operators) => operators.test(operator));
      if (tightness < loosest) return left;
      next += 1;
      left = { type: "operation", operator, left, right: operation(operator === "**" ? tightness : tightness + 1) };
    }
  };

  const expression = (): Expression => {
    const test = operation(0);
    if (!take("?")) return test;
    const yes = expression();
    need(":");
    return { type: "choice", test, yes, no: expression() };
  };

  const list = (): Expression[] => {
    const found: Expression[] = [];
    while (next < all.length && ahead() !== ")") if (!take(",") && !take(";")) found.push(expression());
    return found;
  };

  const found = list();
  if (next < all.length) unexpected();
  return found;
}
