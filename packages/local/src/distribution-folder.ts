import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { withEdgeSetting, type EdgeSetting } from './edge-settings.js';
import type { TlsFiles } from './local-settings.js';
import type { ServersBehindEdge } from './servers-behind-edge.js';
import { recommendedDistribution, type DistributionInput } from './recommended-distribution.js';

export interface FolderInput extends Omit<DistributionInput, 'originId' | 'servers'> {
  /** The folder that stands in for the bucket. */
  readonly mediaFolder: string;
  /** The certificate of the edge; `null` for plain HTTP. */
  readonly tls: TlsFiles | null;
  /** The page and the API where they share the edge's address; none of them when absent. */
  readonly behindEdge?: ServersBehindEdge;
  /** `recommended` when absent. */
  readonly setting?: EdgeSetting;
}

const ORIGIN_ID = 'media-bucket';
const API_ORIGIN_ID = 'api';
const PAGE_ORIGIN_ID = 'page';

/**
 * Writes DATA_DIR/distribution, which the edge reads: AWS's own files for the distribution that edgepass
 * recommends, and `edge.json`. Made anew at each start, so that it always agrees with the settings; who
 * wants to change it copies it and runs `edgepass edge --distribution COPY`.
 * @returns the folder
 */
export function writeDistributionFolder(dataDir: string, input: FolderInput): string {
  const folder = join(dataDir, 'distribution');
  const draft = join(dataDir, `distribution.${process.pid}.tmp`);
  const { api = null, page = null } = input.behindEdge ?? {};
  const edge = {
    origins: {
      [ORIGIN_ID]: { folder: input.mediaFolder },
      ...(api === null ? {} : { [API_ORIGIN_ID]: { url: addressOf(api) } }),
      ...(page === null ? {} : { [PAGE_ORIGIN_ID]: { url: addressOf(page) } }),
    },
    ...(input.tls === null ? {} : { tls: input.tls }),
    publicHosts: {},
    pageOrigins: {},
    extraPublicKeys: {},
    switches: {},
  };
  const servers = {
    api: api === null ? null : { originId: API_ORIGIN_ID, basePath: api.basePath },
    page: page === null ? null : { originId: PAGE_ORIGIN_ID, filePatterns: filePatterns(input.mediaFolder) },
  };
  const recommended = recommendedDistribution({ ...input, originId: ORIGIN_ID, servers });
  const files = {
    ...withEdgeSetting(recommended, input.setting ?? 'recommended', input.pageOrigins),
    'edge.json': edge,
  };
  rmSync(draft, { recursive: true, force: true });
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(draft, name)), { recursive: true });
    writeFileSync(join(draft, name), `${JSON.stringify(content, null, 2)}\n`);
  }
  // A key that was replaced must not stay trusted, so the folder is exchanged as a whole.
  rmSync(folder, { recursive: true, force: true });
  renameSync(draft, folder);
  return folder;
}

function addressOf({ host, port }: { readonly host: string; readonly port: number }): string {
  return `http://${host}:${port}`;
}

/** One path pattern for each folder at the top of the bucket, as browsers escape its name. */
function filePatterns(mediaFolder: string): readonly string[] {
  return readdirSync(mediaFolder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => `/${encodeURIComponent(name)}/*`)
    .toSorted();
}
