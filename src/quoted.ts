/** Text from elsewhere in messages: what a terminal or a reader could take for more than text is escaped. */

/** Control characters, marks and overrides of the direction of writing, line separators, halves of characters. */
const unprintable = /[\p{Cc}\p{Cs}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;

/** Text with unprintable characters as \uXXXX. */
export const escaped = (text: string): string =>
  text.replace(unprintable, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);

/** Text in double quotes, its unprintable characters as \uXXXX, cut to `most` characters. */
export const quoted = (text: string, most = 60): string =>
  `"${escaped((text.length > most ? `${text.slice(0, most - 1)}…` : text).replace(/["\\]/g, "\\$&"))}"`;
