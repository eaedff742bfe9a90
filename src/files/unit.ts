/** Units of time, current and voltage as files write them, and exact ways from one to another. */

/** A unit as 10^exponent of one without a prefix. */
export interface Unit {
  readonly of: "s" | "A" | "V" | "S";
  readonly exponent: number;
}

const prefixes: Readonly<Record<string, number>> = {
  ...{ "": 0, p: -12, n: -9, u: -6, µ: -6, μ: -6, m: -3, k: 3, M: 6 },
  ...{ pico: -12, nano: -9, micro: -6, milli: -3, kilo: 3, mega: 6 },
};
const words: Readonly<Record<string, Unit["of"]>> = { second: "s", ampere: "A", amp: "A", volt: "V", siemens: "S" };

/** The unit of a text ("ms", "milliseconds", "amperes"); undefined of one that is not known. Symbols keep their case. */
export function unitOf(text: string): Unit | undefined {
  const symbol = /^(|p|n|u|µ|μ|m|k|M)(s|sec|A|V|S)$/.exec(text);
  if (symbol) {
    return { of: symbol[2] === "sec" ? "s" : (symbol[2] as Unit["of"]), exponent: prefixes[symbol[1]!]! };
  }
  const word = /^(|pico|nano|micro|milli|kilo|mega)(second|ampere|amp|volt|siemens)s?$/i.exec(text);
  if (!word) return undefined;
  return { of: words[word[2]!.toLowerCase()]!, exponent: prefixes[word[1]!.toLowerCase()]! };
}

/** 10^k as the nearest double: exact from 10^0 to 10^22. */
const power = (k: number): number => Number(`1e${k}`);

/** x · 10^k, rounded once as far as 10^22: a power of ten below 1 is no double, but its inverse is. */
export const timesTenTo = (x: number, k: number): number => (k < 0 ? x / power(-k) : k > 0 ? x * power(k) : x);

/**
 * The k with 10^k = x, where there is one: files write 1e-12 for it, which no double is, and some of them as a float32.
 * @param single whether it was a float32.
 */
export function exponentOfTen(x: number, single = false): number | undefined {
  if (!(x > 0) || !Number.isFinite(x)) return undefined;
  const k = Math.round(Math.log10(x));
  return power(k) === x || (single && Math.fround(power(k)) === x) ? k : undefined;
}

/** The symbol of a unit: "ms", "nA". */
export function symbolOf({ of, exponent }: Unit): string {
  const prefix = Object.keys(prefixes).find((p) => prefixes[p] === exponent && p.length < 2);
  return `${prefix}${of}`;
}
