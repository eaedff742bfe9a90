/** JSON from strangers. */
import { describe, expect, it } from "vitest";
import { fileKind } from "../../src/files/file-kind.js";
import { parseJson } from "../../src/files/json.js";
import { limits } from "../../src/files/limits.js";
import { writeNpz } from "../../src/files/npz.js";
import { readJson } from "../../src/files/read-json.js";
import { intact, sealed } from "../../src/files/seal.js";
import { readLists } from "../../src/job/recording.js";

describe("JSON", () => {
  it.each([
    '{"a":[1,-2.5e-3,{"b":"\\u00e9\\n\\"\\\\","":[]}],"c":null,"d":true,"e":{}}',
    " [ ] ",
    '"\\ud83d\\ude00"',
    "-0.0",
    '\n{\t"a" :\r false }\n',
    JSON.stringify(Array(200).fill([0.1, [], {}])),
  ])("is read as it stands: %s", (text) => {
    expect(parseJson(text)).toEqual(JSON.parse(text));
  });

  const bad = [
    "",
    " ",
    "{",
    "[",
    "[1",
    "[1,",
    "[1,]",
    "[,1]",
    '{"a"}',
    '{"a":}',
    '{"a":1,}',
    "{a:1}",
    "{'a':1}",
    "[1 2]",
    "nul",
    "truex",
    "01",
    "1.",
    ".5",
    "+1",
    "--1",
    "1e",
    "NaN",
    "Infinity",
    '"\n"',
    '"\\x"',
    '"\\u12"',
    '"abc',
    "[1]]",
    "{}{}",
    "// x",
    "[1}",
    "\ufeff[]",
  ];
  it.each(bad)("is refused where JSON.parse refuses it, without what it says: %j", (text) => {
    expect(() => JSON.parse(text)).toThrow();
    expect(() => parseJson(text)).toThrow(/^is not JSON/);
  });

  it.each<[string, RegExp]>([
    ['{\n"paths": secret\n}', /^is not JSON: expected a value at line 2, column 10$/],
    ["root:x:0:0", /^is not JSON: expected a value at line 1, column 1$/],
    ['{"a": 1', /^is not JSON to its end \(7 characters\)$/],
    ['{"a": 1, "b": {"a": 2}, "a": 3}', /^has the key "a" twice; the second stands at line 1, column 25$/],
    ['{"a": 1, "\\u0061": 3}', /^has the key "a" twice/],
    ['{"x": {"__proto__": 1}}', /^has the key "__proto__"/],
    ['{"x": "\\ud800"}', /^has a string with half a character \(a lone surrogate\) at line 1, column 7$/],
    ["[".repeat(1e5), /^is nested more than 100 deep at line 1, column 101$/],
    [`[${"{},".repeat(limits.lists)}1]`, /^holds more than 4194304 lists, objects and texts at/],
  ])("is refused where it is more than it seems: %.60s", (text, message) => {
    expect(() => parseJson(text)).toThrow(message);
  });

  it("is text in UTF-8 or UTF-16, with or without a byte order mark", () => {
    const text = '{"a":"é"}';
    const utf16 = Buffer.from(`\ufeff${text}`, "utf16le");
    for (const bytes of [
      Buffer.from(text),
      Buffer.from(`\ufeff${text}`),
      utf16,
      Buffer.from(utf16).swap16(),
      utf16.subarray(2),
    ]) {
      expect(readJson(bytes).value).toEqual({ a: "é" });
    }
    expect(() => readJson(Uint8Array.of(0x7b, 0x22, 0xff, 0xfe, 0x22))).toThrow(/it is no text in UTF-8/);
  });
});

describe("a file", () => {
  const latin = (text: string) => Buffer.from(text, "latin1");
  it.each<[string, Uint8Array, RegExp]>([
    ["gz", latin("\x1f\x8b\x08\x00"), /^observed: x\.dat is compressed with gzip; unpack it first/],
    ["HDF5", latin("\x89HDF\r\n\x1a\n"), /is an HDF5 file; "saltation convert" makes an npz of it/],
    ["MAT", latin("MATLAB 5.0 MAT-file, Platform: GLNXA64"), /is a MATLAB file; save its arrays with numpy\.savez/],
    ["PNG", latin("\x89PNG\r\n\x1a\n"), /is a picture \(PNG\)/],
    ["pickle", latin("\x80\x04\x95\x10"), /is a Python pickle, which is never read/],
    ["HTML", latin("<!doctype html>"), /is XML or HTML/],
    [
      "CSV",
      latin("time,voltage\n0,1\n"),
      /is not JSON: .*: it looks like a table \(CSV\); call its columns time, .*numpy\.savez/,
    ],
    ["nothing", latin(""), /^observed: x\.dat is empty$/],
    ["a list", latin("[1, 2]"), /^observed: x\.dat holds a list, where an object with named lists is wanted$/],
    ["secrets", latin("password=hunter2"), /^observed: x\.dat is not JSON: expected a value at line 1, column 1$/],
  ])("is named for what it is: %s", (_, bytes, message) => {
    expect(() => readLists("observed", "x.dat", bytes)).toThrow(message);
  });

  it("is npz or npy by how it begins, whatever its name", () => {
    const npz = writeNpz({ a: { data: Float64Array.of(1, 2), shape: [2] } });
    expect(readLists("observed", "X.NPZ", npz).read("a")).toEqual([1, 2]);
    const from = Buffer.from(npz).indexOf("\x93NUMPY", 0, "latin1");
    const npy = npz.slice(from, from + 128 + 16);
    expect(fileKind(npy)).toBe("npy");
    const file = readLists("observed", "x.npy", npy);
    expect(file.keys).toEqual(["arr_0"]);
    expect(file.read("arr_0")).toEqual([1, 2]);
    expect(file.read("a")).toBeUndefined();
  });
});

it("a checksum tells of every change but the order of keys", () => {
  const value = { b: [1, 2.5, -0], a: { y: "x", x: null }, left: undefined };
  const file = JSON.parse(JSON.stringify(sealed(value)));
  expect(intact(file)).toBe(true);
  expect(intact({ checksum: file.checksum, a: { x: null, y: "x" }, b: [1, 2.5, 0] })).toBe(true);
  expect(intact({ ...file, b: [1, 2.5000000000000004, 0] })).toBe(false);
  expect(intact({ ...file, c: 1 })).toBe(false);
  expect(intact({ a: file.a, b: file.b })).toBe(false);
});
