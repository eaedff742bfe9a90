/** Colours of classes: three of Yin-Yang; a digit is told by its place. */
import type { ColorName } from "../plots/palette.js";

export const classColors: readonly ColorName[] = ["generated", "truth", "series1"];

export const colorOf = (label: number, classes: number): ColorName =>
  classes <= classColors.length ? classColors[label]! : "truth";
