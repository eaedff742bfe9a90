/** The tables of the mathematics page hold what lies in bench/results. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const read = (name: string): string => readFileSync(fileURLToPath(new URL(`../../${name}`, import.meta.url)), "utf8");

/** "1.2·10⁻⁵" or "0.0123" as a number. */
function parse(text: string): number {
  const [, mantissa, exponent = ""] = /^([\d.]+)(?:·10(.+))?$/.exec(text)!;
  const plain = [...exponent].map((c) => (c === "⁻" ? "-" : "⁰¹²³⁴⁵⁶⁷⁸⁹".indexOf(c))).join("");
  return Number(`${mantissa}e${plain || 0}`);
}

it("the convergence tables are those measured", () => {
  const { rows } = JSON.parse(read("bench/results/convergence.json")) as {
    rows: { sigma: number; method: string; dt: number; timeError: number; gradientError: number }[];
  };
  const lines = read("docs/mathematics.md")
    .split("\n")
    .filter((line) => /^\| [\d.]+ \| `/.test(line));
  const steps = [0.02, 0.01, 0.005, 0.002, 0.001];
  expect(lines).toHaveLength(18);
  lines.forEach((line, n) => {
    const [sigma, method, ...values] = line
      .split("|")
      .map((cell) => cell.trim().replaceAll("`", ""))
      .slice(1, -1);
    const key = n < 9 ? "timeError" : "gradientError";
    values.forEach((value, i) => {
      const row = rows.find((r) => r.sigma === Number(sigma) && r.method === method && r.dt === steps[i])!;
      // Two or three digits are given.
      expect(Math.abs(parse(value) / row[key] - 1)).toBeLessThan(0.05);
    });
  });
});
