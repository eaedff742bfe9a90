/** Choice of the experiment. */
import { cards } from "../../model/experiments.js";
import { studioDocument } from "../state/signals.js";
import { choose } from "../state/work.js";

export function Picker() {
  const { experiment } = studioDocument.value;
  return (
    <fieldset class="picker">
      <legend>Experiment</legend>
      {cards.map((card) => (
        <label key={card.name} class="card">
          <input
            type="radio"
            name="experiment"
            value={card.name}
            checked={experiment === card.name}
            onChange={() => void choose(card.name)}
          />
          <span class="card-title">{card.title}</span>
          <span class="card-line">{card.line}</span>
        </label>
      ))}
    </fieldset>
  );
}

export function About() {
  const card = cards.find((c) => c.name === studioDocument.value.experiment)!;
  return <p class="about">{card.text}</p>;
}
