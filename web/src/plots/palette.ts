/** Colours of plots, from the page's style sheet: one set for light, one for dark. */
import { signal } from "@preact/signals";

const names = [
  "ink",
  "muted",
  "line",
  "surface",
  "observed",
  "generated",
  "truth",
  "series1",
  "series2",
  "series3",
] as const;
export type ColorName = (typeof names)[number];

let colors: Record<ColorName, string> | undefined;
/** Grows when the colours change. */
export const paletteVersion = signal(0);

export function color(name: ColorName): string {
  if (!colors) {
    const style = getComputedStyle(document.documentElement);
    colors = Object.fromEntries(names.map((n) => [n, style.getPropertyValue(`--${n}`).trim()])) as Record<
      ColorName,
      string
    >;
  }
  return colors[name];
}

export function paletteChanged(): void {
  colors = undefined;
  paletteVersion.value++;
}

/** A colour, see-through. */
export const faint = (value: string, alpha: number): string =>
  /^#[0-9a-f]{6}$/i.test(value)
    ? `${value}${Math.round(255 * alpha)
        .toString(16)
        .padStart(2, "0")}`
    : value;
