/**
 * Functions that equations may call and few do, in float32: a kernel takes those in that it calls. Relative errors 3e-7;
 * no differences that would cancel. The error function: Abramowitz & Stegun (1964), 7.1.26.
 */
const functions: readonly (readonly [name: string, text: string])[] = [
  ["sal_logsum", "fn sal_logsum(a: f32, b: f32) -> f32 { return max(a, b) + sal_log1p(sal_exp(-abs(a - b))); }"],
  ["sal_softplus", "fn sal_softplus(x: f32) -> f32 { return max(x, 0.0f) + sal_log1p(sal_exp(-abs(x))); }"],
  [
    "sal_log1p",
    `fn sal_log1p(x: f32) -> f32 {
  let s = x / (2.0f + x);
  let z = s * s;
  let series = 2.0f * s * (1.0f + z * (0.33333334f + z * (0.2f + z * (0.14285715f + z * 0.11111111f))));
  return select(sal_log_of(1.0f + x), series, abs(x) < 0.3f);
}`,
  ],
  [
    "sal_expm1",
    `fn sal_expm1(x: f32) -> f32 {
  let t = sal_tanh(0.5f * x);
  return select(sal_exp(x) - 1.0f, 2.0f * t / (1.0f - t), abs(x) < 0.5f);
}`,
  ],
  [
    "sal_erf",
    `fn sal_erf(x: f32) -> f32 {
  let z = x * x;
  let series = x * (1.1283792f + z * (-0.37612638f + z * (0.11283792f + z * (-0.026866172f + z * (0.0052239776f
    + z * (-8.548327e-4f + z * 1.2055333e-4f))))));
  let t = 1.0f / (1.0f + 0.3275911f * abs(x));
  let tail = t * (0.2548296f + t * (-0.28449672f + t * (1.4214138f + t * (-1.4531521f + t * 1.0614054f))));
  return select(sign(x) * (1.0f - tail * sal_exp(-z)), series, abs(x) < 0.6f);
}`,
  ],
  // WGSL's own may take the number of a number and NaN, which then nobody hears of.
  ...["min", "max"].map(
    (name) =>
      [
        `sal_${name}`,
        `fn sal_${name}(a: f32, b: f32) -> f32 {
  let beyond = max(bitcast<u32>(a) & 0x7fffffffu, bitcast<u32>(b) & 0x7fffffffu);
  return select(${name}(a, b), bitcast<f32>(beyond), beyond > 0x7f800000u);
}`,
      ] as const,
  ),
];

/** The functions that a text calls, and what those call. */
export function specialFunctions(text: string): string {
  let found = "";
  for (const [name, body] of functions) if (`${found}${text}`.includes(`${name}(`)) found += `${body}\n`;
  return found;
}
