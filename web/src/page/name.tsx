/** Names of parameters as the field writes them. */
import { splitSymbol, symbolOf } from "../model/units.js";

export function Name({ name }: { name: string }) {
  const [head, below] = splitSymbol(symbolOf(name));
  return (
    <span class="symbol">
      {head}
      {below && <sub>{below}</sub>}
    </span>
  );
}
