import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { TlsFiles } from './local-settings.js';
import { recommendedDistribution, type DistributionInput } from './recommended-distribution.js';

export interface FolderInput extends Omit<DistributionInput, 'originId'> {
  /** The folder that stands in for the bucket. */
  readonly mediaFolder: string;
  /** The certificate of the edge; `null` for plain HTTP. */
  readonly tls: TlsFiles | null;
}

const ORIGIN_ID = 'media-bucket';

/**
 * Writes DATA_DIR/distribution, which the edge reads: AWS's own files for the distribution that edgepass
 * recommends, and `edge.json`. Made anew at each start, so that it always agrees with the settings; who
 * wants to change it copies it and runs `edgepass edge --distribution COPY`.
 * @returns the folder
 */
export function writeDistributionFolder(dataDir: string, input: FolderInput): string {
  const folder = join(dataDir, 'distribution');
  const draft = join(dataDir, `distribution.${process.pid}.tmp`);
  const edge = {
    origins: { [ORIGIN_ID]: { folder: input.mediaFolder } },
    ...(input.tls === null ? {} : { tls: input.tls }),
    publicHosts: {},
    pageOrigins: {},
    extraPublicKeys: {},
    switches: {},
  };
  const files = { ...recommendedDistribution({ ...input, originId: ORIGIN_ID }), 'edge.json': edge };
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
