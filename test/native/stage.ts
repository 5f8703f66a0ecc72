import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { accessToken } from '../browser/access-token.js';
import { startDeployment } from '../browser/deployment.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { makeTestCertificates } from '../support/test-certificates.js';

export const API = 'https://api.media.example.com';
export const CDN = 'https://cdn.media.example.com';
const LESSON = fileURLToPath(new URL('../../packages/local/media/lesson-1', import.meta.url));

/** What a program printed, and how it ended. */
export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A deployment under the names of production, for programs that know nothing of this machine. */
export interface NativeStage {
  readonly caFile: string;
  readonly ca: string;
  /** A CONNECT proxy that leads both names to this machine: no hosts file is needed. */
  readonly proxy: string;
  /** Of a viewer who may open courses/algebra. */
  readonly token: string;
  readonly ports: { readonly api: number; readonly edge: number };
  /** Runs lines of a shell in a new, empty folder, with the token in `$TOKEN`. */
  shell(lines: string, more?: Readonly<Record<string, string>>): Promise<Ran>;
  /** Runs a module of Node in a folder with the packages of this repository, with the token in `$TOKEN`. */
  node(code: string): Promise<Ran>;
  close(): void;
}

/** Starts API and edge over HTTPS with files in courses/algebra. */
export async function startNativeStage(): Promise<NativeStage> {
  const certificates = await makeTestCertificates(['api.media.example.com', 'cdn.media.example.com']);
  const { ports, mediaFolder } = await startDeployment({
    appOrigin: 'https://app.example.com',
    publicUrl: API,
    cloudFrontUrl: CDN,
    certificates,
    apiSpeaksTls: true,
  });
  const folder = join(mediaFolder, 'courses/algebra');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'notes.txt'), 'the notes of algebra\n');
  cpSync(LESSON, join(folder, 'lesson-1'), { recursive: true });
  writeFileSync(
    join(folder, 'lesson-1/handing-on.m3u8'),
    handingOn(readFileSync(join(LESSON, 'index.m3u8'), 'utf8')),
  );
  const server = await startProxy(
    new Map([
      [new URL(API).host, ports.api],
      [new URL(CDN).host, ports.edge],
    ]),
  );
  const proxy = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const token = accessToken('u1');
  const environment = (cwd: string) => {
    // Two programs read the authority elsewhere than in the environment.
    const wgetrc = join(cwd, '.wgetrc');
    writeFileSync(wgetrc, `ca_certificate = ${certificates.caFile}\n`);
    writeFileSync(join(cwd, 'yt-dlp.conf'), '--compat-options no-certifi\n');
    return {
      PATH: process.env['PATH'] ?? '',
      HOME: cwd,
      XDG_CONFIG_HOME: cwd,
      LANG: 'C.UTF-8',
      TOKEN: token,
      http_proxy: proxy,
      https_proxy: proxy,
      HTTPS_PROXY: proxy,
      NODE_USE_ENV_PROXY: '1',
      NODE_EXTRA_CA_CERTS: certificates.caFile,
      CURL_CA_BUNDLE: certificates.caFile,
      REQUESTS_CA_BUNDLE: certificates.caFile,
      SSL_CERT_FILE: certificates.caFile,
      WGETRC: wgetrc,
    };
  };
  return {
    caFile: certificates.caFile,
    ca: certificates.caPem,
    proxy,
    token,
    ports,
    shell: (lines, more) => {
      const cwd = temporaryFolder('native');
      return run('bash', ['--norc', '-euo', 'pipefail', '-c', lines], cwd, { ...environment(cwd), ...more });
    },
    node: (code) => {
      const cwd = temporaryFolder('native');
      // Inside of the repository, so that its packages are found.
      const cwdOfPackages = fileURLToPath(new URL('../..', import.meta.url));
      return run(process.execPath, ['--input-type=module', '--eval', code], cwdOfPackages, environment(cwd));
    },
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

async function run(
  file: string,
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>>,
): Promise<Ran> {
  try {
    const { stdout, stderr } = await promisify(execFile)(file, args, { cwd, env, timeout: 60_000 });
    return { code: 0, stdout, stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: unknown; stdout: string; stderr: string };
    return { code: typeof code === 'number' ? code : -1, stdout, stderr };
  }
}

/** The playlist of docs/signed-urls.md: it hands the query of its own address on. */
function handingOn(playlist: string): string {
  const query = '?Policy={$Policy}&Key-Pair-Id={$Key-Pair-Id}&Signature={$Signature}';
  return playlist
    .replace('#EXT-X-VERSION:7', '#EXT-X-VERSION:11')
    .replace('#EXTM3U\n', (line) =>
      ['Policy', 'Key-Pair-Id', 'Signature'].reduce(
        (lines, name) => `${lines}#EXT-X-DEFINE:QUERYPARAM="${name}"\n`,
        line,
      ),
    )
    .replaceAll(/(?:init\.mp4|segment-\d\.m4s)/g, (file) => file + query);
}

function startProxy(hosts: ReadonlyMap<string, number>): Promise<Server> {
  const server = createServer((_request, response) => response.writeHead(405).end());
  server.on('connect', (request, near, head) => {
    const port = hosts.get((request.url ?? '').replace(/:443$/, ''));
    if (port === undefined) return void near.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
    const far = connect(port, '127.0.0.1', () => {
      near.write('HTTP/1.1 200 Connection established\r\n\r\n');
      far.write(head);
      near.pipe(far).pipe(near);
    });
    for (const socket of [near, far]) socket.on('error', () => (near.destroy(), far.destroy()));
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}
