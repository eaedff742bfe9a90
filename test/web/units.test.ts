/** Symbols in plain text, as axes have them, and numbers as the page writes them. */
import { expect, it } from "vitest";
import { plainSymbol, readable, withPrefix } from "../../web/src/model/units.js";

it.each([
  ["v_th", "vₜₕ"],
  ["v_reset", "vᵣₑₛₑₜ"],
  ["μ_a", "μₐ"],
  ["τ_s", "τₛ"],
  ["I", "I"],
  // Unicode has no small b or capital below the line.
  ["w_ab", "w_ab"],
  ["g_L2", "g_L2"],
])("%s", (symbol, plain) => expect(plainSymbol(symbol)).toBe(plain));

it.each([
  [0.0001234, "1.23·10⁻⁴"],
  [0.05, "0.05000"],
  [-9999.4, "−9999"],
  [9999.6, "10000"],
  [25864.3, "25864"],
  [-99999, "−99999"],
  [614000, "6.14·10⁵"],
])("the number %s", (value, text) => expect(readable(value)).toBe(text));

it.each([
  [99.7, "100"],
  [99.4, "99"],
  [99700, "100 k"],
  [999499, "999 k"],
  [1.5e6, "1.5 M"],
])("the rate %s", (value, text) => expect(withPrefix(value)).toBe(text));
