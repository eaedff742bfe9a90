/**
 * Streams of Threefry for what is drawn here: the second word of its key, beside a seed. Those of noise count up from 1 and down
 * from 2^32 - 1; these lie between, so that data and noise of one seed have nothing in common.
 */
export const streams = {
  poisson: 0x80000001,
  yinYang: 0x80000002,
  shuffle: 0x80000003,
  jitter: 0x80000004,
  fractionalBrownian: 0x80000005,
} as const;
