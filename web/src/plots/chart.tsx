/** A chart: uPlot in a figure that fills its width, follows the theme, and can be exported as it stands. */
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { readable } from "../model/units.js";
import { logTicks } from "./log-ticks.js";
import { color, faint, paletteVersion } from "./palette.js";
import type { ChartSpec, Mark } from "./spec.js";

export type ChartData = [ArrayLike<number>, ...ArrayLike<number | null>[]];

const font = '11px ui-sans-serif, system-ui, -apple-system, "Segoe UI", sans-serif';
const [labelSize, xAxisSize, yAxisSize] = [18, 42, 58];
/** Pixels that ticks take beside the plot: digits of the font are about 6.3 wide. */
const widest = (ticks: readonly string[]): number => 12 + 6.3 * Math.max(0, ...ticks.map((t) => t.length));

/** Charts on the page, for export. */
export const charts = new Map<string, { plot: uPlot; spec: ChartSpec; marks(): Mark[] }>();

function drawMarks(u: uPlot, marks: Mark[]): void {
  const { ctx } = u;
  const ratio = uPlot.pxRatio;
  const { left, top, width, height } = u.bbox;
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, top, width, height);
  ctx.clip();
  for (const mark of marks) {
    ctx.strokeStyle = ctx.fillStyle = color(mark.color);
    ctx.font = font.replace("11px", `${11 * ratio}px`);
    switch (mark.kind) {
      case "ticks":
        ctx.lineWidth = mark.width * ratio;
        ctx.setLineDash([]);
        ctx.beginPath();
        for (let n = 0; n < mark.x.length; n++) {
          const x = u.valToPos(mark.x[n]!, "x", true);
          ctx.moveTo(x, u.valToPos(mark.low[n]!, "y", true));
          ctx.lineTo(x, u.valToPos(mark.high[n]!, "y", true));
        }
        ctx.stroke();
        break;
      case "level": {
        const y = u.valToPos(mark.y, "y", true);
        ctx.lineWidth = 1.25 * ratio;
        ctx.setLineDash([5 * ratio, 4 * ratio]);
        ctx.beginPath();
        ctx.moveTo(left, y);
        ctx.lineTo(left + width, y);
        ctx.stroke();
        if (mark.label) {
          ctx.textAlign = "left";
          const below = y - top < 16 * ratio;
          ctx.textBaseline = below ? "top" : "bottom";
          ctx.fillText(mark.label, left + 4 * ratio, y + (below ? 3 : -3) * ratio);
        }
        break;
      }
      case "rowLabel":
        break;
    }
  }
  ctx.restore();
  ctx.save();
  for (const mark of marks) {
    if (mark.kind !== "rowLabel") continue;
    ctx.fillStyle = color(mark.color);
    ctx.font = font.replace("11px", `${11 * ratio}px`);
    ctx.textAlign = "center";
    ctx.textBaseline = "middle";
    ctx.translate(left - 10 * ratio, u.valToPos(mark.y, "y", true));
    ctx.rotate(-Math.PI / 2);
    ctx.fillText(mark.label, 0, 0);
    ctx.setTransform(1, 0, 0, 1, 0, 0);
  }
  ctx.restore();
}

const wholeSteps = Array.from({ length: 10 }, (_, e) => [1, 2, 5].map((d) => d * 10 ** e)).flat();

const padded = (low: number, high: number): [number, number] => {
  if (!Number.isFinite(low) || !Number.isFinite(high)) return [0, 1];
  const pad = low === high ? Math.abs(low) * 0.1 || 0.5 : 0.06 * (high - low);
  return [low - pad, high + pad];
};

function optionsOf(spec: ChartSpec, width: number, height: number, marks: () => Mark[]): uPlot.Options {
  const axis = { font, labelFont: font, stroke: () => color("muted"), labelSize, labelGap: 0, gap: 4 };
  const lines = { stroke: () => color("line"), width: 1 };
  /** Levels are part of what is seen. */
  const yRange = (_: uPlot, low: number | null, high: number | null): [number, number] => {
    let [a, b] = [low ?? Number.POSITIVE_INFINITY, high ?? Number.NEGATIVE_INFINITY];
    for (const mark of marks()) if (mark.kind === "level") [a, b] = [Math.min(a, mark.y), Math.max(b, mark.y)];
    const [from, to] = padded(spec.fromZero ? Math.min(0, a) : a, b);
    return spec.fromZero && a >= 0 ? [0, to] : [from, to];
  };
  return {
    width,
    height,
    padding: [8, 18, 0, 0],
    legend: { show: false },
    cursor: { drag: { x: false, y: false }, points: { size: 6 }, y: false },
    scales: {
      x: { time: false, ...(spec.xRange ? { range: spec.xRange } : {}) },
      y: spec.log
        ? { distr: 3, range: (_, low, high) => [(low ?? 1) / 1.25, (high ?? 1) * 1.25] }
        : { range: spec.yRange ?? yRange },
    },
    axes: [
      {
        ...axis,
        label: spec.x,
        ...(spec.wholeX ? { incrs: wholeSteps } : {}),
        size: xAxisSize - labelSize,
        grid: { show: false },
        ticks: { ...lines, size: 4 },
        values: (_, splits) => splits.map(tickText),
      },
      spec.plainY
        ? { ...axis, size: yAxisSize, values: () => [], grid: { show: false }, ticks: { show: false } }
        : {
            ...axis,
            label: spec.y,
            size: (_: uPlot, ticks: string[] | null) => Math.max(yAxisSize - labelSize, widest(ticks ?? [])),
            grid: lines,
            ticks: { show: false },
            ...(spec.log ? { splits: (_, __, low, high) => logTicks(low, high), filter: (_, splits) => splits } : {}),
            values: (_, splits) => splits.map((v) => (v === null ? "" : tickText(v))),
          },
    ],
    series: [
      {},
      ...spec.series.map(
        (s): uPlot.Series => ({
          label: s.label,
          stroke: () => color(s.color),
          width: s.width ?? 1.5,
          // A single value, as before the first step, is a dot.
          points: { show: (u) => u.data[0].length === 1, size: 6 },
          spanGaps: true,
          ...(s.dash ? { dash: s.dash } : {}),
          ...(s.fill ? { fill: () => faint(color(s.color), s.fill!) } : {}),
          ...(s.stepped ? { paths: uPlot.paths.stepped!({ align: 1 }) } : {}),
        }),
      ),
    ],
    hooks: { draw: [(u) => drawMarks(u, marks())] },
  };
}

/** Numbers at an axis: as short as they can be. */
export function tickText(v: number): string {
  const size = Math.abs(v);
  if (size !== 0 && (size < 1e-3 || size >= 1e5)) {
    return readable(v)
      .replace(/\.?0+·/, "·")
      .replace(/^(−?)1·/, "$1");
  }
  return String(Number(v.toPrecision(6))).replace("-", "−");
}

/** Milliseconds of a frame that drawing may begin in: what is left over waits for the next frame. */
const drawingTime = 8;
const waiting = new Map<uPlot, ChartData>();
let asked = false;

/** Draws charts one after the other, over as many frames as it takes: no task of the page is long. */
function drawWaiting(): void {
  asked = false;
  const began = performance.now();
  for (const [plot, data] of waiting) {
    if (performance.now() - began > drawingTime) break;
    waiting.delete(plot);
    plot.batch(() => plot.setData(data as uPlot.AlignedData)); // at once, and not in a microtask later
  }
  if (waiting.size > 0) askToDraw();
}

function askToDraw(): void {
  if (asked) return;
  asked = true;
  requestAnimationFrame(drawWaiting);
}

export function Chart(props: {
  name: string;
  spec: ChartSpec;
  data: ChartData;
  marks?: Mark[];
  height: number;
  /** What the chart says, for those who do not see it. */
  summary: string;
}) {
  const { name, spec, data, height, summary } = props;
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const marks = useRef<Mark[]>([]);
  marks.current = props.marks ?? [];
  const key = JSON.stringify(spec);

  useEffect(() => {
    const element = box.current!;
    const at = (): Mark[] => marks.current;
    const u = new uPlot(
      optionsOf(spec, Math.max(120, element.clientWidth), height, at),
      data as uPlot.AlignedData,
      element,
    );
    plot.current = u;
    charts.set(name, { plot: u, spec, marks: at });
    const observer = new ResizeObserver(() => {
      const width = Math.max(120, element.clientWidth);
      if (Math.abs(width - u.width) > 0.5) u.setSize({ width, height });
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
      charts.delete(name);
      waiting.delete(u);
      u.destroy();
      plot.current = undefined;
    };
  }, [key, height, name]);

  useEffect(() => {
    if (plot.current) {
      waiting.set(plot.current, data);
      askToDraw();
    }
  }, [data, props.marks]);

  const version = paletteVersion.value;
  useEffect(() => {
    plot.current?.redraw(false);
  }, [version]);

  return <div ref={box} class="chart" role="img" aria-label={summary} style={{ minHeight: `${height}px` }} />;
}
