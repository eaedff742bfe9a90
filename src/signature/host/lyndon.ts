/**
 * Log-signatures: the logarithm of a signature in the free Lie algebra, expanded as a tensor, by its coefficients at
 * Lyndon words, or in the Lyndon basis (standard bracketing). Reizenstein & Graham (2020).
 */
import { levelOffsets, logarithm } from "./tensor.js";

/** Lyndon words over `channels` letters of length 1 to `depth`, by length, then in lexicographic order (Duval 1988). */
export function lyndonWords(channels: number, depth: number): number[][] {
  const words: number[][] = [];
  const w = [-1];
  while (w.length > 0) {
    w[w.length - 1]! += 1;
    words.push([...w]);
    const period = w.length;
    while (w.length < depth) w.push(w[w.length - period]!);
    while (w.length > 0 && w[w.length - 1] === channels - 1) w.pop();
  }
  const lexicographic = (a: number[], b: number[]): number => {
    const at = a.findIndex((v, i) => v !== b[i]);
    return at < 0 ? 0 : a[at]! - b[at]!;
  };
  return words.sort((a, b) => a.length - b.length || lexicographic(a, b));
}

const index = (word: readonly number[], channels: number): number => word.reduce((n, c) => n * channels + c, 0);

/** The expansion of a Lyndon word's bracket over words of its length: [u, v] with v the longest proper Lyndon suffix. */
function bracket(
  word: readonly number[],
  channels: number,
  lyndon: ReadonlySet<string>,
  known: Map<string, Map<number, number>>,
): Map<number, number> {
  const key = word.join(" ");
  const done = known.get(key);
  if (done) return done;
  const out = new Map<number, number>();
  if (word.length === 1) out.set(word[0]!, 1);
  else {
    let cut = 1;
    while (!lyndon.has(word.slice(cut).join(" "))) cut++;
    const left = bracket(word.slice(0, cut), channels, lyndon, known);
    const right = bracket(word.slice(cut), channels, lyndon, known);
    const leftSize = channels ** cut;
    const rightSize = channels ** (word.length - cut);
    for (const [u, a] of left) {
      for (const [v, b] of right) {
        out.set(u * rightSize + v, (out.get(u * rightSize + v) ?? 0) + a * b);
        out.set(v * leftSize + u, (out.get(v * leftSize + u) ?? 0) - a * b);
      }
    }
  }
  known.set(key, out);
  return out;
}

/** "expanded": all words, level 0 included; "words": coefficients at Lyndon words; "brackets": the Lyndon basis. */
export type LogSignatureForm = "expanded" | "words" | "brackets";

/** Log-signature from a signature. */
export function logSignature(
  signature: Float64Array,
  channels: number,
  depth: number,
  form: LogSignatureForm,
): Float64Array {
  const log = logarithm(signature, channels, depth);
  if (form === "expanded") return log;
  const words = lyndonWords(channels, depth);
  const offsets = levelOffsets(channels, depth);
  const coefficients = Float64Array.from(words, (w) => log[offsets[w.length]! + index(w, channels)]!);
  if (form === "words") return coefficients;
  // A bracket holds its own word once and otherwise only later words, so the system is triangular in this order.
  const lyndon = new Set(words.map((w) => w.join(" ")));
  const known = new Map<string, Map<number, number>>();
  const positions = words.map((w) => index(w, channels));
  for (let i = 0; i < words.length; i++) {
    const expansion = bracket(words[i]!, channels, lyndon, known);
    for (let k = i + 1; k < words.length && words[k]!.length === words[i]!.length; k++) {
      const share = expansion.get(positions[k]!);
      if (share !== undefined) coefficients[k]! -= share * coefficients[i]!;
    }
  }
  return coefficients;
}
