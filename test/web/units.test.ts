/** Symbols in plain text, as axes have them. */
import { expect, it } from "vitest";
import { plainSymbol } from "../../web/src/model/units.js";

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
