/** Rules of the code that neither the compiler nor the linter knows, and that their switches are on. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { expect, it } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));

const sources = ["src", "shaders", "web/src", "bench", "scripts"].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => /(?<!\.d)\.tsx?$/.test(name))
    .map((name) => join(folder, name).replaceAll("\\", "/")),
);
const parsed = sources.map((name) => {
  const text = readFileSync(join(root, name), "utf8");
  const kind = name.endsWith("x") ? ts.ScriptKind.TSX : ts.ScriptKind.TS;
  return ts.createSourceFile(name, text, ts.ScriptTarget.Latest, false, kind);
});

/** Goes over all nodes of all files. */
function each(visit: (node: ts.Node, file: ts.SourceFile) => void): void {
  for (const file of parsed) {
    const go = (node: ts.Node): void => {
      visit(node, file);
      ts.forEachChild(node, go);
    };
    go(file);
  }
}

const place = (node: ts.Node, file: ts.SourceFile): string =>
  `${file.fileName}:${file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1}`;

/** The text with which a message begins, as far as it is known. */
function beginning(message: ts.Expression): string {
  if (ts.isStringLiteralLike(message)) return message.text;
  if (ts.isTemplateExpression(message)) return message.head.text || "${";
  if (ts.isBinaryExpression(message)) return beginning(message.left);
  return "";
}

it("no function, nor the type of one, takes more than six arguments by position", () => {
  const long: string[] = [];
  let functions = 0;
  each((node, file) => {
    if (!ts.isFunctionLike(node)) return;
    functions++;
    if (node.parameters.length > 6) long.push(`${place(node, file)} takes ${node.parameters.length}`);
  });
  expect(functions).toBeGreaterThan(5000);
  expect(long).toEqual([]);
});

it("errors whose message begins with a field carry it", () => {
  const without: string[] = [];
  let made = 0;
  each((node, file) => {
    if (!ts.isNewExpression(node) || !ts.isIdentifier(node.expression) || node.expression.text !== "SaltationError")
      return;
    made++;
    const [, message, options] = node.arguments!;
    if (!/^[a-z][\w.]*(\[\d*\])?: /.test(beginning(message!))) return;
    const named = options && ts.isObjectLiteralExpression(options) ? options.properties : [];
    if (!named.some((p) => p.name && ts.isIdentifier(p.name) && p.name.text === "field"))
      without.push(place(node, file));
  });
  expect(made).toBeGreaterThan(40);
  expect(without).toEqual([]);
});

it("the compiler's checks are on, and nothing turns them off", () => {
  const read = (name: string): { compilerOptions: Record<string, unknown>; extends?: string; include: string[] } =>
    ts.readConfigFile(join(root, name), ts.sys.readFile).config;
  const { compilerOptions, include } = read("tsconfig.json");
  const on = { strict: true, noUncheckedIndexedAccess: true, exactOptionalPropertyTypes: true };
  expect(compilerOptions).toMatchObject(on);
  expect(include).toEqual(expect.arrayContaining(["src", "shaders", "bench", "scripts", "test", "web"]));
  const built = read("tsconfig.build.json");
  expect(built.extends).toBe("./tsconfig.json");
  for (const name of Object.keys(on)) expect(built.compilerOptions[name]).toBeUndefined();
  const off = parsed.filter(({ text }) => /@ts-(ignore|nocheck|expect-error)/.test(text));
  expect(off.map((file) => file.fileName)).toEqual([]);
});

it("no files import each other in a circle, but for types", () => {
  const imports = new Map(
    parsed.map((file) => {
      const targets = file.statements.flatMap((s) => {
        if (!(ts.isImportDeclaration(s) || ts.isExportDeclaration(s)) || !s.moduleSpecifier) return [];
        const [clause, names] = ts.isImportDeclaration(s)
          ? [s.importClause, s.importClause?.namedBindings]
          : [s, s.exportClause];
        const listed = names && "elements" in names ? names.elements : undefined;
        const alone = ts.isImportDeclaration(s) && s.importClause?.name;
        if (clause?.isTypeOnly || (!alone && listed?.length && listed.every((n) => n.isTypeOnly))) return [];
        const path = (s.moduleSpecifier as ts.StringLiteral).text;
        return path.startsWith(".") ? relative(root, join(root, dirname(file.fileName), path)) : [];
      });
      return [file.fileName.replace(/\.tsx?$/, ".js"), targets.map((t) => t.replaceAll("\\", "/"))] as const;
    }),
  );
  expect([...imports.values()].flat().filter((t) => imports.has(t)).length).toBeGreaterThan(2000);
  const done = new Set<string>();
  const circles: string[] = [];
  const go = (name: string, above: readonly string[]): void => {
    if (above.includes(name)) circles.push([...above.slice(above.indexOf(name)), name].join(" > "));
    if (done.has(name) || above.includes(name)) return;
    for (const target of imports.get(name) ?? []) go(target, [...above, name]);
    done.add(name);
  };
  for (const name of imports.keys()) go(name, []);
  expect(circles).toEqual([]);
});
