/** Tables in plain text. */
import Table from "cli-table3";

/** cli-table3 colours headings and borders by itself; here a table reads the same in a file. */
const style = { head: [], border: [] };

export const newTable = (head: string[]): Table.Table => new Table({ head, style });

/** Without lines between rows. */
export const compactTable = (head: string[], colAligns: ("left" | "right")[]): Table.Table =>
  new Table({ head, colAligns, style, chars: { mid: "", "left-mid": "", "mid-mid": "", "right-mid": "" } });
