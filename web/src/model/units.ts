/** Names, meanings and units of parameters. Voltage and current of the built-in cell count in thresholds: no unit. */

export const slifUnits = (time: string): Record<string, string> => ({
  time,
  current: "",
  weights: "",
  mu1: `1/${time}`,
  mu2: `1/${time}`,
  sigma1: `1/√${time}`,
  sigma2: `1/√${time}`,
  beta: "",
  vTh: "",
  tauS: time,
  vReset: "",
  alpha: "",
  v0: "",
  i0: "",
});

/** [symbol, meaning] of parameters that have one. */
const known: Record<string, [string, string]> = {
  current: ["I", "input current"],
  weights: ["w", "synaptic weights"],
  mu1: ["μ₁", "membrane rate"],
  mu2: ["μ₂", "decay of synaptic input"],
  sigma1: ["σ₁", "noise of the voltage"],
  sigma2: ["σ₂", "noise of the input"],
  sigma: ["σ", "noise of the voltage"],
  beta: ["β", "steepness of the escape rate"],
  vTh: ["v_th", "threshold"],
  tauS: ["τ_s", "time scale of escape"],
  vReset: ["v_reset", "reset of the voltage"],
  alpha: ["α", "refractory offset of the hazard"],
  v0: ["v₀", "voltage at the start"],
  i0: ["i₀", "input at the start"],
  gain: ["gain", "of the recorded current"],
  offset: ["offset", "of the recorded current"],
  mu: ["μ", "membrane rate"],
  muA: ["μ_a", "decay of the adaptation"],
  tRef: ["t_ref", "absolute refractory time"],
  jump: ["jump", "adaptation that a spike adds"],
};

export const symbolOf = (name: string): string => known[name]?.[0] ?? name;
export const meaningOf = (name: string): string => known[name]?.[1] ?? "";

/** A name with a part after "_" set below the line. */
export function splitSymbol(symbol: string): [string, string] {
  const [head, ...rest] = symbol.split("_");
  return [head!, rest.join("_")];
}

const letters = "aehijklmnoprstuvx0123456789";
const lowered = "ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ₀₁₂₃₄₅₆₇₈₉";

/** A symbol in plain text: what is below the line in Unicode's letters, or after "_" where one of them is wanting. */
export function plainSymbol(symbol: string): string {
  const [head, below] = splitSymbol(symbol);
  const places = [...below].map((c) => letters.indexOf(c));
  return places.includes(-1) ? symbol : head + places.map((p) => lowered[p]).join("");
}

/** Four significant digits, without an exponent where that is shorter. */
export function readable(value: number): string {
  if (!Number.isFinite(value)) return "–";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e5 || size < 1e-3) {
    const [mantissa, exponent] = value.toExponential(2).split("e") as [string, string];
    const digits: Record<string, string> = { "-": "⁻", "+": "" };
    const raised = [...exponent].map((c) => digits[c] ?? "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(c)]!).join("");
    return `${mantissa.replace("-", "−")}·10${raised}`;
  }
  // From here on four digits would be written with an exponent.
  return (size >= 9999.5 ? value.toFixed(0) : value.toPrecision(4)).replace("-", "−");
}

/** A rate or a number of bytes with a prefix. */
export function withPrefix(value: number, unit = ""): string {
  const prefixes = ["", "k", "M", "G", "T"];
  let p = 0;
  let v = value;
  while (v >= 999.5 && p < prefixes.length - 1) {
    v /= 1000;
    p++;
  }
  return `${v >= 99.5 ? v.toFixed(0) : v.toPrecision(2)} ${prefixes[p]}${unit}`.trim();
}
