/**
 * Foreign text in messages: names, equations and values of files and links that may come from strangers. A terminal obeys
 * control characters, and marks of direction turn what stands around them round.
 */

/** Control and format characters (of direction among them), separators of lines, halves of characters. */
const unseen = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

const asCode = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;

/** Text without what a reader does not see: each such character by its code, `\u001b`. */
export const escaped = (text: string): string =>
  text.replace(unseen, (character) =>
    Array.from({ length: character.length }, (_, i) => asCode(character[i]!)).join(""),
  );

/** Whether all of a text can be seen. */
export const isPlain = (text: string): boolean => escaped(text) === text;

/** A text in double quotes, escaped, and cut with … where it is longer than `most` characters. */
export const quoted = (text: string, most = 60): string =>
  `"${escaped((text.length > most ? `${text.slice(0, most - 1)}…` : text).replace(/["\\]/g, "\\$&"))}"`;
