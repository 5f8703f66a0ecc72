import { X509Certificate } from 'node:crypto';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { connect, createServer, type Server } from 'node:tls';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { describeWith } from '../../../test/support/required-tool.js';
import { temporaryFolder } from '../../../test/support/temporary-folder.js';
import { ensureCertificates, type Certificates } from './certificate-authority.js';
import { makeLeaf, permittedBy } from './certificate-maker.js';

const HOSTS = ['app.edgepass.localhost', 'api.edgepass.localhost', 'cdn.edgepass.localhost'];
const START = Math.floor(Date.parse('2026-11-20T09:00:00Z') / 1000);
const DAY = 86_400;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'edgepass-ca-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const at = (epochSeconds: number) => ({ nowEpochSeconds: () => epochSeconds });
const ensure = (hosts: readonly string[] = HOSTS, now = START): Promise<Certificates> =>
  ensureCertificates(folder, hosts, at(now));
const leafOf = (made: Certificates): X509Certificate => new X509Certificate(readFileSync(made.certFile));
const text = (file: string): string => readFileSync(file, 'utf8');

/** A leaf of the attacker who has read ca-key.pem. */
async function forged(
  made: Certificates,
  names: { dns: readonly string[]; ips: readonly string[] },
): Promise<{ cert: string; key: string }> {
  const authority = {
    certificatePem: text(made.authorityFile),
    privateKeyPem: text(join(dirname(made.authorityFile), 'ca-key.pem')),
  };
  const leaf = await makeLeaf(authority, names, Math.floor(Date.now() / 1000));
  return { cert: leaf.certificatePem, key: leaf.privateKeyPem };
}

function opensslAnswer(made: Certificates, certificatePem: string): string {
  const file = join(folder, 'candidate.pem');
  writeFileSync(file, certificatePem);
  const now = Math.floor(Date.now() / 1000);
  const run = spawnSync('openssl', [
    'verify',
    '-attime',
    String(now),
    '-purpose',
    'sslserver',
    '-CAfile',
    made.authorityFile,
    file,
  ]);
  return `${run.stdout.toString()}${run.stderr.toString()}`;
}

async function nodeAnswer(
  made: Certificates,
  server: { cert: string; key: string },
  name: string,
): Promise<string> {
  const listener: Server = createServer({ cert: server.cert, key: server.key }).listen(0, '127.0.0.1');
  await new Promise((done) => listener.once('listening', done));
  listener.on('tlsClientError', () => {});
  const { port } = listener.address() as { port: number };
  const sockets: Socket[] = [];
  listener.on('connection', (socket) => sockets.push(socket));
  const answer = await new Promise<string>((done) => {
    const socket = connect({ port, host: '127.0.0.1', servername: name, ca: text(made.authorityFile) });
    socket.once('secureConnect', () => done('trusted'));
    socket.once('error', (error) => done(error.message));
    sockets.push(socket);
  });
  for (const socket of sockets) socket.destroy();
  listener.close();
  return answer;
}

describe('a fresh authority', () => {
  let made: Certificates;
  beforeAll(async () => {
    made = await ensureCertificates(temporaryFolder('ca'), HOSTS, at(START));
  });

  it('issues one leaf for the shared parent and everything directly below it (B46)', () => {
    expect(leafOf(made).subjectAltName).toBe('DNS:*.edgepass.localhost, DNS:edgepass.localhost');
    expect(made.notes).toEqual([]);
  });

  it('issues a leaf that lives at most 397 days (B53)', () => {
    const leaf = leafOf(made);
    const days = (leaf.validToDate.getTime() - leaf.validFromDate.getTime()) / 1000 / DAY;
    expect(days).toBeGreaterThan(395);
    expect(days).toBeLessThanOrEqual(397);
  });

  it('issues a leaf for servers only (B53)', () => {
    expect(leafOf(made).keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
  });

  it('keeps both private keys to this user', () => {
    for (const name of ['ca-key.pem', 'leaf-key.pem']) {
      expect(statSync(join(dirname(made.authorityFile), name)).mode & 0o777).toBe(0o600);
    }
  });

  it('names exactly the hosts that are not under .localhost', async () => {
    const other = await ensure(['local.junlog.dev', 'app.edgepass.localhost']);
    expect(permittedBy(text(other.authorityFile))).toEqual({
      dns: ['edgepass.localhost', 'local.junlog.dev'],
      ips: [],
    });
    expect(leafOf(other).subjectAltName).toBe(
      'DNS:*.edgepass.localhost, DNS:edgepass.localhost, DNS:local.junlog.dev',
    );
  });
});

// openssl and node:tls look at the real clock.
const now = Math.floor(Date.now() / 1000);
let real: Certificates;
beforeAll(async () => {
  real = await ensureCertificates(temporaryFolder('ca'), HOSTS, at(now));
});

describe('the authority, in the hands of somebody who has read its key', () => {
  it.each(HOSTS)('vouches for %s', async (host) => {
    expect(await nodeAnswer(real, { cert: text(real.certFile), key: text(real.keyFile) }, host)).toBe(
      'trusted',
    );
  });

  it.each(['example.com', 'localhost', 'notedgepass.localhost', 'other.localhost'])(
    'cannot vouch for %s before node:tls',
    async (name) => {
      expect(await nodeAnswer(real, await forged(real, { dns: [name], ips: [] }), name)).toBe(
        'permitted subtree violation',
      );
    },
  );
});

describeWith('openssl', 'what openssl says of the authority', () => {
  it('marks its constraints critical, so that a client that ignores them refuses the authority', () => {
    const shown = execFileSync('openssl', ['x509', '-in', real.authorityFile, '-noout', '-text']).toString();
    const lines = shown.split('\n').map((line) => line.trim());
    const from = lines.indexOf('X509v3 Name Constraints: critical');
    expect(lines.slice(from, from + 6)).toEqual([
      'X509v3 Name Constraints: critical',
      'Permitted:',
      'DNS:edgepass.localhost',
      'Excluded:',
      'IP:0.0.0.0/0.0.0.0',
      'IP:0:0:0:0:0:0:0:0/0:0:0:0:0:0:0:0',
    ]);
    expect(lines).toContain('X509v3 Basic Constraints: critical');
    expect(lines).toContain('CA:TRUE, pathlen:0');
  });

  it.each(['127.0.0.1', '::1'])(
    'vouches for the address %s alone, and for no name, where that is the host',
    async (ip) => {
      const made = await ensure([ip], now);
      expect(opensslAnswer(made, text(made.certFile))).toBe(`${join(folder, 'candidate.pem')}: OK\n`);
      for (const names of [
        { dns: ['example.com'], ips: [] },
        { dns: ['localhost'], ips: [] },
        { dns: [], ips: ['192.0.2.1'] },
        { dns: [], ips: ['2001:db8::1'] },
      ]) {
        const { cert } = await forged(made, names);
        expect(opensslAnswer(made, cert)).toEqual(
          expect.stringMatching(/(permitted|excluded) subtree violation/),
        );
      }
    },
  );

  it('vouches for the local hosts before openssl', () => {
    expect(opensslAnswer(real, text(real.certFile))).toBe(`${join(folder, 'candidate.pem')}: OK\n`);
  });

  it('cannot vouch for example.com before openssl', async () => {
    const { cert } = await forged(real, { dns: ['example.com'], ips: [] });
    expect(opensslAnswer(real, cert)).toContain('permitted subtree violation');
  });

  it('cannot vouch for an address before openssl', async () => {
    const { cert } = await forged(real, { dns: [], ips: ['127.0.0.1'] });
    expect(opensslAnswer(real, cert)).toContain('excluded subtree violation');
  });
});

describe('a second start on addresses', () => {
  it.each(['127.0.0.1', '::1'])('keeps what is good for %s', async (ip) => {
    const first = await ensure([ip]);
    const before = [text(first.authorityFile), text(first.certFile)];
    const second = await ensure([ip]);
    expect([text(second.authorityFile), text(second.certFile)]).toEqual(before);
  });
});

describe('a second start', () => {
  it('keeps what is good', async () => {
    const first = await ensure();
    const before = [text(first.authorityFile), text(first.certFile)];
    const second = await ensure(HOSTS, START + 100 * DAY);
    expect([text(second.authorityFile), text(second.certFile)]).toEqual(before);
    expect(second.notes).toEqual([]);
  });

  it('renews a leaf with less than 30 days to live, under the same authority', async () => {
    const first = await ensure();
    const authority = text(first.authorityFile);
    const second = await ensure(HOSTS, START + 367 * DAY);
    expect(text(second.authorityFile)).toBe(authority);
    expect(second.notes).toEqual([
      'The certificate of the local hosts was renewed (it ends within 30 days).',
    ]);
  });

  it('renews the leaf alone when a new host lies inside the constraints', async () => {
    const first = await ensure();
    const authority = text(first.authorityFile);
    const second = await ensure([...HOSTS, 'a.b.edgepass.localhost']);
    expect(text(second.authorityFile)).toBe(authority);
    expect(second.notes).toEqual([
      'The certificate of the local hosts was renewed (the hosts have changed).',
    ]);
  });

  it('makes a new authority for a host outside the constraints and says that it must be trusted again', async () => {
    await ensure();
    const second = await ensure(['local.junlog.dev']);
    expect(second.notes).toEqual([
      `A new certificate authority was made (the old one cannot vouch for local.junlog.dev): trust ${second.authorityFile} again.`,
      'The certificate of the local hosts was renewed (it was signed by another authority).',
    ]);
  });

  it('takes the authority of earlier names again, so that nobody must trust it twice', async () => {
    const first = text((await ensure()).authorityFile);
    const second = text((await ensure(['local.junlog.dev'])).authorityFile);
    const third = await ensure();
    expect(text(third.authorityFile)).toBe(first);
    expect(third.notes).toEqual([
      'The certificate authority for edgepass.localhost is back: who trusted it still does.',
      'The certificate of the local hosts was renewed (it was signed by another authority).',
    ]);
    expect(text((await ensure(['local.junlog.dev'])).authorityFile)).toBe(second);
    for (const name of readdirSync(join(folder, 'tls/earlier')).filter((file) => file.endsWith('-key.pem'))) {
      expect(statSync(join(folder, 'tls/earlier', name)).mode & 0o777).toBe(0o600);
    }
  });

  it('makes a new authority when the old one is about to end', async () => {
    await ensure();
    const second = await ensure(HOSTS, START + 3_630 * DAY);
    expect(second.notes[0]).toBe(
      `A new certificate authority was made (the old one ends within 30 days): trust ${second.authorityFile} again.`,
    );
  });

  it('replaces a leaf that is not a certificate, in one line', async () => {
    const first = await ensure();
    writeFileSync(first.certFile, 'half a fi');
    const second = await ensure();
    expect(second.notes).toEqual([
      'The certificate of the local hosts was renewed (the old files could not be read).',
    ]);
    expect(leafOf(second).subject).toContain('edgepass');
  });

  it('replaces an authority whose key is another one', async () => {
    const first = await ensure();
    writeFileSync(join(folder, 'tls/ca-key.pem'), text(first.keyFile));
    const second = await ensure();
    expect(second.notes[0]).toBe(
      `A new certificate authority was made (the old files could not be read): trust ${second.authorityFile} again.`,
    );
  });

  it('closes a key that somebody opened to others', async () => {
    const first = await ensure();
    execFileSync('chmod', ['644', first.keyFile]);
    const second = await ensure();
    expect(statSync(second.keyFile).mode & 0o777).toBe(0o600);
  });
});
