/** What a page can tell of where it runs. */
import type { BenchReport } from "../../../src/suites/report.js";

declare const __VERSION__: string;

interface UserAgentData {
  getHighEntropyValues(hints: string[]): Promise<{
    fullVersionList?: { brand: string; version: string }[];
    platform?: string;
    platformVersion?: string;
    architecture?: string;
  }>;
}

/** The browser's name and version, by its brands where it has them (the user agent's version is rounded there). */
export async function here(): Promise<Pick<BenchReport, "versions" | "machine"> & { chrome: boolean }> {
  const { userAgent, userAgentData, hardwareConcurrency } = navigator as Navigator & { userAgentData?: UserAgentData };
  const told = await userAgentData
    ?.getHighEntropyValues(["fullVersionList", "platformVersion", "architecture"])
    .catch(() => undefined);
  const brand = told?.fullVersionList?.find((b) => !/not.?a.?brand/i.test(b.brand.replace(/[^\w]/g, "")));
  const chrome = / (?:Headless)?Chrome\//.test(userAgent);
  const [, name = "browser", version = "unknown"] =
    /(Firefox|Edg|HeadlessChrome|Chrome|Version)\/([\d.]+)/.exec(userAgent) ?? [];
  const plain = `${name === "Version" ? "Safari" : name}/${version}`;
  return {
    chrome,
    versions: {
      saltation: __VERSION__,
      [chrome ? "chrome" : "browser"]: brand ? `${brand.brand}/${brand.version}` : plain,
    },
    machine: {
      system: told?.platform
        ? [told.platform, told.platformVersion, told.architecture].filter(Boolean).join(" ")
        : navigator.platform,
      processor: "unknown",
      cores: hardwareConcurrency,
    },
  };
}
