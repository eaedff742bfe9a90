/** A text of which the beginning and the end are shown where it is long: names may come from strangers. */
export function cut(text: string, longest = 60): string {
  if (text.length <= longest) return text;
  const tail = Math.floor(longest / 4);
  return `${text.slice(0, longest - tail - 1)}…${text.slice(text.length - tail)}`;
}
