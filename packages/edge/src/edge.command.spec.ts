import { readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from '@jest/globals';
import {
  ALIAS,
  behavior,
  CACHING_OPTIMIZED,
  cookieHeader,
  openBehavior,
  policyText,
  rsaKey,
  signPolicy,
  writeFolder,
  type FolderInput,
} from '../../../test/support/edge-fixture.js';
import { send } from '../../../test/support/https-client.js';
import { runEdgepass, startEdgepass, startProcess } from '../../../test/support/processes.js';
import { runHere } from '../../../test/support/run-here.js';
import { makeTestCertificates } from '../../../test/support/test-certificates.js';
import { IS_WHOLE } from '../../../test/support/whole.js';
import { run } from './edge.command.js';

const KEY = rsaKey('KVIEWER1');
const FILES = { 'a.txt': 'hello' };

const folderOf = (input: FolderInput = {}) =>
  writeFolder({ keys: [KEY], files: FILES, defaultBehavior: openBehavior(), ...input }).folder;

const TEMPLATE = `
Parameters:
  Alias: { Type: String }
  Stage: { Type: String, Default: test }
Resources:
  Media: { Type: AWS::S3::Bucket }
  Reading:
    Type: AWS::S3::BucketPolicy
    Properties:
      Bucket: !Ref Media
      PolicyDocument:
        Statement:
          - { Effect: Allow, Principal: "*", Action: s3:GetObject, Resource: !Sub "\${Media.Arn}/open/*" }
  Pages:
    Type: AWS::CloudFront::ResponseHeadersPolicy
    Properties:
      ResponseHeadersPolicyConfig:
        Name: pages
        CustomHeadersConfig: { Items: [{ Header: X-Stage, Value: !Ref Stage, Override: true }] }
  Cdn:
    Type: AWS::CloudFront::Distribution
    Properties:
      DistributionConfig:
        Enabled: true
        Aliases: [!Ref Alias]
        Origins: [{ Id: media, DomainName: !GetAtt Media.RegionalDomainName, S3OriginConfig: {} }]
        DefaultCacheBehavior:
          TargetOriginId: media
          ViewerProtocolPolicy: allow-all
          CachePolicyId: ${CACHING_OPTIMIZED}
          ResponseHeadersPolicyId: !Ref Pages
`;

async function startEdge(folder: string, more: readonly string[] = ['--http']) {
  const started = startEdgepass(['edge', '--distribution', folder, '--port', '0', ...more], { ipc: true });
  const message = new Promise<unknown>((resolve) => started.child.once('message', resolve));
  const line = await started.waitForLine('edge ready ');
  const url = new URL(line.slice('edge ready '.length));
  return { ...started, message, url };
}

/** What ends before it serves, in this process but for one; under `npm run whole` each in one of its own. */
const refuse = (args: readonly string[]) => (IS_WHOLE ? runEdgepass(['edge', ...args]) : runHere(run, args));

describe('edgepass edge', () => {
  it('says all about itself on --help', async () => {
    const { code, stdout } = await refuse(['--help']);
    expect(code).toBe(0);
    expect(stdout).toContain('edgepass edge export --id ID --out FOLDER writes all of it; see its --help');
    for (const flag of [
      'distribution',
      'host',
      'port',
      'control-port',
      'control-host',
      'http',
      'clock-offset-seconds',
      'parameter',
      'import',
      'resource',
      'edge-json',
    ]) {
      expect(stdout).toContain(`--${flag}`);
    }
  });

  it.each([
    [[], '--distribution FOLDER or FILE is required'],
    [['--distribution', 'x', '--parameter', 'Stage'], '--parameter: expected NAME=VALUE, found "Stage"'],
    [['--distribution', 'x', '--import', '=x'], '--import: expected NAME=VALUE, found "=x"'],
    [['--distribution', 'x', '--port', '70000'], '--port: expected 0 to 65535, found "70000"'],
    [['--distribution', 'x', '--control-port', 'x'], '--control-port: expected 0 to 65535, found "x"'],
    [
      ['--distribution', 'x', '--clock-offset-seconds', 'soon'],
      '--clock-offset-seconds: expected a whole number, found "soon"',
    ],
    [['--color'], "Unknown option '--color'"],
  ])('gives exit code 2 and the usage for %j', async (args, problem) => {
    const { code, stderr } = await refuse(args);
    expect([code, stderr.startsWith(`edgepass edge: ${problem}`)]).toEqual([2, true]);
    expect(stderr).toContain('Usage: edgepass edge --distribution FOLDER');
  });

  it('gives exit code 1 and every mistake of the folder, one line each', async () => {
    const folder = folderOf({
      defaultBehavior: behavior({ TargetOriginId: 'none' }),
      edge: { color: 'red' },
    });
    const { code, stderr } = await runEdgepass(['edge', '--distribution', folder, '--http']);
    expect(code).toBe(1);
    expect(stderr.split('\n')).toEqual([
      'edgepass edge: edge.json color: expected one of origins, tls, publicHosts, pageOrigins, extraPublicKeys, distributionId, cache, switches, stack as name, found "color"',
      'edgepass edge: distribution.json DistributionConfig.DefaultCacheBehavior.TargetOriginId: expected the Id of an origin, found "none"',
      '',
    ]);
  });

  it('serves the distribution of a CloudFormation template, with its bucket policy, and reads it again', async () => {
    const { folder } = writeFolder({
      files: { 'open/a.txt': 'hello', 'b.txt': 'closed' },
      edge: { stack: { parameters: { Alias: 'none.example.com' } } },
      extra: { 'media.yaml': TEMPLATE },
    });
    const file = join(folder, 'media.yaml');
    const args = ['--http', '--control-port', '0', '--parameter', `Alias=${ALIAS}`];
    const edge = await startEdge(file, args);
    const ask = async (path: string) => {
      const { status, headers } = await send(`${edge.url.origin}${path}`, { headers: { host: ALIAS } });
      return [status, headers['x-stage']];
    };
    expect(await ask('/open/a.txt')).toEqual([200, 'test']);
    expect(await ask('/b.txt')).toEqual([403, 'test']);
    // The line may come after the answer.
    expect(await edge.waitForLine('edge refused ')).toBe(
      'edge refused 403 GET cdn.example.com "/b.txt" code=S3 reason=bucket-policy',
    );
    writeFileSync(file, TEMPLATE.replace('Default: test', 'Default: live'));
    const control = (await edge.waitForLine('edge control ')).slice('edge control '.length);
    expect((await send(`${control}/reload`, { method: 'POST' })).status).toBe(200);
    expect(await ask('/open/a.txt')).toEqual([200, 'live']);
    expect((await edge.stop()).code).toBe(0);
  });

  it.each([
    ['a folder', (folder: string) => folder],
    ["one of AWS's answers", (folder: string) => join(folder, 'distribution.json')],
  ])('refuses what is said of a template beside %s', async (_what, pathOf) => {
    const path = pathOf(folderOf({ files: FILES }));
    const edgeJson = join(path, 'edge.json');
    const flags = [
      '--parameter',
      'Stage=x',
      '--import',
      'a:b=y',
      '--resource',
      'Pages',
      '--edge-json',
      edgeJson,
    ];
    const { code, stderr } = await refuse(['--distribution', path, '--http', ...flags]);
    const expected = 'expected a template as --distribution, which alone takes this flag';
    const found = `found AWS's answers, ${path}: name the template, or`;
    expect([code, stderr.split('\n')]).toEqual([
      1,
      [
        `edgepass edge: --parameter Stage=: ${expected}, ${found} leave it out`,
        `edgepass edge: --import a:b=: ${expected}, ${found} leave it out`,
        `edgepass edge: --resource Pages: ${expected}, ${found} leave it out`,
        `edgepass edge: --edge-json ${edgeJson}: ${expected}, ${found} put edge.json beside distribution.json`,
        '',
      ],
    ]);
  });

  // forms-on-disk.spec.ts reads each of them.
  if (IS_WHOLE) {
    it("reads one of AWS's answers, and what lies beside it", async () => {
      const { folder } = writeFolder({ keys: [KEY], files: FILES, defaultBehavior: openBehavior() });
      renameSync(join(folder, 'distribution.json'), join(folder, 'E1.json'));
      const edge = await startEdge(join(folder, 'E1.json'));
      const { status } = await send(`${edge.url.origin}/a.txt`, { headers: { host: ALIAS } });
      expect(status).toBe(200);
      expect((await edge.stop()).code).toBe(0);
    });
  }

  it('gives exit code 1 without TLS files and without --http, beside every other mistake', async () => {
    const { code, stderr } = await refuse(['--distribution', folderOf({ edge: { origins: {} } })]);
    expect([code, stderr.split('\n')]).toEqual([
      1,
      [
        'edgepass edge: edge.json tls: expected certFile and keyFile, or --http, found nothing',
        'edgepass edge: distribution.json DistributionConfig.Origins.Items[0].Id: expected a member origins.media with its folder or url in edge.json, found none',
        '',
      ],
    ]);
  });

  it('names the TLS files with the edge.json that is missing', async () => {
    const folder = folderOf();
    rmSync(join(folder, 'edge.json'));
    const { code, stderr } = await refuse(['--distribution', folder]);
    expect([code, stderr]).toEqual([
      1,
      'edgepass edge: edge.json: expected what stands behind each origin and, without --http, TLS files, {"origins": {"ORIGIN-ID": {"folder": "../media"}}, "tls": {"certFile": "../tls/leaf.pem", "keyFile": "../tls/leaf-key.pem"}}, found no file\n',
    ]);
  });

  it('names a file that does not exist as it was given', async () => {
    const { code, stderr } = await refuse(['--distribution', 'media.yaml']);
    expect([code, stderr]).toEqual([
      1,
      "edgepass edge: media.yaml: expected a folder of AWS's answers, one of them, or a CloudFormation template, found no such file or folder\n",
    ]);
  });

  it('warns at --http of a behavior that demands HTTPS', async () => {
    const closed = openBehavior({ ViewerProtocolPolicy: 'redirect-to-https' });
    const edge = await startEdge(folderOf({ defaultBehavior: closed }));
    await edge.stop();
    expect(edge.stdout().split('\n')).toEqual([
      'edge warning: with --http no file opens by "*" (redirect-to-https): leave --http and name TLS files as tls in edge.json, or set ViewerProtocolPolicy to allow-all in a copy of the distribution',
      `edge ready ${edge.url.origin}`,
      'edge stopped',
      '',
    ]);
  });

  it('gives exit code 1 for TLS files that are none', async () => {
    const folder = folderOf({
      edge: { tls: { certFile: 'edge.json', keyFile: 'edge.json' } },
    });
    const { code, stderr } = await refuse(['--distribution', folder, '--port', '0']);
    expect([code, stderr.split('\n').length]).toEqual([1, 2]);
    expect(stderr).toContain('edge.json tls: expected a certificate and its key in PEM, found ERR_OSSL');
  });

  it('gives exit code 1 and one line for a taken port, on 127.0.0.1 as on ::1', async () => {
    for (const host of ['127.0.0.1', '::1']) {
      const blocker = createServer();
      const port = await new Promise<number>((resolve) =>
        blocker.listen(0, host, () => resolve((blocker.address() as { port: number }).port)),
      );
      const args = ['--distribution', folderOf(), '--http', '--port', String(port)];
      const { code, stderr } = await refuse(args);
      blocker.close();
      expect([code, stderr]).toEqual([
        1,
        `edgepass edge: --port ${port}: expected a free port on 127.0.0.1, found it taken; stop what listens there or name another\n`,
      ]);
    }
  });

  it('gives exit code 1 for a control port that was asked for and is taken', async () => {
    const blocker = createServer();
    const port = await new Promise<number>((resolve) =>
      blocker.listen(0, '127.0.0.1', () => resolve((blocker.address() as { port: number }).port)),
    );
    const args = ['--distribution', folderOf(), '--http', '--port', '0'];
    const { code, stderr } = await refuse([...args, '--control-port', String(port)]);
    blocker.close();
    expect([code, stderr]).toEqual([
      1,
      `edgepass edge: --control-port ${port}: expected a free port on 127.0.0.1, found it taken; stop what listens there or name another\n`,
    ]);
  });

  it('stops when its parent is killed', async () => {
    const fork = "require('node:child_process').fork(process.argv[1], process.argv.slice(2))";
    const entry = fileURLToPath(new URL('../../../dist/cli/edgepass.js', import.meta.url));
    const args = ['edge', '--distribution', folderOf(), '--http', '--port', '0'];
    const parent = startProcess(process.execPath, ['-e', fork, entry, ...args]);
    await parent.waitForLine('edge ready ');
    parent.child.kill('SIGKILL');
    // The edge inherited the parent's output, so this ends only when the edge has ended too.
    await parent.ended;
    expect(parent.stdout()).toContain('edge stopped\n');
  });

  it('serves HTTPS with the files of edge.json and verifies an https policy', async () => {
    const { certificatePem, keyPem, caPem } = await makeTestCertificates([ALIAS]);
    const folder = folderOf({
      defaultBehavior: behavior({ ViewerProtocolPolicy: 'https-only' }),
      edge: { tls: { certFile: 'tls/leaf.pem', keyFile: 'tls/leaf-key.pem' } },
      extra: { 'tls/leaf.pem': certificatePem, 'tls/leaf-key.pem': keyPem },
    });
    const edge = await startEdge(folder, []);
    const url = `https://${ALIAS}:${edge.url.port}/a.txt`;
    const now = Math.floor(Date.now() / 1000);
    const policy = policyText(`https://${ALIAS}:${edge.url.port}/*`, {
      DateLessThan: { 'AWS:EpochTime': now + 60 },
    });
    const answer = await send(url, { ca: caPem, headers: { Cookie: cookieHeader(signPolicy(policy, KEY)) } });
    const refused = await send(url, { ca: caPem });
    await edge.stop();
    expect([answer.status, answer.text(), refused.status]).toEqual([200, 'hello', 403]);
  });

  it('believes the time that --clock-offset-seconds says (R28)', async () => {
    const folder = folderOf({ defaultBehavior: behavior() });
    const now = Math.floor(Date.now() / 1000);
    const edge = await startEdge(folder, ['--http', '--clock-offset-seconds=-100000']);
    const statuses = await Promise.all(
      [now - 100_600, now - 600].map(async (end) => {
        const policy = policyText(`http://${ALIAS}/*`, { DateLessThan: { 'AWS:EpochTime': end } });
        const headers = { Host: ALIAS, Cookie: cookieHeader(signPolicy(policy, KEY)) };
        return (await send(`http://127.0.0.1:${edge.url.port}/a.txt`, { headers })).status;
      }),
    );
    await edge.stop();
    expect(statuses).toEqual([403, 200]);
  });
});

describe('an edge with a control port', () => {
  let folder: string;
  let edge: Awaited<ReturnType<typeof startEdge>>;
  let controlUrl: string;
  beforeAll(async () => {
    const cached = { CachePolicyId: CACHING_OPTIMIZED, SmoothStreaming: true };
    folder = folderOf({ files: { ...FILES, 'b.txt': 'hello' }, defaultBehavior: openBehavior(cached) });
    edge = await startEdge(folder, ['--http', '--control-port', '0']);
    controlUrl = (await edge.waitForLine('edge control ')).slice('edge control '.length);
  });

  it('tells a parent process that it is ready, and names what it does not follow', async () => {
    expect(await edge.message).toEqual({ type: 'ready', url: edge.url.origin, controlUrl });
    expect(edge.stdout().split('\n').slice(0, 3)).toEqual([
      'edge not followed: distribution.json DistributionConfig.DefaultCacheBehavior.SmoothStreaming: Smooth Streaming is not followed',
      `edge ready ${edge.url.origin}`,
      `edge control ${controlUrl}`,
    ]);
  });

  it('listens on 127.0.0.1 and on ::1 (B48)', async () => {
    const statuses = await Promise.all(
      ['127.0.0.1', '[::1]'].map(
        async (host) => (await fetch(`http://${host}:${edge.url.port}/a.txt`)).status,
      ),
    );
    expect(statuses).toEqual([200, 200]);
  });

  it('takes invalidations', async () => {
    const file = `http://127.0.0.1:${edge.url.port}/b.txt`;
    const from = async () => (await fetch(file)).headers.get('X-Cache');
    const before = [await from(), await from()];
    const { status } = await fetch(`${controlUrl}/2020-05-31/distribution/E1/invalidation`, {
      method: 'POST',
      body: '<InvalidationBatch><Paths><Quantity>1</Quantity><Items><Path>/b.txt</Path></Items></Paths><CallerReference>1</CallerReference></InvalidationBatch>',
    });
    const after = await from();
    expect([before, status, after]).toEqual([
      ['Miss from cloudfront', 'Hit from cloudfront'],
      201,
      'Miss from cloudfront',
    ]);
    expect(await edge.waitForLine('edge invalidated ')).toBe('edge invalidated 1 path(s), 1 copy');
  });

  it('takes a changed folder on POST /reload with its copies kept, and keeps the old one for a mistake', async () => {
    const file = `http://127.0.0.1:${edge.url.port}/a.txt`;
    await fetch(file);
    const path = join(folder, 'distribution.json');
    const text = readFileSync(path, 'utf8');
    const reload = async (content: string) => {
      writeFileSync(path, content);
      const { status } = await fetch(`${controlUrl}/reload`, { method: 'POST' });
      const answer = await fetch(file);
      return [status, answer.headers.get('X-Cache'), answer.headers.get('Referrer-Policy')];
    };
    const security = '"ResponseHeadersPolicyId": "67f7725c-6f97-4210-82d7-5512b31e9d03", "CachePolicyId"';
    const changed = await reload(text.replace('"CachePolicyId"', security));
    const mistaken = await reload('{');
    writeFileSync(path, text);
    const after = [200, 'Hit from cloudfront', 'strict-origin-when-cross-origin'];
    expect([changed, mistaken]).toEqual([after, [400, ...after.slice(1)]]);
    expect(await edge.waitForLine('edge reloaded ')).toBe('edge reloaded the distribution; its copies stay');
    expect(await edge.waitForLine('edgepass edge: ')).toContain('distribution.json: expected JSON');
  });

  it('warns of a behavior that demands HTTPS at POST /reload too', async () => {
    const path = join(folder, 'distribution.json');
    writeFileSync(path, readFileSync(path, 'utf8').replace('"allow-all"', '"https-only"'));
    await fetch(`${controlUrl}/reload`, { method: 'POST' });
    expect(await edge.waitForLine('edge warning: ')).toContain(
      'with --http no file opens by "*" (https-only): ',
    );
  });

  it('stops on SIGTERM', async () => {
    expect(await edge.stop()).toEqual({ code: 0, signal: null });
    expect(edge.stdout()).toMatch(/\nedge stopped\n$/);
  });
});

describe('an edge that clients read slowly from', () => {
  let edge: Awaited<ReturnType<typeof startEdge>>;
  beforeAll(async () => {
    const folder = folderOf({ files: { 'large.bin': '' } });
    // Of which the disk holds nothing.
    truncateSync(join(folder, '../media/large.bin'), 64 * 1024 * 1024);
    edge = await startEdge(folder);
  });

  it('keeps its memory while 20 of them read a large file (E47)', async () => {
    const before = await residentBytes(edge.pid);
    const readers = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const answer = await fetch(`http://127.0.0.1:${edge.url.port}/large.bin`);
        const reader = (answer.body ?? new ReadableStream()).getReader();
        await reader.read();
        return reader;
      }),
    );
    const during = await residentBytes(edge.pid);
    await Promise.all(readers.map((reader) => reader.cancel().catch(() => undefined)));
    expect(during - before).toBeLessThan(100 * 1024 * 1024);
  });

  it('ends an answer that takes too long when it is asked to stop', async () => {
    const answer = await fetch(`http://127.0.0.1:${edge.url.port}/large.bin`);
    const body = answer.body?.getReader();
    await body?.read();
    expect(await edge.stop()).toEqual({ code: 0, signal: null });
    await body?.cancel().catch(() => undefined);
  });
});

async function residentBytes(pid: number): Promise<number> {
  const ps = startProcess('ps', ['-o', 'rss=', '-p', String(pid)]);
  await ps.ended;
  return Number(ps.stdout()) * 1024;
}
