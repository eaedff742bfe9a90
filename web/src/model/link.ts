/** Documents in the address: deflated JSON in base64url behind `#job=`. Nothing leaves the page by it: hashes are not sent. */

const key = "job=";

async function through(bytes: Uint8Array, stream: GenericTransformStream): Promise<Uint8Array> {
  const piped = new Blob([bytes as BlobPart])
    .stream()
    .pipeThrough(stream as ReadableWritablePair<Uint8Array, BufferSource>);
  return new Uint8Array(await new Response(piped).arrayBuffer());
}

/** Longest text that a link may unfold to: a few bytes of one could otherwise become gigabytes. */
const longest = 4_000_000;
/** Longest link: browsers cut addresses at 1 to 2 million characters. */
const longestLink = 1_000_000;

/** A text as the part of an address behind "#". @throws Error, in words for the one who shares, where it is too long. */
export async function toHash(text: string): Promise<string> {
  if (text.length > longest) throw new TooLong(`The experiment has ${millions(text.length)} characters; ${tooLong}`);
  const packed = await through(new TextEncoder().encode(text), new CompressionStream("deflate-raw"));
  let binary = "";
  for (const byte of packed) binary += String.fromCharCode(byte);
  const hash = `#${key}${btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "")}`;
  if (hash.length > longestLink)
    throw new TooLong(`The link would have ${millions(hash.length)} characters; ${tooLong}`);
  return hash;
}

const millions = (n: number): string => `${(n / 1e6).toFixed(1)} million`;
const tooLong = "browsers would cut it. Send the file that Job (JSON) saves instead.";

/** What is said of a link that does not unfold to a document. */
export const brokenLink = "It is cut or altered; copy the whole of it again.";

/**
 * The text in an address; undefined where there is none.
 * @throws Error, in words for the reader of the link, where it is broken.
 */
export async function fromHash(hash: string): Promise<string | undefined> {
  const at = hash.indexOf(key);
  if (at < 0) return undefined;
  const packed = hash.slice(at + key.length);
  return unfold(packed).catch((error: unknown) => {
    throw error instanceof TooLong ? error : new Error(brokenLink, { cause: error });
  });
}

class TooLong extends Error {}

async function unfold(base64: string): Promise<string> {
  const binary = atob(base64.replaceAll("-", "+").replaceAll("_", "/"));
  const packed = Uint8Array.from(binary, (c) => c.charCodeAt(0));
  const reader = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate-raw")).getReader();
  const decoder = new TextDecoder();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    text += decoder.decode(value, { stream: true });
    if (text.length > longest) {
      await reader.cancel();
      throw new TooLong(`It unfolds to more than ${longest / 1e6} million characters; no experiment is that long.`);
    }
  }
}
