/** Colours of text for a terminal; none in a pipe or a file, whatever CI says, unless FORCE_COLOR asks for them. */
import pc from "picocolors";

/** Whether text for a stream is coloured (https://no-color.org, https://force-color.org). */
export function coloured(stream: { readonly isTTY?: boolean }, env: NodeJS.ProcessEnv = process.env): boolean {
  if (env.NO_COLOR) return false;
  if (env.FORCE_COLOR !== undefined) return env.FORCE_COLOR !== "0" && env.FORCE_COLOR !== "false";
  return stream.isTTY === true && env.TERM !== "dumb";
}

/** For results. */
export const colours = pc.createColors(coloured(process.stdout));
/** For messages. */
export const messageColours = pc.createColors(coloured(process.stderr));
