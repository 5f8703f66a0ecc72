/** What `/config.json` of the local stack says: where the other hosts are and which files to show. */
export interface DemoConfig {
  readonly apiUrl: string;
  readonly cdnUrl: string;
  /** The certificate authority of the local stack, for the trust hint. */
  readonly caFile?: string;
  readonly samples: Samples;
  /** Whether the page's server changes the settings of the edge at `POST /edge`. */
  readonly hasEdgeSwitch: boolean;
}

/** Paths on the CDN, without a leading slash. */
export interface Samples {
  readonly prefix: string;
  readonly images: readonly string[];
  readonly video: string;
  /** WebVTT for the video. */
  readonly captions: string;
  /** A PDF, which the browser opens in a tab of its own. */
  readonly document: string;
  /** A WOFF2 file that the page sets a text in. */
  readonly font: string;
  /** Tiles, with `{z}`, `{x}` and `{y}`. */
  readonly map: string;
  /** A file in a folder with a Korean name, which is a prefix of its own. */
  readonly korean: string;
  /** A file outside `prefix`, to show that a grant opens nothing beside it. */
  readonly sibling: string;
}

/** Loads the configuration; rejects with a sentence for the page when it is missing or of another shape. */
export async function loadConfig(): Promise<DemoConfig> {
  const response = await fetch('/config.json', { cache: 'no-store' });
  const config = (await response.json().catch(() => ({}))) as Partial<DemoConfig>;
  const { apiUrl, cdnUrl, samples } = config;
  if (apiUrl === undefined || cdnUrl === undefined || !Array.isArray(samples?.images)) {
    throw new Error('/config.json must name apiUrl, cdnUrl and samples: start the page with `npm start`.');
  }
  return {
    ...(config.caFile === undefined ? {} : { caFile: config.caFile }),
    apiUrl: apiUrl.replace(/\/+$/, ''),
    cdnUrl: cdnUrl.replace(/\/+$/, ''),
    samples,
    hasEdgeSwitch: config.hasEdgeSwitch === true,
  };
}
