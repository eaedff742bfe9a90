/** What a chart shows, apart from its numbers: drawn by uPlot on the page, and as SVG for export. */
import type { ColorName } from "./palette.js";

export interface SeriesSpec {
  label: string;
  color: ColorName;
  width?: number;
  dash?: number[];
  /** Filled down to 0 with this much of its colour. */
  fill?: number;
  /** Constant up to the next x. */
  stepped?: boolean;
}

export interface ChartSpec {
  title: string;
  x: string;
  y: string;
  /** Ticks of the x axis are whole numbers. */
  wholeX?: boolean;
  xRange?: [number, number];
  yRange?: [number, number];
  /** The y axis begins at 0. */
  fromZero?: boolean;
  log?: boolean;
  /** Without numbers and grid at the y axis. */
  plainY?: boolean;
  series: SeriesSpec[];
}

/** What is drawn beside the series, in units of the axes. */
export type Mark =
  | {
      kind: "ticks";
      x: ArrayLike<number>;
      low: ArrayLike<number>;
      high: ArrayLike<number>;
      color: ColorName;
      width: number;
    }
  | { kind: "level"; y: number; color: ColorName; label: string }
  | { kind: "rowLabel"; y: number; label: string; color: ColorName };
