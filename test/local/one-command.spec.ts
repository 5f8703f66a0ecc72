import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DEMO_ENTITLEMENTS } from '../../src/entitlements/demo-entitlements.js';
import type { RunningProcess } from '../support/processes.js';
import { describeWith } from '../support/required-tool.js';
import { ALL_STOPPED, makePlace, RUNNING, stopBy, type Place } from './stack.js';

const BEARER = /access_token|eyJ[A-Za-z0-9_-]{10,}/;

let place: Place;
let stack: RunningProcess;
let readyAfterMilliseconds: number;

beforeAll(async () => {
  place = await makePlace();
  const begin = performance.now();
  stack = place.start();
  await stack.waitForLine(RUNNING);
  readyAfterMilliseconds = performance.now() - begin;
}, 30_000);
afterAll(async () => {
  await stack.stop();
  place.remove();
});

const lines = (): string[] => stack.stdout().split('\n');

describe('edgepass start, without any settings of its own', () => {
  it('is up in under 10 seconds, keys and certificates included', () => {
    expect(readyAfterMilliseconds).toBeLessThan(10_000);
  });

  it('says what to open', () => {
    expect(lines().slice(0, 5)).toEqual([
      RUNNING,
      '',
      `  open   ${place.app}`,
      `  API    ${place.api}   its documentation: /docs`,
      `  edge   ${place.cdn}   stands in for CloudFront + S3`,
    ]);
  });

  it('says how each system comes to trust its authority', () => {
    const ca = join(place.dataDir, 'tls/ca.pem');
    const name = new X509Certificate(readFileSync(ca)).subject.split('CN=')[1] ?? '';
    const said = lines().slice(6, 12).toSorted();
    expect(said).toEqual(
      [
        'Trust its certificate authority once. It can vouch for edgepass.localhost and nothing else:',
        `  Chrome on Linux  mkdir -p ~/.pki/nssdb && certutil -d sql:$HOME/.pki/nssdb -A -t C,, -n '${name}' -i ${ca}   (apt install libnss3-tools)`,
        `  macOS            security add-trusted-cert -r trustRoot -k ~/Library/Keychains/login.keychain-db ${ca}`,
        `  Windows          certutil -user -addstore Root ${ca}`,
        '  Firefox          Settings > Privacy & Security > View Certificates > Authorities > Import, "identify websites"',
        `  Node             export NODE_EXTRA_CA_CERTS=${ca}`,
      ].toSorted(),
    );
  });

  it('prints the line of the hosts file for what does not resolve *.localhost by itself', () => {
    expect(lines().slice(13, 16)).toEqual([
      "Browsers and curl find these hosts by themselves. Node, Python, ffmpeg, Playwright's request and Safari before",
      'macOS 26 need a line in the hosts file, unless this system resolves *.localhost:',
      "  echo '127.0.0.1 app.edgepass.localhost api.edgepass.localhost cdn.edgepass.localhost' | sudo tee -a /etc/hosts",
    ]);
  });

  it('says nothing on stderr, and prints no key and no token', () => {
    expect(stack.stderr()).toBe('');
    expect(stack.stdout()).not.toContain('PRIVATE KEY');
    expect(stack.stdout()).not.toEqual(expect.stringMatching(BEARER));
  });

  it('serves the demo page, the helper, the player and the map', async () => {
    const answers = await Promise.all(
      [
        '/',
        '/main.js',
        '/client/index.js',
        '/vendor/hls.mjs',
        '/vendor/leaflet.js',
        '/vendor/leaflet.css',
      ].map((path) => place.get(`${place.app}${path}`)),
    );
    expect(answers.map(({ status, headers }) => [status, headers['content-type']])).toEqual([
      [200, 'text/html; charset=utf-8'],
      ...Array.from({ length: 4 }, () => [200, 'text/javascript; charset=utf-8']),
      [200, 'text/css; charset=utf-8'],
    ]);
  });

  it('tells the page its own addresses', async () => {
    expect((await place.get(`${place.app}/config.json`)).json()).toMatchObject({
      apiUrl: place.api,
      cdnUrl: place.cdn,
      caFile: join(place.dataDir, 'tls/ca.pem'),
    });
  });

  it('refuses every sample file to who has no cookies', async () => {
    const { samples } = (await place.get(`${place.app}/config.json`)).json() as {
      samples: { images: string[]; video: string; sibling: string };
    };
    const paths = [...samples.images, samples.video, samples.sibling];
    const statuses = await Promise.all(
      paths.map(async (path) => (await place.get(`${place.cdn}/${path}`)).status),
    );
    expect(statuses).toEqual(paths.map(() => 403));
  });

  it('keeps everything in its data folder, closed to other users', () => {
    expect(statSync(place.dataDir).mode & 0o777).toBe(0o700);
    for (const file of ['tls/ca-key.pem', 'tls/leaf-key.pem', 'signing/private-key.pem', 'edgepass.lock']) {
      expect(statSync(join(place.dataDir, file)).mode & 0o777).toBe(0o600);
    }
  });
});

describeWith('curl', 'the lines of docs/entitlements.md, pasted into a shell', () => {
  it('let carol give alice a folder, which alice is then granted', async () => {
    const page = readFileSync(new URL('../../docs/entitlements.md', import.meta.url), 'utf8');
    const commands = (/```bash\n([\s\S]*?)```/.exec(page)?.[1] ?? '')
      .replaceAll('https://api.edgepass.localhost:3001', place.api)
      .replaceAll('data/tls', join(place.dataDir, 'tls'));
    const answer = execFileSync('bash', ['-e', '-u'], { input: commands }).toString();
    expect(JSON.parse(answer)).toEqual({ id: expect.any(String) });
    const json = { 'content-type': 'application/json' };
    const signedIn = await place.get(`${place.api}/demo/sign-in`, {
      method: 'POST',
      headers: json,
      body: '{"user":"alice"}',
    });
    const { accessToken } = signedIn.json() as { accessToken: string };
    const granted = await place.get(`${place.api}/grants`, {
      method: 'POST',
      headers: { ...json, authorization: `Bearer ${accessToken}` },
      body: '{"prefix":"movies"}',
    });
    expect(granted.json()).toMatchObject({ prefix: 'movies', resource: `${place.cdn}/movies/*` });
  });

  it('name what each user of the demo may open', async () => {
    const page = readFileSync(new URL('../../docs/entitlements.md', import.meta.url), 'utf8');
    for (const { subject, prefix } of DEMO_ENTITLEMENTS) {
      const row = subject === 'everyone' ? '| `bob`' : `| \`${subject.slice('user:'.length)}\``;
      const line = page.split('\n').find((text) => text.startsWith(row));
      expect(line).toContain(`\`${prefix.replace('{user}', 'bob')}\``);
    }
  });
});

describeWith('curl', 'the transcript that it prints, pasted into a shell', () => {
  let transcript: string[];
  beforeAll(() => {
    const from = lines().indexOf('Prove a grant with curl (403, 200, the grant, 200):');
    const commands = lines()
      .slice(from + 1, from + 7)
      .join('\n');
    transcript = execFileSync('bash', ['-e', '-u'], { input: commands }).toString().split('\n');
  });

  it('is refused without a grant, signs in, is granted, and opens the file', () => {
    expect([transcript[0], transcript[1], transcript[3]]).toEqual([
      'without a grant: 403',
      'signed in:       200',
      'with the grant:  200',
    ]);
  });

  it('shows a grant that is signed with the development key', () => {
    const id = readFileSync(join(place.dataDir, 'signing/private-key.pem'), 'utf8')
      .split('\n')[0]
      ?.slice('Key-Pair-Id: '.length);
    expect(JSON.parse(transcript[2] ?? '')).toMatchObject({
      prefix: 'courses/algebra',
      resource: `${place.cdn}/courses/algebra/*`,
      keyPairId: id,
    });
  });

  it('makes the edge say why it refused, on the terminal of the stack', async () => {
    // Files are refused side by side, so any of them may be the first.
    const refused = `edge refused 403 GET ${new URL(place.cdn).host} "/courses/algebra/images/1.svg"`;
    await expect(stack.waitForLine(refused)).resolves.toContain('code=MissingKey');
  });
});

describe('a second `edgepass start` on the same folder', () => {
  it('refuses with one line that names the first, and changes nothing', async () => {
    const files = [
      'tls/ca.pem',
      'tls/leaf.pem',
      'signing/private-key.pem',
      'distribution/distribution.json',
      'edgepass.lock',
    ];
    const look = (): string[] =>
      files.map(
        (file) =>
          `${readFileSync(join(place.dataDir, file), 'utf8')}${statSync(join(place.dataDir, file)).mtimeMs}`,
      );
    const before = look();
    const second = place.start();
    const { code } = await second.ended;
    expect(code).toBe(1);
    expect(second.stdout()).toBe('');
    expect(second.stderr()).toBe(
      `edgepass is already running on ${place.dataDir} (pid ${stack.pid}): open ${place.app}, or stop it first with \`kill ${stack.pid}\`; for a second one beside it set DATA_DIR and the ports\n`,
    );
    expect(look()).toEqual(before);
    expect((await place.get(place.app)).status).toBe(200);
  });
});

// The last one: the others use the stack that it stops.
describe('Ctrl-C', () => {
  it('stops all of it without waiting for a browser that keeps a connection open, gives the lock back and is no error', async () => {
    expect(await stopBy('SIGINT', stack, place)).toEqual(ALL_STOPPED);
  });
});
