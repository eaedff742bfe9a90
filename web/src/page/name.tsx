/** Names of parameters as the field writes them. */
import { cut } from "../model/cut.js";
import { splitSymbol, symbolOf } from "../model/units.js";

export function Name({ name }: { name: string }) {
  const [head, below] = splitSymbol(cut(symbolOf(name), 24));
  return (
    <span class="symbol" title={name.length > 24 ? cut(name, 200) : undefined}>
      {head}
      {below && <sub>{below}</sub>}
    </span>
  );
}
