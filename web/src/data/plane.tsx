/** The plane of Yin-Yang: how probable each class is by point, points that no step sees, and the point that is looked at. */
import { useEffect, useRef } from "preact/hooks";
import { color, paletteVersion } from "../plots/palette.js";
import { classColors } from "./colours.js";
import { mapCells, mapSize } from "./map.js";
import { heldOutPoints, look, map, seen, shown } from "./store.js";

/** Pixels of the picture along a side, and what lies around the disc. */
const side = 720;
const margin = 12;
const inner = side - 2 * margin;
const at = (x: number, y: number): [number, number] => [margin + inner * x, margin + inner * (1 - y)];

function rgb(css: string): [number, number, number] {
  const n = Number.parseInt(css.slice(1), 16);
  return [n >> 16, (n >> 8) & 255, n & 255];
}

/** A pixel for each cell, in the mixture of its classes' colours. */
function mapImage(probabilities: Float32Array): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = mapSize;
  const context = canvas.getContext("2d")!;
  const image = context.createImageData(mapSize, mapSize);
  const colors = classColors.map((name) => rgb(color(name)));
  mapCells.forEach(([c, r], s) => {
    const place = 4 * ((mapSize - 1 - r) * mapSize + c);
    for (let channel = 0; channel < 3; channel++)
      image.data[place + channel] = colors.reduce((sum, k, i) => sum + probabilities[3 * s + i]! * k[channel]!, 0);
    image.data[place + 3] = 255;
  });
  context.putImageData(image, 0, 0);
  return canvas;
}

/** The borders of the classes, as the data set defines them. */
function borders(context: CanvasRenderingContext2D): void {
  const circle = (x: number, y: number, radius: number, from = 0, to = 2 * Math.PI): void => {
    const [cx, cy] = at(x, y);
    context.beginPath();
    context.arc(cx, cy, inner * radius, from, to);
    context.stroke();
  };
  circle(0.5, 0.5, 0.5);
  // The wave between yin and yang: below the middle on the left, above it on the right.
  circle(0.25, 0.5, 0.25, 0, Math.PI);
  circle(0.75, 0.5, 0.25, Math.PI, 2 * Math.PI);
  circle(0.25, 0.5, 0.1);
  circle(0.75, 0.5, 0.1);
}

function draw(canvas: HTMLCanvasElement): void {
  const context = canvas.getContext("2d")!;
  context.clearRect(0, 0, side, side);
  const probabilities = map.value?.probabilities;
  if (probabilities) {
    context.save();
    context.beginPath();
    context.arc(...at(0.5, 0.5), inner / 2, 0, 2 * Math.PI);
    context.clip();
    context.globalAlpha = 0.42;
    context.imageSmoothingEnabled = true;
    context.imageSmoothingQuality = "high";
    context.drawImage(mapImage(probabilities), margin, margin, inner, inner);
    context.restore();
  }
  context.strokeStyle = color("muted");
  context.lineWidth = 2;
  borders(context);
  const points = heldOutPoints.value;
  if (points) {
    for (let s = 0; s < points.count; s++) {
      const [x, y] = at(points.values[2 * s]!, points.values[2 * s + 1]!);
      context.fillStyle = color(classColors[points.labels[s]!]!);
      context.beginPath();
      context.arc(x, y, 5.5, 0, 2 * Math.PI);
      context.fill();
    }
  }
  const chosen = shown.value;
  if (!chosen || !("x" in chosen)) return;
  const [x, y] = at(chosen.x, chosen.y);
  for (const [style, width] of [
    ["surface", 9],
    ["ink", 4],
  ] as const) {
    context.strokeStyle = color(style);
    context.lineWidth = width;
    context.beginPath();
    context.arc(x, y, 15, 0, 2 * Math.PI);
    context.stroke();
  }
}

const inside = (v: number): number => Math.min(1, Math.max(0, v));
const step = 0.02;
const moves: Record<string, readonly [number, number]> = {
  ArrowLeft: [-step, 0],
  ArrowRight: [step, 0],
  ArrowUp: [0, step],
  ArrowDown: [0, -step],
};

/** Text that says where the chosen point is. */
export const placeText = (x: number, y: number): string => `x ${x.toFixed(2)}, y ${y.toFixed(2)}`;

export function Plane() {
  const canvas = useRef<HTMLCanvasElement>(null);
  const dependencies = [map.value, heldOutPoints.value, shown.value, seen.value, paletteVersion.value];
  useEffect(() => {
    const frame = requestAnimationFrame(() => canvas.current && draw(canvas.current));
    return () => cancelAnimationFrame(frame);
  }, dependencies);
  const pick = (event: PointerEvent): void => {
    const box = canvas.current!.getBoundingClientRect();
    const of = (part: number): number => inside((part * side - margin) / inner);
    look({
      x: of((event.clientX - box.left) / box.width),
      y: 1 - of((event.clientY - box.top) / box.height),
    });
  };
  const chosen = shown.value && "x" in shown.value ? shown.value : undefined;
  return (
    // biome-ignore lint/a11y/noInteractiveElementToNoninteractiveRole: keys mean here what they mean nowhere else
    <canvas
      ref={canvas}
      class="plane"
      width={side}
      height={side}
      tabIndex={0}
      role="application"
      aria-label={`Plane of points; the arrow keys move the point that is looked at, now ${chosen ? placeText(chosen.x, chosen.y) : "none"}`}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        pick(event);
      }}
      onPointerMove={(event) => event.currentTarget.hasPointerCapture(event.pointerId) && pick(event)}
      onKeyDown={(event) => {
        const move = moves[event.key];
        if (!move || !chosen) return;
        event.preventDefault();
        const by = event.shiftKey ? 5 : 1;
        look({ x: inside(chosen.x + by * move[0]), y: inside(chosen.y + by * move[1]) });
      }}
    />
  );
}
