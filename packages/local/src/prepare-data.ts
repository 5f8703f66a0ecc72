import { ensureCertificates } from './certificate-authority.js';
import type { Clock } from './clock.js';
import type { EdgeSetting } from './edge-settings.js';
import { writeDemoMedia } from './demo-media.js';
import { writeDistributionFolder, type FolderInput } from './distribution-folder.js';
import type { LocalSettings, TlsFiles } from './local-settings.js';
import type { LocalParts } from './parts.js';
import type { PlacedParts } from './servers-behind-edge.js';
import { LocalProblem } from './problem.js';
import { ensureSigningKey } from './signing-key.js';

export interface PreparedData {
  /** The certificate of every HTTPS part; `null` when there is no such part. */
  readonly tls: TlsFiles | null;
  /** What browsers must trust; `null` where the user brought a certificate. */
  readonly authorityFile: string | null;
  /** `null` when nothing here signs or verifies. */
  readonly signingKey: SigningKey | null;
  /** What stands in for the bucket; `null` without an edge. */
  readonly mediaFolder: string | null;
  /** For the edge; `null` when the distribution is a real one. */
  readonly distribution: PreparedDistribution | null;
  /** One line each: what was made anew. */
  readonly notes: readonly string[];
}

interface PreparedDistribution {
  readonly folder: string;
  /** Writes the folder anew with another setting; the edge learns of it by a reload. */
  readonly write: (setting: EdgeSetting) => void;
}

interface SigningKey {
  readonly keyPairId: string;
  readonly publicKeyPem: string;
  readonly file: string | null;
  /** Made here, because the settings name none. */
  readonly isMade: boolean;
}

/**
 * Writes what the parts need into DATA_DIR: certificates, signing key, media, distribution folder. What is
 * there and good stays as it is.
 * @param signsHere the API is ours, not the user's behind `--api`
 * @throws LocalProblem
 */
export async function prepareData(
  settings: LocalSettings,
  parts: PlacedParts,
  dataDir: string,
  signsHere: boolean,
  clock: Clock,
): Promise<PreparedData> {
  const hosts = [parts.page, parts.api, parts.edge].flatMap((part) =>
    part?.isHttps === true ? [part.host] : [],
  );
  const made =
    settings.tls === null && hosts.length > 0 ? await ensureCertificates(dataDir, hosts, clock) : null;
  const tls = settings.tls ?? (made === null ? null : { certFile: made.certFile, keyFile: made.keyFile });

  const { key, notes } =
    signsHere || parts.edge !== null ? signingKey(settings, parts, dataDir) : { key: null, notes: [] };
  const mediaFolder = parts.edge === null ? null : writeDemoMedia(dataDir);
  const distribution =
    parts.edge === null || key === null || mediaFolder === null
      ? null
      : prepareDistribution(dataDir, {
          cloudFrontUrl: settings.cloudFrontUrl,
          pageOrigins: settings.appOrigins,
          keyPairId: key.keyPairId,
          publicKeyPem: key.publicKeyPem,
          nowEpochSeconds: clock.nowEpochSeconds(),
          mediaFolder,
          tls: parts.edge.isHttps ? tls : null,
          behindEdge: parts.behindEdge,
        });
  return {
    tls,
    authorityFile: made?.authorityFile ?? null,
    signingKey: key,
    mediaFolder,
    distribution,
    notes: [...(made?.notes ?? []), ...notes],
  };
}

function prepareDistribution(dataDir: string, input: FolderInput): PreparedDistribution {
  return {
    folder: writeDistributionFolder(dataDir, input),
    write: (setting) => void writeDistributionFolder(dataDir, { ...input, setting }),
  };
}

function signingKey(
  settings: LocalSettings,
  parts: LocalParts,
  dataDir: string,
): { readonly key: SigningKey; readonly notes: readonly string[] } {
  const named = settings.readPublicHalf();
  if (named !== null) return { key: { ...named, file: settings.signingKeyFile, isMade: false }, notes: [] };
  if (parts.edge === null) {
    throw new LocalProblem(
      `CLOUDFRONT_PRIVATE_KEY_FILE: expected the private key whose public half ${settings.cloudFrontUrl} trusts; found nothing; ` +
        'name its file, or make a key pair with: edgepass keys ecdsa',
    );
  }
  const { notes, ...made } = ensureSigningKey(dataDir);
  return { key: { ...made, isMade: true }, notes };
}
