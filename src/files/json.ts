/**
 * JSON from strangers: read whole, or refused in one line that tells where the fault lies and never what stands there.
 *
 * A scan goes before JSON.parse and keeps to what that leaves open: how deep and how large, keys that are given twice
 * (of which it silently takes the last), `__proto__`, and halves of characters. It does not recur.
 */
import { quoted } from "../quoted.js";
import { limits } from "./limits.js";

/** What is wrong with a text, and where in it: the end of a sentence that begins with its name. */
export class JsonFault extends Error {
  constructor(what: string, text: string, at: number) {
    const place = `at line ${1 + countOf(text, "\n", at)}, column ${at - (at > 0 ? text.lastIndexOf("\n", at - 1) : -1)}`;
    super(at >= text.length ? `is not JSON to its end (${text.length} characters)` : `${what} ${place}`);
  }
}

function countOf(text: string, character: string, end: number): number {
  let n = 0;
  for (let at = text.indexOf(character); at >= 0 && at < end; at = text.indexOf(character, at + 1)) n++;
  return n;
}

/** @throws JsonFault */
export function parseJson(text: string): unknown {
  scan(text);
  return JSON.parse(text);
}

const scalar = /(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![\w.+-])/y;
const escapes = /\\(?:["\\/bfnrt]|u[\da-fA-F]{4})/y;
const space = /[ \t\n\r]*/y;

/** The end of a match of a sticky expression, or `from` where there is none. */
function after(expression: RegExp, text: string, from: number): number {
  expression.lastIndex = from;
  return expression.test(text) ? expression.lastIndex : from;
}

/** The end of the string that begins at a place. */
function stringEnd(text: string, from: number): number {
  for (let at = from + 1; ; at++) {
    const code = text.charCodeAt(at);
    if (code === 34) return at + 1;
    if (code === 92) {
      const end = after(escapes, text, at);
      if (end === at) throw new JsonFault("is not JSON: a string has an unknown escape", text, at);
      at = end - 1;
    } else if (!(code >= 32)) {
      throw new JsonFault("is not JSON: a string has a line break or a control character", text, at);
    }
  }
}

function scan(text: string): void {
  /** The keys so far of each open object; null for a list. */
  const open: (Set<string> | null)[] = [];
  let [lists, numbers] = [0, 0];
  /** What may come: a value, a key, or what follows on a value; `first` in a list or an object that is still empty. */
  let next: "value" | "key" | "more" = "value";
  let first = false;
  let at = 0;
  const fail = (what: string): never => {
    throw new JsonFault(what, text, at);
  };
  const count = (): void => {
    if (++lists > limits.lists) fail(`holds more than ${limits.lists} lists, objects and texts`);
  };
  const close = (): void => {
    open.pop();
    at++;
    next = "more";
  };
  for (;;) {
    at = after(space, text, at);
    const character = text[at];
    const top = open[open.length - 1];
    if (next === "more" && open.length === 0) {
      if (character !== undefined) fail("is not JSON: something follows on its end");
      return;
    }
    if (character === undefined) fail("is not JSON");
    if (next === "more") {
      if (character === (top ? "}" : "]")) close();
      else if (character !== ",") fail(`is not JSON: expected a comma or ${top ? "}" : "]"}`);
      else {
        at++;
        next = top ? "key" : "value";
        first = false;
      }
    } else if (next === "key") {
      if (first && character === "}") close();
      else {
        if (character !== '"') fail("is not JSON: expected a key in double quotes");
        const end = stringEnd(text, at);
        const key = read(text, at, end);
        if (key === "__proto__") fail('has the key "__proto__", which no table holds; choose another name,');
        if (top!.has(key)) fail(`has the key ${quoted(key)} twice; the second stands`);
        top!.add(key);
        at = after(space, text, end);
        if (text[at] !== ":") fail("is not JSON: expected a colon");
        at++;
        next = "value";
        first = false;
      }
    } else if (first && character === "]") close();
    else if (character === "[" || character === "{") {
      if (open.length >= limits.depth) fail(`is nested more than ${limits.depth} deep`);
      count();
      const list = character === "[";
      open.push(list ? null : new Set());
      next = list ? "value" : "key";
      first = true;
      at++;
    } else {
      if (++numbers > limits.numbers) fail(`holds more than ${limits.numbers} values`);
      if (character === '"') count();
      const end = character === '"' ? stringEnd(text, at) : after(scalar, text, at);
      if (end === at) fail("is not JSON: expected a value");
      if (character === '"') read(text, at, end);
      at = end;
      next = "more";
    }
  }
}

/** A string of a text. @throws JsonFault where it holds half a character: no file or name can. */
function read(text: string, from: number, end: number): string {
  const inner = text.slice(from + 1, end - 1);
  if (!inner.includes("\\")) return inner;
  const value = JSON.parse(text.slice(from, end)) as string;
  if (/\p{Cs}/u.test(value)) throw new JsonFault("has a string with half a character (a lone surrogate)", text, from);
  return value;
}
