/** The map of docs/architecture.md: imports go down, without cycles, and what it names is there. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));
const page = readFileSync(join(root, "docs/architecture.md"), "utf8");

/** Rooms in their order; those of one line of the table are level. */
const levels = page
  .slice(page.indexOf("<!-- rooms -->"), page.indexOf("<!-- end of rooms -->"))
  .split("\n")
  .filter((line) => line.startsWith("| `"))
  .map((line) => Array.from(line.split("|")[1]!.matchAll(/`([^`]+)`/g), (m) => m[1]!));

const sources = (folder: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts") && !name.endsWith(".d.ts"))
    .map((name) => join(folder, name).replaceAll("\\", "/"));

const files = [...sources("src"), ...sources("shaders")];

/** The room of a file: the longest name that its path begins with. */
function roomOf(file: string): { room: string; level: number } | undefined {
  const path = file.replace(/\.ts$/, "");
  const named = levels.flatMap((rooms, level) => rooms.map((room) => ({ room, level })));
  return named
    .filter(({ room }) => path === room || path.startsWith(`${room}/`))
    .sort((a, b) => b.room.length - a.room.length)[0];
}

const importsOf = (file: string): string[] =>
  Array.from(readFileSync(join(root, file), "utf8").matchAll(/(?:\bfrom|\bimport\()\s*"(\.[^"]+)"/g), (m) =>
    relative(root, join(root, dirname(file), m[1]!))
      .replaceAll("\\", "/")
      .replace(/\.js$/, ".ts"),
  );

it("has a room for every file", () => {
  expect(levels.length).toBeGreaterThan(20);
  expect(files.filter((file) => !roomOf(file))).toEqual([]);
});

it("has imports go down only", () => {
  const up = files.flatMap((file) =>
    importsOf(file)
      // What lies between: types of packages, and the schema.
      .filter((target) => files.includes(target))
      .filter((target) => {
        const [from, to] = [roomOf(file)!, roomOf(target)!];
        return from.room !== to.room && to.level > from.level;
      })
      .map((target) => `${file} imports ${target}`),
  );
  expect(up).toEqual([]);
});

it("has no cycle of rooms that are level", () => {
  const across = files.flatMap((file) =>
    importsOf(file)
      .filter((target) => files.includes(target))
      .map((target) => [roomOf(file)!, roomOf(target)!] as const)
      .filter(([from, to]) => from.room !== to.room && from.level === to.level)
      .map(([from, to]) => `${from.room} > ${to.room}`),
  );
  const both = across.filter((edge) => across.includes(edge.split(" > ").reverse().join(" > ")));
  expect(new Set(both)).toEqual(new Set());
});

it("names files that are there", () => {
  const named = Array.from(page.matchAll(/`((?:src|shaders|test|bench|scripts|web|docs)\/[\w./-]*)`/g), (m) => m[1]!);
  expect(named.length).toBeGreaterThan(50);
  const there = (path: string): boolean => existsSync(join(root, path)) || existsSync(join(root, `${path}.ts`));
  expect(named.filter((path) => !there(path))).toEqual([]);
});

it("names functions, types and members that are there", () => {
  const code = [...files, ...["test", "bench", "web/src"].flatMap(sources)].map((file) =>
    readFileSync(join(root, file), "utf8"),
  );
  const words = new Set(code.join("\n").match(/[A-Za-z_]\w+/g));
  const named = Array.from(page.matchAll(/`([A-Za-z_]\w+(?:\.\w+)*)(?:\([^`]*\))?`/g), (m) => m[1]!);
  expect(named.length).toBeGreaterThan(30);
  expect(named.flatMap((name) => name.split(".")).filter((word) => !words.has(word) && word !== "wgsl")).toEqual([]);
});
