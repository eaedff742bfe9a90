/** The campaign's figures: in bench/results/campaign.json, and as the table of docs/reliability.md. */
import { readFileSync, writeFileSync } from "node:fs";
import { writeResult } from "../support.js";

export interface KindResult {
  readonly what: string;
  readonly seconds: number;
  /** Figures by name: tried, accepted, refused and others. */
  readonly counts: Readonly<Record<string, number>>;
  /** Numbers of faults by kind. */
  readonly faults: Readonly<Record<string, number>>;
  readonly adapter?: string;
}

export interface CampaignResult {
  readonly date: string;
  readonly commit: string;
  readonly node: string;
  readonly adapter: string;
  readonly seed: number;
  readonly size: string;
  readonly kinds: Readonly<Record<string, KindResult>>;
}

const page = "docs/reliability.md";
const [begin, end] = ["<!-- figures of the campaign -->", "<!-- end of the figures -->"];

/** The table of the page. */
export function figures(result: CampaignResult): string {
  const rows = Object.entries(result.kinds).map(([name, { what, counts, faults }]) => {
    const { tried = 0, ...others } = counts;
    const told = Object.entries(others).map(([label, n]) => `${n} ${label}`);
    const sum = Object.values(faults).reduce((a, b) => a + b, 0);
    return `| \`${name}\` | ${what} | ${tried} | ${told.join(", ")} | ${sum} |`;
  });
  return [
    `Seed ${result.seed}, commit ${result.commit}, ${result.date}, Node ${result.node}, ${result.adapter}:`,
    "",
    "| kind | what is tried | tried | of these | faults |",
    "|---|---|---:|---|---:|",
    ...rows,
  ].join("\n");
}

/** The page with these figures in place of the old ones. */
export function withFigures(text: string, result: CampaignResult): string {
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${page} has no place for the figures: ${begin} … ${end}`);
  return `${text.slice(0, from + begin.length)}\n${figures(result)}\n${text.slice(to)}`;
}

export function writeReport(result: CampaignResult): void {
  writeResult("campaign", result);
  writeFileSync(page, withFigures(readFileSync(page, "utf8"), result));
}
