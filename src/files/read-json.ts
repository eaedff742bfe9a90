/** A JSON file from its bytes: decoded, bounded and checked, with one line about what is wrong. */
import { fileKind, kindName, looksLikeTable, textOf } from "./file-kind.js";
import { JsonFault, parseJson } from "./json.js";
import { limits, mebibytes } from "./limits.js";

/**
 * @throws Error whose message goes on from the file's name; it says nothing of what the file holds, which may be
 *   another's than the reader's.
 */
export function readJson(bytes: Uint8Array): { value: unknown; text: string } {
  const kind = fileKind(bytes);
  if (typeof kind === "object") throw new Error(kind.not);
  if (kind !== "text") throw new Error(`is ${kindName[kind]}, where JSON is wanted`);
  if (bytes.length > limits.json) {
    throw new Error(
      `has ${mebibytes(bytes.length)}, and of JSON at most ${mebibytes(limits.json)} are read; npz is smaller`,
    );
  }
  const text = textOf(bytes);
  try {
    return { value: parseJson(text), text };
  } catch (error) {
    if (!(error instanceof JsonFault)) throw error;
    if (!looksLikeTable(text)) throw error;
    throw new Error(
      `${error.message}: it looks like a table (CSV); call its columns time, neuron and trial, or save it with numpy.savez`,
    );
  }
}
