/** What is made at the same time, and given back where a part of it cannot be made. */

type Made = { dispose(): void } | undefined;

/** What all of these come to; where one fails, the others are disposed of, then the first error is thrown. */
export async function allOrNone<T extends readonly Made[]>(
  making: {
    readonly [K in keyof T]: T[K] | Promise<T[K]>;
  },
): Promise<T> {
  try {
    return (await Promise.all(making)) as unknown as T;
  } catch (error) {
    for (const made of await Promise.allSettled<Made>(making)) {
      if (made.status === "fulfilled") made.value?.dispose();
    }
    throw error;
  }
}
