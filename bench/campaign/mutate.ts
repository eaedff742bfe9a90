/** Changes to a job: of its tree of values, and of the text that it becomes. */
import { grow, hostileEquation } from "./equations.js";
import type { Random } from "./random.js";

type Tree = Record<string | number, unknown>;
type Key = string | number;

/** Where a value stands: the object or list that holds it, and its key there. */
interface Place {
  readonly holder: Tree;
  readonly key: Key;
}

export function places(value: unknown, into: Place[] = []): Place[] {
  if (typeof value !== "object" || value === null) return into;
  for (const key of Object.keys(value)) {
    into.push({ holder: value as Tree, key: Array.isArray(value) ? Number(key) : key });
    places((value as Tree)[key], into);
  }
  return into;
}

/** Texts that stand for themselves in the job's text, such as numbers that JSON has no value for. */
const raw = (text: string): string => `@raw:${text}@`;
const rawPattern = /"@raw:(.*?)@"/g;

/** Sets a key as the reader of JSON does, which has no key with a meaning of its own. */
function put(holder: Tree, key: Key, value: unknown): void {
  Object.defineProperty(holder, key, { value, enumerable: true, configurable: true, writable: true });
}

const extremes = [
  raw("1e999"),
  raw("-1e999"),
  raw("-0"),
  0,
  -1,
  0.5,
  5e-324,
  1e-38,
  1e-20,
  1e-7,
  1e7,
  1e20,
  1e38,
  3.5e38,
  1e39,
  1e308,
  2 ** 20,
  2 ** 31,
  2 ** 32 - 1,
  2 ** 32,
  2 ** 53,
  raw("9007199254740993"),
  raw("0.1000000000000000055511151231257827"),
];

const texts = [
  "",
  " ",
  "x",
  "\u0000",
  "\u001b[2J\u001b[31mred",
  "a\nb",
  "a\r\nsaltation: all is well",
  "\u202eevil",
  "\u009b31m",
  "__proto__",
  "constructor",
  "hasOwnProperty",
  "../../../../etc/passwd",
  "/dev/null",
  "@recording",
  "--json",
  "NaN",
  "Infinity",
  "1e5",
  "<img src=x onerror=alert(1)>",
  "\u0024{7*7}",
  "😀",
  "\ud800",
  "weights",
  "current",
  "nonzero",
];

const otherTypes = (random: Random): unknown =>
  random.pick<unknown>([null, true, false, [], {}, [[]], [null], "x", 1, "1", { x: 1 }, [1, 2, 3], [[1]], [["a"]]]);

const names = [
  "x",
  "V",
  "__proto__",
  "constructor",
  "toString",
  "",
  "kind",
  "\u001b[31m",
  "a.b",
  "a[0]",
  "t1",
  "I",
  "u",
];

type Change = (random: Random, job: Tree, all: readonly Place[]) => void;

const numbersOf = (all: readonly Place[]): Place[] => all.filter((p) => typeof p.holder[p.key] === "number");

const drop: Change = (random, _, all) => {
  const { holder, key } = random.pick(all);
  if (Array.isArray(holder)) holder.splice(key as number, 1);
  else delete holder[key];
};

const duplicate: Change = (random, _, all) => {
  const { holder, key } = random.pick(all);
  if (Array.isArray(holder)) holder.splice(key as number, 0, structuredClone(holder[key as number]));
  // A key that stands twice in the text: the later one counts.
  else put(holder, `@twice:${key}`, random.chance(0.5) ? structuredClone(holder[key]) : otherTypes(random));
};

const rename: Change = (random, _, all) => {
  const { holder, key } = random.pick(all);
  if (Array.isArray(holder)) return;
  const value = holder[key];
  delete holder[key];
  const name = String(key);
  const near = [name.toUpperCase(), `${name}s`, name.slice(1), ` ${name}`, random.pick(names)];
  put(holder, random.pick(near), value);
};

const retype: Change = (random, _, all) => {
  const { holder, key } = random.pick(all);
  const value = holder[key];
  const wrapped = [[value], { value }, typeof value === "number" ? String(value) : otherTypes(random)];
  put(holder, key, random.chance(0.4) ? random.pick<unknown>(wrapped) : otherTypes(random));
};

const extreme: Change = (random, _, all) => {
  const numbers = numbersOf(all);
  if (numbers.length === 0) return;
  const { holder, key } = random.pick(numbers);
  put(holder, key, random.pick(extremes));
};

/** A number near the one that is there, or some powers of ten away. */
const scale: Change = (random, _, all) => {
  const numbers = numbersOf(all);
  if (numbers.length === 0) return;
  const { holder, key } = random.pick(numbers);
  const value = holder[key] as number;
  const factor = random.chance(0.7) ? random.between(0.5, 2) : 10 ** random.between(-6, 6);
  const sign = random.chance(0.1) ? -1 : 1;
  const scaled = sign * factor * (value === 0 ? random.between(0, 1) : value);
  put(holder, key, Number.isInteger(value) && random.chance(0.5) ? Math.round(scaled) : scaled);
};

const text: Change = (random, _, all) => {
  const found = all.filter((p) => typeof p.holder[p.key] === "string");
  const { holder, key } = random.pick(found.length > 0 && random.chance(0.8) ? found : all);
  put(holder, key, random.chance(0.05) ? "x".repeat(10 ** random.between(2, 5)) : random.pick(texts));
};

const nest: Change = (random, _, all) => {
  const { holder, key } = random.pick(all);
  const depth = Math.floor(10 ** random.between(1, 4));
  put(holder, key, raw(`${"[".repeat(depth)}${"]".repeat(depth)}`));
};

/** A part of the job in place of another. */
const transplant: Change = (random, _, all) => {
  const [from, to] = [random.pick(all), random.pick(all)];
  const value = from.holder[from.key];
  if (JSON.stringify(value)?.length < 2000) put(to.holder, to.key, structuredClone(value));
};

const add: Change = (random, job, all) => {
  const holders = all.map((p) => p.holder[p.key]).filter((v) => typeof v === "object" && v !== null) as Tree[];
  const holder = random.pick([job, ...holders]);
  if (Array.isArray(holder)) holder.push(otherTypes(random));
  else put(holder, random.pick(names), otherTypes(random));
};

/** What is an equation, of a cell that the job defines. */
const equationsOf = (job: Tree): Place[] => {
  const cell = (job.network as Tree | undefined)?.cell;
  if (typeof cell !== "object" || cell === null) return [];
  return places(cell).filter(
    (p) => typeof p.holder[p.key] === "string" && p.key !== "name" && typeof p.key === "string",
  );
};

const equation: Change = (random, job) => {
  const found = equationsOf(job);
  if (found.length === 0) return;
  const { holder, key } = random.pick(found);
  const old = String(holder[key]);
  const tokens = old.split(/\b/);
  const cut = random.below(tokens.length);
  const changed = random.pick<() => string>([
    () => hostileEquation(random),
    () => grow(random, ["v", "I", "u", "w", "sigma"], 2 + random.below(3)),
    () => `${old} ${random.pick(["+", "*", "-", "/"])} ${grow(random, ["v"], 2)}`,
    () => [...tokens.slice(0, cut), ...tokens.slice(cut + 1)].join(""),
    () => [...tokens.slice(0, cut), random.pick(tokens), ...tokens.slice(cut)].join(""),
  ]);
  put(holder, key, changed());
};

const changes: readonly (readonly [Change, number])[] = [
  [scale, 8],
  [extreme, 4],
  [equation, 4],
  [drop, 2],
  [rename, 2],
  [retype, 3],
  [text, 2],
  [duplicate, 1],
  [transplant, 1],
  [add, 1],
  [nest, 0.3],
];
const total = changes.reduce((sum, [, weight]) => sum + weight, 0);

/** Changes a job in place, once. */
export function change(random: Random, job: Record<string, unknown>): void {
  const all = places(job);
  if (all.length === 0) return;
  let at = random.unit() * total;
  for (const [act, weight] of changes) {
    at -= weight;
    if (at < 0) {
      act(random, job, all);
      return;
    }
  }
}

/** Changes that keep a job right: other numbers of the same size. */
export function vary(random: Random, job: Record<string, unknown>): void {
  for (const part of ["parameters", "weights", "current", "levelWeights", "x", "y"]) {
    for (const { holder, key } of places(job).filter((p) => p.key === part)) {
      const value = holder[key];
      if (typeof value === "number") holder[key] = value * random.between(0.7, 1.4);
      for (const inner of places(value)) {
        const number = inner.holder[inner.key];
        if (typeof number === "number" && !Number.isInteger(number))
          put(inner.holder, inner.key, number * random.between(0.7, 1.4));
      }
    }
  }
  if (typeof job.seed === "number") job.seed = random.bits();
}

/** A job's text, with what JSON has no values for. */
export const jobText = (job: unknown): string =>
  JSON.stringify(job)
    .replace(rawPattern, (_, inner: string) => inner)
    .replaceAll('"@twice:', '"');
