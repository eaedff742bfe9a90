/** The unit that rates of spikes are told in. */

/** What a rate per unit of time is multiplied by, and its unit then: spikes per second where time is in ms. */
export function rateUnit(time: string): { scale: number; unit: string } {
  return time === "ms" ? { scale: 1000, unit: "1/s" } : { scale: 1, unit: time === "" ? "" : `1/${time}` };
}
