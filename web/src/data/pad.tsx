/** A pad of 8 × 8 pixels, on which a digit is drawn by pointer or keys. */
import { useEffect, useRef, useState } from "preact/hooks";
import { color, paletteVersion } from "../plots/palette.js";
import { label, look, nextDigit, shown } from "./store.js";

const pixels = 8;
const cell = 80;
const blank = (): number[] => new Array<number>(pixels * pixels).fill(0);

/** Ink on a pixel and, thinner, on those beside it, as a pen of a pixel's width leaves it. */
function inked(before: readonly number[], x: number, y: number): number[] {
  return before.map((v, i) => {
    const far = Math.hypot((i % pixels) + 0.5 - x, Math.floor(i / pixels) + 0.5 - y);
    return Math.max(v, Math.min(1, Math.max(0, 1.35 - far)));
  });
}

/** Levels that a key goes through. */
const levels = [0, 0.5, 1];

export function Pad() {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [cursor, setCursor] = useState<readonly [number, number]>([3, 1]);
  const [focused, setFocused] = useState(false);
  const now = shown.value && "pixels" in shown.value ? shown.value.pixels : blank();
  useEffect(() => {
    const context = canvas.current!.getContext("2d")!;
    context.clearRect(0, 0, pixels * cell, pixels * cell);
    now.forEach((v, i) => {
      const [x, y] = [(i % pixels) * cell, Math.floor(i / pixels) * cell];
      context.globalAlpha = v;
      context.fillStyle = color("ink");
      context.fillRect(x, y, cell, cell);
      context.globalAlpha = 1;
      context.strokeStyle = color("line");
      context.lineWidth = 2;
      context.strokeRect(x, y, cell, cell);
    });
    if (!focused) return;
    context.strokeStyle = color("generated");
    context.lineWidth = 8;
    context.strokeRect(cursor[0] * cell + 4, cursor[1] * cell + 4, cell - 8, cell - 8);
  }, [now, cursor, focused, paletteVersion.value]);
  const drawAt = (event: PointerEvent): void => {
    const box = canvas.current!.getBoundingClientRect();
    const [x, y] = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
    look({ pixels: inked(now, pixels * x, pixels * y) });
  };
  const key = (event: KeyboardEvent): void => {
    const [x, y] = cursor;
    const moves: Record<string, readonly [number, number]> = {
      ArrowLeft: [Math.max(0, x - 1), y],
      ArrowRight: [Math.min(pixels - 1, x + 1), y],
      ArrowUp: [x, Math.max(0, y - 1)],
      ArrowDown: [x, Math.min(pixels - 1, y + 1)],
    };
    const move = moves[event.key];
    if (move) setCursor(move);
    else if (event.key === " " || event.key === "Enter") {
      const next = [...now];
      const i = y * pixels + x;
      next[i] = levels.find((v) => v > next[i]! + 1e-9) ?? 0;
      look({ pixels: next });
    } else return;
    event.preventDefault();
  };
  return (
    <>
      {/* biome-ignore lint/a11y/noInteractiveElementToNoninteractiveRole: keys mean here what they mean nowhere else */}
      <canvas
        ref={canvas}
        class="plane pad"
        width={pixels * cell}
        height={pixels * cell}
        tabIndex={0}
        role="application"
        aria-label={`Pad of 8 by 8 pixels; arrow keys move, the space bar inks: column ${cursor[0] + 1}, row ${cursor[1] + 1}, ink ${Math.round(100 * now[cursor[1] * pixels + cursor[0]]!)} %`}
        onFocus={() => setFocused(true)}
        onBlur={() => setFocused(false)}
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          drawAt(event);
        }}
        onPointerMove={(event) => event.currentTarget.hasPointerCapture(event.pointerId) && drawAt(event)}
        onKeyDown={key}
      />
      <div class="buttons pad-buttons">
        <button type="button" onClick={() => look({ pixels: blank() })}>
          Clear
        </button>
        <button type="button" onClick={nextDigit}>
          Another digit
        </button>
        <span class="hint">{label.value === undefined ? "drawn by you" : `a ${label.value}, which no step saw`}</span>
      </div>
    </>
  );
}
