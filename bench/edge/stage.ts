import { createHash, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startServer, type ServerProcess } from '../server-process.js';

/** How many viewers ask one after the other, each with cookies of its own. */
export const VIEWERS = 100;
const HOST = 'cdn.edgepass.localhost';
const PAGE_ORIGIN = 'https://app.edgepass.localhost:3000';
const KEY_PAIR_ID = 'K2JCJMDEHXQW5F';

/** Files of a certificate, and of the authority that made it. */
export interface Certificates {
  readonly authorityFile: string;
  readonly certFile: string;
  readonly keyFile: string;
}

type EnsureCertificates = (
  dataDir: string,
  hosts: readonly string[],
  clock: { nowEpochSeconds(): number },
) => Promise<Certificates>;

function nowEpochSeconds(): number {
  return Math.floor(Date.now() / 1000);
}

/** A file that both servers serve. */
export interface ServedFile {
  readonly name: string;
  readonly byteLength: number;
  readonly sha256: string;
}

/** The files, the distribution that edgepass recommends (R90) before them, and viewers with signed cookies. */
export class Stage {
  readonly root = mkdtempSync(join(tmpdir(), 'edgepass-bench-edge-'));
  readonly media = join(this.root, 'media');
  private readonly keys = generateKeyPairSync('rsa', { modulusLength: 2048 });

  constructor() {
    mkdirSync(this.media);
  }

  /** Writes a file of random bytes; its name may begin with a folder. */
  file(name: string, byteLength: number): ServedFile {
    const bytes = randomBytes(byteLength);
    mkdirSync(dirname(join(this.media, name)), { recursive: true });
    writeFileSync(join(this.media, name), bytes);
    return { name, byteLength, sha256: createHash('sha256').update(bytes).digest('hex') };
  }

  /** The requests for a file, one for each viewer, as a page's `fetch` sends them. */
  requests(file: string): readonly string[] {
    return Array.from({ length: VIEWERS }, (_, viewer) => {
      const values = Object.entries(signed(`http://${HOST}/*`, 3600 + viewer, this.keys.privateKey));
      return [
        `GET /${file} HTTP/1.1`,
        `Host: ${HOST}`,
        `Origin: ${PAGE_ORIGIN}`,
        'Accept-Encoding: gzip, deflate, br',
        `Cookie: ${values.map(([name, value]) => `CloudFront-${name}=${value}`).join('; ')}`,
        '\r\n',
      ].join('\r\n');
    });
  }

  /** Signed cookies for whatever address the edge has. */
  cookiesForAnyAddress(): readonly (readonly [name: string, value: string])[] {
    const values = signed('http*://*', 3600, this.keys.privateKey);
    return Object.entries(values).map(([name, value]) => [`CloudFront-${name}`, value] as const);
  }

  /** A certificate for the edge, from an authority like that of the local stack. */
  async certificate(): Promise<Certificates> {
    const { ensureCertificates } = (await import(
      new URL('../../../packages/local/dist/certificate-authority.js', import.meta.url).href
    )) as { readonly ensureCertificates: EnsureCertificates };
    return ensureCertificates(this.root, [HOST], { nowEpochSeconds });
  }

  /** @param tls the certificate; null: plain HTTP */
  async startEdge(readyFile: string, tls: Certificates | null = null): Promise<ServerProcess> {
    return this.startEdgeOn(await this.distribution(null, tls), readyFile, tls);
  }

  /**
   * Writes the distribution; gives its folder.
   * @param server what stands behind the same address, and takes the paths outside the folders of files; uncached
   */
  async distribution(server: ServerProcess | null, tls: Certificates | null = null): Promise<string> {
    const { writeDistributionFolder } = (await import(
      new URL('../../../packages/local/dist/distribution-folder.js', import.meta.url).href
    )) as { readonly writeDistributionFolder: (dataDir: string, input: object) => string };
    return writeDistributionFolder(this.root, {
      cloudFrontUrl: `${tls === null ? 'http' : 'https'}://${HOST}`,
      pageOrigins: [PAGE_ORIGIN],
      keyPairId: KEY_PAIR_ID,
      publicKeyPem: this.keys.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
      nowEpochSeconds: nowEpochSeconds(),
      mediaFolder: this.media,
      tls: tls === null ? null : { certFile: tls.certFile, keyFile: tls.keyFile },
      behindEdge: { api: null, page: server },
    });
  }

  startEdgeOn(
    folder: string,
    readyFile: string,
    tls: Certificates | null = null,
    nodeArguments: readonly string[] = [],
    more: Readonly<Record<string, string>> = {},
  ): Promise<ServerProcess> {
    // The port is not known yet, so the policy that proves readiness is one for any address.
    const query = Object.entries(signed('http*://*', 60, this.keys.privateKey));
    const ready = `/${readyFile}?${query.map(([name, value]) => `${name}=${value}`).join('&')}`;
    const environment = { NODE_ENV: 'production', FOLDER: folder, TLS: tls === null ? 'no' : 'yes', ...more };
    return startServer([...nodeArguments, compiled('edge-peer.js')], environment, ready, {
      authorityFile: tls?.authorityFile ?? null,
    });
  }

  /** What Node itself can do with these headers: a file from memory, or what a server answers. */
  startBare(
    { name }: ServedFile,
    headers: readonly string[],
    server: ServerProcess | null,
  ): Promise<ServerProcess> {
    const from = server === null ? { FILE: join(this.media, name) } : { ORIGIN: server.url };
    const environment = { NODE_ENV: 'production', HEADERS: JSON.stringify(headers), ...from };
    return startServer([compiled('bare-peer.js')], environment, `/${name}`);
  }

  startStatic(readyFile: string): Promise<ServerProcess> {
    const environment = { NODE_ENV: 'production', FOLDER: this.media };
    return startServer([compiled('static-peer.js')], environment, `/${readyFile}`);
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

/** What CloudFront expects in cookies or in a query, without the prefix of the cookies. */
function signed(resource: string, lifeSeconds: number, key: KeyObject): Readonly<Record<string, string>> {
  const expires = Math.floor(Date.now() / 1000) + lifeSeconds;
  const policy = `{"Statement":[{"Resource":"${resource}","Condition":{"DateLessThan":{"AWS:EpochTime":${expires}}}}]}`;
  return {
    Policy: encode(Buffer.from(policy)),
    Signature: encode(sign('sha1', Buffer.from(policy), key)),
    'Key-Pair-Id': KEY_PAIR_ID,
  };
}

function encode(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('+', '-').replaceAll('=', '_').replaceAll('/', '~');
}

function compiled(file: string): string {
  return fileURLToPath(new URL(file, import.meta.url));
}
