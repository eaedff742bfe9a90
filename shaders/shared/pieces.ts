/** What populations of neurons have each for themselves, as WGSL: neurons are numbered population after population. */

/** Neurons `first` to `end`, the last not among them. */
export interface Range {
  readonly first: number;
  readonly end: number;
}

/**
 * An expression that is another for each of several ranges, in their order.
 * @param k WGSL of the number that chooses.
 * @param otherwise what it is between them.
 */
export function byRange<R extends Range>(
  k: string,
  ranges: readonly R[],
  text: (range: R) => string,
  otherwise: string,
): string {
  const pieces: { end: number; text: string }[] = [];
  let at = 0;
  for (const range of ranges) {
    if (range.first > at) pieces.push({ end: range.first, text: otherwise });
    pieces.push({ end: range.end, text: text(range) });
    at = range.end;
  }
  const last = pieces.pop();
  return pieces.reduceRight(
    (rest, { end, text }) => `select(${rest}, ${text}, ${k} < ${end}u)`,
    last?.text ?? otherwise,
  );
}

/** WGSL of whether a number is in a range. */
export const within = (k: string, { first, end }: Range): string => `(${k} >= ${first}u && ${k} < ${end}u)`;
