/** Noise channels by name, and random numbers. */
import type { CellDefinition, RandomKind } from "../../../../src/index.js";
import {
  amplitudeOf,
  namedChannels,
  randomNumbers,
  removeChannel,
  setAmplitude,
  setRandom,
  setShared,
} from "../../model/cell-edits.js";
import { cut } from "../../model/cut.js";
import { ownCell } from "../../model/document.js";
import { ErrorText, errorAt } from "../fields.js";
import { CheckRow, ChoiceRow } from "../rows.js";
import { Equation, titles } from "./equation.js";
import { AddName, Removable } from "./named.js";

/** Channels and numbers that are shown: a cell takes no more. */
const most = 32;

const senses = [
  ["stratonovich", "Stratonovich"],
  ["ito", "Itô"],
] as const;

const kinds = [
  ["uniform", "uniform in (0, 1]"],
  ["normal", "normal"],
] as const;

export function NoiseAndRandom({ cell, states }: { cell: CellDefinition; states: readonly string[] }) {
  const channels = namedChannels(cell).slice(0, most);
  return (
    <details class="more" open={channels.length > 0 || cell.random !== undefined}>
      <summary>Noise channels, random numbers</summary>
      {channels.map((channel) => (
        <Removable key={channel} what="noise channel" name={channel} remove={removeChannel}>
          {states.map((n) => (
            <Equation
              key={n}
              label={titles.amplitude(n, channel)}
              field={`cell.noise.${n}.${channel}`}
              text={amplitudeOf(cell, channel, n)}
              absent="none"
              set={(c, text) => setAmplitude(c, channel, n, text)}
            />
          ))}
          <CheckRow
            label={`${cut(channel, 24)} is one for all neurons`}
            checked={cell.shared?.includes(channel) === true}
            set={(d, on) => setShared(ownCell(d)!, channel, on)}
          />
        </Removable>
      ))}
      <AddName
        what="noise channel"
        add={(c, channel) => {
          if (!namedChannels(c).includes(channel)) setAmplitude(c, channel, Object.keys(c.state)[0]!, "0");
        }}
      />
      {cell.noise && (
        <div class="fields">
          <ChoiceRow
            label="Noise is meant as"
            value={cell.calculus ?? "stratonovich"}
            options={senses}
            set={(d, sense) => {
              ownCell(d)!.calculus = sense;
            }}
          />
        </div>
      )}
      {Object.entries(randomNumbers(cell))
        .slice(0, most)
        .map(([name, kind]) => (
          <RandomNumber key={name} name={name} kind={kind} />
        ))}
      <AddName what="random number" add={(c, name) => setRandom(c, name, randomNumbers(c)[name] ?? "normal")} />
    </details>
  );
}

function RandomNumber({ name, kind }: { name: string; kind: RandomKind }) {
  const error = errorAt(`cell.random.${name}`);
  return (
    <Removable what="random number" name={name} remove={(c, n) => setRandom(c, n, undefined)}>
      <div class="fields">
        <ChoiceRow
          label={`law of ${cut(name, 24)}`}
          value={kind}
          options={kinds}
          set={(d, law) => setRandom(ownCell(d)!, name, law)}
        />
      </div>
      {error && <ErrorText id={`random-${name}-error`}>{error}</ErrorText>}
    </Removable>
  );
}
