import type { Clock } from '../operation/clock.js';
import type { Settings } from '../settings/settings.js';
import { ensureCertificates } from './certificate-authority.js';
import { writeDemoMedia } from './demo-media.js';
import { writeDistributionFolder } from './distribution-folder.js';
import type { LocalParts } from './local-parts.js';
import { LocalProblem } from './local-problem.js';
import { ensureSigningKey, readSigningKey } from './signing-key.js';

export interface PreparedData {
  /** The settings with the key and certificate that were made filled in. */
  readonly settings: Settings;
  /** The certificate of every HTTPS part; `null` when there is no such part. */
  readonly tls: { readonly certFile: string; readonly keyFile: string } | null;
  /** What browsers must trust; `null` where the user brought a certificate. */
  readonly authorityFile: string | null;
  /** `null` when nothing here signs or verifies. */
  readonly signingKey: { readonly keyPairId: string; readonly file: string | null } | null;
  /** For the edge; `null` when the distribution is a real one. */
  readonly distributionFolder: string | null;
  /** One line each: what was made anew. */
  readonly notes: readonly string[];
}

/**
 * Writes what the parts need into DATA_DIR: certificates, signing key, media, distribution folder. What is
 * there and good stays as it is.
 * @param signsHere the API is ours, not the user's behind `--api`
 * @throws LocalProblem
 */
export async function prepareData(
  settings: Settings,
  parts: LocalParts,
  dataDir: string,
  signsHere: boolean,
  clock: Clock,
): Promise<PreparedData> {
  const hosts = [parts.page, parts.api, parts.edge].flatMap((part) =>
    part?.isHttps === true ? [part.host] : [],
  );
  const made =
    settings.tls === null && hosts.length > 0 ? await ensureCertificates(dataDir, hosts, clock) : null;
  const tls = settings.tls ?? made;

  const key = signsHere || parts.edge !== null ? signingKey(settings, parts, dataDir) : null;
  const distributionFolder =
    parts.edge === null || key === null
      ? null
      : writeDistributionFolder(dataDir, {
          cloudFrontUrl: settings.cloudFront.url,
          pageOrigins: settings.appOrigins,
          keyPairId: key.keyPairId,
          publicKeyPem: key.publicKeyPem,
          nowEpochSeconds: clock.nowEpochSeconds(),
          mediaFolder: writeDemoMedia(dataDir),
          tls: parts.edge.isHttps ? tls : null,
        });
  return {
    settings: {
      ...settings,
      cloudFront: key?.settings ?? settings.cloudFront,
      tls: parts.api?.isHttps === true ? tls : null,
    },
    tls,
    authorityFile: made?.authorityFile ?? null,
    signingKey: key === null ? null : { keyPairId: key.keyPairId, file: key.file },
    distributionFolder,
    notes: [...(made?.notes ?? []), ...(key?.notes ?? [])],
  };
}

function signingKey(settings: Settings, parts: LocalParts, dataDir: string) {
  let cloudFront = settings.cloudFront;
  let notes: readonly string[] = [];
  if (cloudFront.privateKey === null) {
    if (parts.edge === null) {
      throw new LocalProblem(
        `CLOUDFRONT_PRIVATE_KEY_FILE: expected the private key whose public half ${cloudFront.url} trusts; found nothing; ` +
          'name its file, or make a key pair with: edgepass keys rsa',
      );
    }
    const made = ensureSigningKey(dataDir);
    notes = made.notes;
    cloudFront = { ...cloudFront, keyPairId: null, privateKey: { kind: 'file', path: made.file } };
  }
  const { keyPairId, publicKeyPem } = readSigningKey(cloudFront);
  const file = cloudFront.privateKey?.kind === 'file' ? cloudFront.privateKey.path : null;
  return { settings: cloudFront, keyPairId, publicKeyPem, file, notes };
}
