/**
 * Streams of Threefry for what is drawn here: the second word of its key, beside a seed. Those of noise count up from 1 and down
 * from 2^32 - 1, those of connections lie at 2^31 (src/network/random-connections.ts): data, weights and noise of one seed have
 * nothing in common.
 */
export const streams = {
  poisson: 0x90000000,
  yinYang: 0x90000001,
  shuffle: 0x90000002,
  jitter: 0x90000003,
  fractionalBrownian: 0x90000004,
} as const;
