/** Charts as files: an SVG of what is on the page, with its scales and ticks, and a PNG of that. */
import { charts, tickText } from "./chart.js";
import { color, faint } from "./palette.js";

const escaped = (text: string): string => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
const fixed = (v: number): string => v.toFixed(2).replace(/\.?0+$/, "");
const titleHeight = 26;
const family = 'font-family="system-ui, \'Segoe UI\', sans-serif" font-size="11"';

/** uPlot keeps where its ticks are. */
interface Axis {
  _splits?: (number | null)[];
}

/** A chart that is on the page. */
export function chartSvg(name: string): string {
  const found = charts.get(name);
  if (!found) throw new Error(`there is no chart "${name}"`);
  const { plot: u, spec, marks } = found;
  const ratio = devicePixelRatio;
  const box = {
    left: u.bbox.left / ratio,
    top: u.bbox.top / ratio + titleHeight,
    width: u.bbox.width / ratio,
    height: u.bbox.height / ratio,
  };
  const x = (v: number): number => box.left + u.valToPos(v, "x");
  const y = (v: number): number => box.top + u.valToPos(v, "y");
  const [width, height] = [u.width, u.height + titleHeight];
  const [right, bottom] = [box.left + box.width, box.top + box.height];
  const parts: string[] = [];
  const line = (x1: number, y1: number, x2: number, y2: number, stroke: string, more = ""): void => {
    parts.push(
      `<line x1="${fixed(x1)}" y1="${fixed(y1)}" x2="${fixed(x2)}" y2="${fixed(y2)}" stroke="${stroke}" ${more}/>`,
    );
  };
  const text = (content: string, tx: number, ty: number, anchor: string, fill: string, more = ""): void => {
    parts.push(
      `<text x="${fixed(tx)}" y="${fixed(ty)}" text-anchor="${anchor}" fill="${fill}" ${more}>${escaped(content)}</text>`,
    );
  };
  const [xAxis, yAxis] = u.axes as unknown as [Axis, Axis];
  const within = (v: number, low: number, high: number): boolean => v >= low - 0.5 && v <= high + 0.5;
  for (const v of xAxis._splits ?? []) {
    if (v === null || !within(x(v), box.left, right)) continue;
    line(x(v), bottom, x(v), bottom + 4, color("line"));
    text(tickText(v), x(v), bottom + 16, "middle", color("muted"));
  }
  text(spec.x, box.left + box.width / 2, height - 4, "middle", color("muted"));
  if (!spec.plainY) {
    for (const v of yAxis._splits ?? []) {
      if (v === null || !within(y(v), box.top, bottom)) continue;
      line(box.left, y(v), right, y(v), color("line"));
      text(tickText(v), box.left - 6, y(v) + 4, "end", color("muted"));
    }
    const middle = box.top + box.height / 2;
    text(spec.y, 11, middle, "middle", color("muted"), `transform="rotate(-90 11 ${fixed(middle)})"`);
  }
  line(box.left, bottom, right, bottom, color("line"));
  parts.push(`<g clip-path="url(#plot)" fill="none">`);
  const xs = u.data[0] as ArrayLike<number>;
  spec.series.forEach((series, s) => {
    const ys = u.data[s + 1] as ArrayLike<number | null>;
    const points: string[] = [];
    for (let n = 0; n < xs.length; n++) {
      const v = ys[n];
      if (v === null || v === undefined || !Number.isFinite(v)) continue;
      if (series.stepped && points.length > 0) points.push(`H${fixed(x(xs[n]!))}`);
      points.push(`${points.length === 0 ? "M" : "L"}${fixed(x(xs[n]!))} ${fixed(y(v))}`);
    }
    if (points.length === 0) return;
    const path = points.join("");
    if (series.fill) {
      const end = `V${fixed(y(0))}H${fixed(x(xs[0]!))}Z`;
      parts.push(`<path d="${path}${end}" fill="${faint(color(series.color), series.fill)}"/>`);
    }
    const dash = series.dash ? ` stroke-dasharray="${series.dash.join(" ")}"` : "";
    parts.push(`<path d="${path}" stroke="${color(series.color)}" stroke-width="${series.width ?? 1.5}"${dash}/>`);
  });
  for (const mark of marks()) {
    if (mark.kind !== "ticks") continue;
    const strokes: string[] = [];
    for (let n = 0; n < mark.x.length; n++) {
      strokes.push(`M${fixed(x(mark.x[n]!))} ${fixed(y(mark.low[n]!))}V${fixed(y(mark.high[n]!))}`);
    }
    parts.push(`<path d="${strokes.join("")}" stroke="${color(mark.color)}" stroke-width="${mark.width}"/>`);
  }
  parts.push("</g>");
  for (const mark of marks()) {
    if (mark.kind === "level") {
      line(box.left, y(mark.y), right, y(mark.y), color(mark.color), 'stroke-width="1.25" stroke-dasharray="5 4"');
      const below = y(mark.y) - box.top < 16;
      text(mark.label, box.left + 4, y(mark.y) + (below ? 13 : -4), "start", color(mark.color));
    } else if (mark.kind === "rowLabel") {
      const [tx, ty] = [box.left - 8, y(mark.y)];
      text(mark.label, tx, ty, "middle", color(mark.color), `transform="rotate(-90 ${fixed(tx)} ${fixed(ty)})"`);
    }
  }
  text(spec.title, box.left, 16, "start", color("ink"), 'font-size="13"');
  let at = right;
  for (const series of [...spec.series].reverse()) {
    if (spec.series.length < 2) break;
    text(series.label, at, 16, "end", color(series.color));
    at -= 7 * series.label.length + 12;
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" ${family}>`,
    `<clipPath id="plot"><rect x="${fixed(box.left)}" y="${fixed(box.top)}" width="${fixed(box.width)}" height="${fixed(box.height)}"/></clipPath>`,
    `<rect width="100%" height="100%" fill="${color("surface")}"/>`,
    ...parts,
    "</svg>\n",
  ].join("\n");
}

/** The same as a PNG at twice the size. */
export async function chartPng(name: string): Promise<Blob> {
  const url = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(chartSvg(name))}`;
  const image = new Image();
  image.src = url;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = 2 * image.width;
  canvas.height = 2 * image.height;
  canvas.getContext("2d")!.drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("the browser made no PNG"))), "image/png");
  });
}
