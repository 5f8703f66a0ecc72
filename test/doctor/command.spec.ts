import { spawn, spawnSync } from 'node:child_process';
import { cpSync, createWriteStream, existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { run } from '../../packages/doctor/src/doctor.command.js';
import { runHere, type EndedCommand } from '../support/run-here.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { IS_WHOLE } from '../support/whole.js';
import { LIVE_PAGE, livePath, liveWorld } from './lives.js';
import { healthyWorld, Stage } from './stage.js';

const HERE = import.meta.dirname;
const FIXTURES = join(HERE, 'fixtures');
const DOCTOR = join(HERE, '../../packages/doctor/dist/bundle/edgepass-doctor.js');
const MEGABYTE = 1024 * 1024;

interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly milliseconds: number;
  readonly firstOutputMilliseconds: number;
  readonly peakMegabytes: number;
}

/** Runs the doctor as `npm run build` made it, in the folder of the fixtures. */
async function doctor(args: readonly string[], input = '', node: readonly string[] = []): Promise<Ran> {
  const started = performance.now();
  const child = spawn(process.execPath, [...node, DOCTOR, ...args], {
    cwd: FIXTURES,
    env: { PATH: process.env['PATH'] ?? '', NO_COLOR: '1' },
  });
  let [stdout, stderr, first] = ['', '', 0];
  let peak = 0;
  const note = (): void => {
    if (first === 0) first = performance.now() - started;
  };
  child.stdout.on('data', (chunk: Buffer) => {
    note();
    stdout += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    note();
    stderr += chunk.toString();
  });
  const watch = setInterval(() => {
    const status = `/proc/${child.pid ?? 0}/status`;
    if (existsSync(status))
      peak = Math.max(peak, Number(/VmHWM:\s+(\d+)/.exec(readFileSync(status, 'utf8'))?.[1] ?? 0));
  }, 20);
  child.stdin.end(input);
  const [code] = (await once(child, 'close')) as [number | null];
  clearInterval(watch);
  return {
    code,
    stdout,
    stderr,
    milliseconds: performance.now() - started,
    firstOutputMilliseconds: first,
    peakMegabytes: peak / 1024,
  };
}

/** The same by the function that the command calls, in this process and its sources. Under `npm run whole` it is the command. */
const doctorHere = (args: readonly string[]): Promise<EndedCommand> =>
  IS_WHOLE ? doctor(args) : runHere(run, args, { NO_COLOR: '1' }, FIXTURES);

/** Version and path of a Node of the machine that the doctor does not run on. */
function oldSystemNodes(): readonly (readonly [version: string, path: string])[] {
  const path = '/usr/bin/node';
  const { status, stdout } = spawnSync(path, ['-p', 'process.versions.node'], { encoding: 'utf8' });
  return status === 0 && Number(stdout.split('.')[0]) < 22 ? [[stdout.trim(), path]] : [];
}

/** `UPDATE_TRANSCRIPTS=1 npm run jest -- test/doctor/command.spec.ts` writes them; look at the difference. */
const TRANSCRIPTS: readonly (readonly [name: string, args: readonly string[]])[] = [
  ['first-article-a-har', ['--har', 'first-article-a.har']],
  ['first-article-a-console', ['--console', 'first-article-a.txt']],
  ['first-article-a-json', ['--har', 'first-article-a.har', '--json']],
  ['first-article-b-har', ['--har', 'first-article-b.har']],
  ['first-article-b-console', ['--console', 'first-article-b.txt']],
  [
    'first-article-b-configuration',
    ['--distribution', 'first-article-b', '--app', 'https://local.junlog.dev:3000'],
  ],
  ['second-article-har', ['--har', 'second-article.har', '--distribution', 'second-article']],
  ['second-article-console', ['--console', 'second-article.txt']],
  [
    'second-article-configuration',
    ['--distribution', 'second-article', '--app', 'https://local.junlog.dev:3000'],
  ],
  ['undecided', ['--console', 'a-403.txt']],
  ['only', ['--har', 'first-article-a.har', '--only', 'wildcard-with-credentials']],
  ['nothing-judged', ['--console', 'no-message.txt']],
  ['list', ['--list']],
  ['help', ['--help']],
];

/** By the command itself, each of another kind: a finding, JSON, and no input. */
const BY_COMMAND = ['first-article-b-har', 'first-article-a-json', 'help'];

describe('a transcript', () => {
  test.each(TRANSCRIPTS)('%s is what the doctor prints, byte for byte', async (name, args) => {
    const { code, stdout, stderr } = await (BY_COMMAND.includes(name) ? doctor(args) : doctorHere(args));
    const text = `$ edgepass-doctor ${args.join(' ')}\n${stdout}${stderr}[exit code ${code ?? '-'}]\n`;
    const file = join(HERE, 'transcripts', `${name}.txt`);
    if (process.env['UPDATE_TRANSCRIPTS'] === '1') writeFileSync(file, text);
    expect(text).toBe(readFileSync(file, 'utf8'));
  });
});

describe('what no check can judge', () => {
  test('is not healthy when the page is named beside it', async () => {
    const { code, stdout } = await doctor(['--console', '-', '--app', 'https://app.example.com'], 'hello');
    expect({ code, stdout }).toEqual({
      code: 1,
      stdout: 'Nothing could be judged: no check found what it looks at.\n',
    });
  });
});

describe('a Node that is too old', () => {
  /** The file of the command alone: what it loads before the check is not there. */
  const alone = join(temporaryFolder('doctor-alone'), 'edgepass-doctor.mjs');
  beforeAll(() => cpSync(DOCTOR, alone));
  const saysToBe = (version: string) => [
    '--import',
    `data:text/javascript,Object.defineProperty(process,'versions',{value:{...process.versions,node:'${version}'}})`,
  ];

  // Beside this Node, which says to be older, the real old one of the machine, where there is one.
  test.each([
    ['20.20.2', process.execPath, saysToBe('20.20.2')],
    ['22.11.0', process.execPath, saysToBe('22.11.0')],
    ...oldSystemNodes().map(([version, path]) => [version, path, []] as const),
  ])('%s at %s says which one is needed, in one sentence', (version, path, args) => {
    const { status, stdout, stderr } = spawnSync(path, [...args, alone], { encoding: 'utf8' });
    expect({ status, stdout, stderr }).toEqual({
      status: 2,
      stdout: '',
      stderr: `edgepass doctor: needs Node 22.12 or newer, and this is Node ${version}.\n`,
    });
  });

  test('22.12.0, which package.json asks for, is not', () => {
    const manifest = readFileSync(join(HERE, '../../packages/doctor/package.json'), 'utf8');
    expect((JSON.parse(manifest) as { engines: { node: string } }).engines.node).toBe('>=22.12');
    const { status, stdout } = spawnSync(process.execPath, [...saysToBe('22.12.0'), DOCTOR, '--help'], {
      encoding: 'utf8',
    });
    expect([status, stdout.split(' ', 2)]).toEqual([0, ['Usage:', 'edgepass-doctor']]);
  });
});

describe('README.md and docs/doctor.md', () => {
  test.each(['README.md', 'docs/doctor.md'])(
    '%s shows the beginning of a transcript as it is, and the file that it is of',
    (page) => {
      const [, file = '', shown = ''] =
        /```console\n\$ npm run edgepass --silent -- doctor --har (\S+)\n([^]*?)…\n```/.exec(
          readFileSync(join(HERE, '../..', page), 'utf8'),
        ) ?? [];
      const transcript = readFileSync(join(HERE, 'transcripts/first-article-a-har.txt'), 'utf8');
      expect(shown.length).toBeGreaterThan(300);
      expect(transcript.slice(transcript.indexOf('\n') + 1).startsWith(shown)).toBe(true);
      expect(join(HERE, '../..', file)).toBe(join(FIXTURES, 'first-article-a.har'));
    },
  );

  test.each(['README.md', 'docs/doctor.md', 'packages/doctor/README.md'])(
    '%s names the command of a clone beside npx, while the package is not published',
    (page) => {
      const text = readFileSync(join(HERE, '../..', page), 'utf8');
      expect(text).toContain('npx @edgepass/doctor');
      expect(text).toContain('after `npm run build`');
      expect(text).toContain('`npm run edgepass -- doctor …`');
    },
  );
});

describe('--json', () => {
  const schema = JSON.parse(readFileSync(join(HERE, '../../docs/doctor.schema.json'), 'utf8')) as object;
  const validate = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(schema);

  test.each(TRANSCRIPTS.filter(([, args]) => !['--list', '--help'].includes(args[0] ?? '')))(
    '%s follows docs/doctor.schema.json',
    async (_name, args) => {
      const { stdout } = await doctorHere([...args.filter((arg) => arg !== '--json'), '--json']);
      const isValid = validate(JSON.parse(stdout));
      expect({ isValid, errors: validate.errors }).toEqual({ isValid: true, errors: null });
    },
  );
});

describe('a secret of a recording', () => {
  const har = readFileSync(join(FIXTURES, 'first-article-a.har'), 'utf8');
  const secrets = [/"Bearer ([^"]+)"/, /CloudFront-Signature=([^;]+);/, /CloudFront-Policy=([^;]+);/].map(
    (pattern) => pattern.exec(har)?.[1] ?? '',
  );

  test.each([[['--har', 'first-article-a.har']], [['--har', 'first-article-a.har', '--json']]])(
    'is not printed by %p',
    async (args) => {
      const { stdout, stderr } = await doctorHere(args);
      expect(secrets.every((secret) => secret.length > 20)).toBe(true);
      expect(secrets.filter((secret) => `${stdout}${stderr}`.includes(secret))).toEqual([]);
    },
  );

  test('is not printed where it stands in an address or in a pasted line', async () => {
    const url =
      'https://cdn.example.com/a.png?Policy=cG9saWN5LW9mLXRoaXM&Signature=c2lnbmF0dXJl~b2Y-dGhpcw__&Key-Pair-Id=K2JCJMDEHXQW5F';
    const line = `Access to fetch at '${url}' from origin 'https://app.example.com' has been blocked by CORS policy: The value of the 'Access-Control-Allow-Origin' header in the response must not be the wildcard '*' when the request's credentials mode is 'include'.`;
    const { stdout } = await doctor(['--console', '-', '--json'], line);
    expect(stdout).toContain('https://cdn.example.com/a.png?…');
    expect(stdout).not.toMatch(/cG9saWN5|c2lnbmF0|K2JCJ/);
  });
});

const LIST_TEMPLATE = `Parameters:
  Pages: { Type: CommaDelimitedList }
Resources:
  Policy:
    Type: AWS::CloudFront::ResponseHeadersPolicy
    Properties:
      ResponseHeadersPolicyConfig:
        Name: pages
        CorsConfig:
          AccessControlAllowOrigins: { Items: !Ref Pages }
          AccessControlAllowCredentials: true
          AccessControlAllowMethods: { Items: [GET] }
          AccessControlAllowHeaders: { Items: [Range] }
          OriginOverride: true
  Cdn:
    Type: AWS::CloudFront::Distribution
    Properties:
      DistributionConfig:
        Enabled: true
        Origins: [{ Id: media, DomainName: media.s3.us-east-1.amazonaws.com, S3OriginConfig: {} }]
        DefaultCacheBehavior:
          TargetOriginId: media
          ViewerProtocolPolicy: redirect-to-https
          CachePolicyId: 658327ea-f89d-4fab-a63d-7e88639e58f6
          ResponseHeadersPolicyId: !Ref Policy
`;

describe('wrong use and bad input', () => {
  const folder = temporaryFolder('doctor');
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const circle = join(folder, 'circle');
  symlinkSync(circle, circle);

  test.each([
    [
      ['cdn.example.com/a.png'],
      'expected a URL such as https://cdn.example.com/private/a.png, found "cdn.example.com/a.png"',
    ],
    [['https://a.example', 'https://b.example'], 'expected one URL, found 2'],
    [[], 'expected something to look at: a URL, --har, --console, --cookies, --distribution or --settings'],
    [
      ['https://a.example', '--app', 'https://app.example.com/'],
      '--app: expected an origin such as https://app.example.com, found "https://app.example.com/"; write https://app.example.com',
    ],
    [['https://a.example', '--only', 'nothing'], '--only: there is no check "nothing"; --list names all'],
  ])('%p is answered in one line and the usage', async (args, message) => {
    const { code, stdout, stderr } = await doctorHere(args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr.startsWith(`edgepass doctor: ${message}\n\nUsage: edgepass-doctor`)).toBe(true);
  });

  test.each([
    [['--har', 'nowhere.har'], '--har nowhere.har: there is no such file'],
    [['--har', '.'], '--har .: expected a file'],
    [
      ['--har', file('broken.har', '{"log": {"entries": [')],
      `--har ${join(folder, 'broken.har')}: expected JSON, found a text that ends early or is none; export it again`,
    ],
    [
      ['--har', file('other.har', '{"a": 1}')],
      `--har ${join(folder, 'other.har')}: expected a HAR, an object with log.entries; found other JSON`,
    ],
    [
      ['--cookies', file('cookies.txt', 'a=b')],
      `--cookies ${join(folder, 'cookies.txt')}: expected a Netscape cookie file (seven fields with tabs), or a request copied as cURL`,
    ],
    [
      ['--distribution', 'nowhere'],
      "--distribution nowhere:\n  nowhere: expected a folder of AWS's answers, one of them, or a CloudFormation template, found no such file or folder",
    ],
    [
      ['https://cdn.example.invalid/a.png', '--ca', file('ca.pem', 'laptop')],
      `--ca ${join(folder, 'ca.pem')}: expected certificates as PEM, -----BEGIN CERTIFICATE-----`,
    ],
    [['--har', circle], `--har ${circle}: cannot be read (ELOOP)`],
    [['--cookies', join(circle, 'jar.txt')], `--cookies ${join(circle, 'jar.txt')}: cannot be read (ELOOP)`],
    [
      ['--distribution', circle],
      `--distribution ${circle}:\n  ${circle}: expected a folder of AWS's answers, one of them, or a CloudFormation template, found ELOOP`,
    ],
    [
      ['--settings', file('.env', 'A=1')],
      `--settings ${join(folder, '.env')}: expected PUBLIC_URL and CLOUDFRONT_DOMAIN, lines NAME=VALUE`,
    ],
    [
      ['--distribution', file('list.yaml', LIST_TEMPLATE)],
      `--distribution ${join(folder, 'list.yaml')}:\n  list.yaml:2 Parameters.Pages: expected --parameter Pages=VALUE, found no value and no Default`,
    ],
  ])('%p is answered with what is wrong with it and no usage', async (args, message) => {
    // An error of the file system is no `instanceof Error` under jest, whose globals are its own.
    const ask = /no such file$|cannot be read/.test(message) ? doctor : doctorHere;
    const { code, stdout, stderr } = await ask(args);
    expect([code, stdout, stderr]).toEqual([2, '', `edgepass doctor: ${message}\n`]);
  });

  test('a template is read whether or not what its edge.json names is on this machine', async () => {
    const of = temporaryFolder('doctor');
    const origins = { media: { folder: '../data/media' } };
    const tls = { certFile: '../data/tls/leaf.pem', keyFile: '../data/tls/leaf-key.pem' };
    writeFileSync(join(of, 'edge.json'), JSON.stringify({ origins, tls }));
    writeFileSync(join(of, 'media.yaml'), LIST_TEMPLATE);
    const app = 'https://app.example.com';
    const args = ['--distribution', join(of, 'media.yaml'), '--app', app, '--parameter', `Pages=${app}`];
    const { code, stderr } = await doctorHere(args);
    expect([code, stderr]).toEqual([0, '']);
  });

  test('an unknown flag is wrong use', async () => {
    const { code, stderr } = await doctor(['--what']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^edgepass doctor: Unknown option '--what'/);
  });

  test('a host that does not resolve is a finding', async () => {
    const { code, stdout } = await doctor(['https://no-such-host.invalid/a.png']);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^The host name leads nowhere\./);
  });

  // By `npm run whole` 200 MB; what `npm test` reads takes 210 MB as it is, and 65 MB without the bodies.
  const [bodies, mostMegabytes] = IS_WHOLE ? [50, 300] : [18, 120];
  test(`a HAR of ${4 * bodies} MB whose bodies make it large is read in ${mostMegabytes} MB`, async () => {
    const path = join(folder, 'large.har');
    const out = createWriteStream(path);
    const start = readFileSync(join(FIXTURES, 'first-article-a.har'), 'utf8')
      .trimEnd()
      .replace(/\]\s*\}\s*\}$/, '');
    out.write(start);
    const body = 'QUJD'.repeat(MEGABYTE);
    for (let index = 0; index < bodies; index += 1) {
      out.write(
        `,{"startedDateTime":"2026-01-13T02:00:03.000Z","request":{"method":"GET","url":"https://dev.cloudfront.junlog.dev/courses/algebra/seg-${index}.ts","headers":[]},"response":{"status":200,"headers":[],"content":{"text":"${body}"}}}`,
      );
      if (out.writableNeedDrain) await once(out, 'drain');
    }
    out.end(']}}');
    await once(out, 'finish');
    const { code, stdout, milliseconds, peakMegabytes } = await doctor(['--har', path]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^The API sets cookies for a domain/);
    expect(milliseconds).toBeLessThan(10_000);
    expect(peakMegabytes).toBeLessThan(mostMegabytes);
  });

  test('a HAR of more than 64 MiB of headers is refused', async () => {
    const path = join(folder, 'headers.har');
    const out = createWriteStream(path);
    out.write('{"log":{"entries":[');
    const header = `{"name":"X","value":"${'x'.repeat(60_000)}"}`;
    const many = Array.from({ length: 16 }, () => header).join(',');
    // Just above; by `npm run whole` 200 MB.
    for (let index = 0; index < (IS_WHOLE ? 205 : 71); index += 1) {
      out.write(`${index === 0 ? '' : ','}{"request":{"url":"https://a.example/","headers":[${many}]}}`);
      if (out.writableNeedDrain) await once(out, 'drain');
    }
    out.end(']}}');
    await once(out, 'finish');
    const { code, stderr, milliseconds, peakMegabytes } = await doctor(['--har', path]);
    expect(code).toBe(2);
    expect(stderr).toContain('more than 64 MiB without its bodies');
    expect(milliseconds).toBeLessThan(10_000);
    expect(peakMegabytes).toBeLessThan(300);
  });
});

describe('a live stack', () => {
  let stage: Stage;
  let url = '';
  beforeAll(async () => {
    stage = await Stage.start();
    const world = healthyWorld();
    liveWorld(world);
    await stage.prepare(world);
    url = `https://cdn.media.localhost:${stage.edgePort}${livePath}`;
  });
  afterAll(() => stage.close());

  test.each([
    ['grant-expired', 'This could not be judged:\n  Access had ended and was not renewed.\n  shown by  '],
    [
      'headers-too-large',
      'This was looked for alone, and it is not so:\n  The request’s headers are too large',
    ],
  ])(
    'without cookies --only %s says no more than what was seen, and that they were missing',
    async (only, beginning) => {
      const { code, stdout } = await doctorHere([
        url,
        '--app',
        LIVE_PAGE,
        '--ca',
        stage.caFile,
        '--only',
        only,
      ]);
      expect(stdout.startsWith(beginning)).toBe(true);
      expect(stdout).toContain('Note: The CDN refused the probe, which had no cookies.');
      expect(code).toBe(beginning.startsWith('This could not') ? 1 : 0);
    },
  );

  test('is asked with the cookies of a Netscape file', async () => {
    const values = stage.sign(`https://cdn.media.localhost:${stage.edgePort}/*`, 900);
    const lines = Object.entries(values).map(
      ([name, value]) => `#HttpOnly_.media.localhost\tTRUE\t/courses\tTRUE\t0\tCloudFront-${name}\t${value}`,
    );
    const jar = join(temporaryFolder('jar'), 'cookies.txt');
    writeFileSync(jar, `# Netscape HTTP Cookie File\n${lines.join('\n')}\n`);
    const ran = await doctor([url, '--app', LIVE_PAGE, '--cookies', jar, '--ca', stage.caFile]);
    expect(ran.code).toBe(0);
    expect(ran.stdout).toMatch(
      /^Nothing wrong was found: \d+ checks looked at what was handed over\.\n\nThe signed policies, decoded/,
    );
    expect(ran.firstOutputMilliseconds).toBeLessThan(10_000);
    const bare = await doctorHere([url, '--app', LIVE_PAGE, '--ca', stage.caFile]);
    expect(bare.code).toBe(1);
    expect(bare.stdout).toMatch(
      /^The evidence does not decide\.\n\n {2}The CDN refused the probe because it had no cookies;/,
    );
    expect(bare.stdout).toContain('--cookies FILE (a cookie file, or the request');
    const other = await doctorHere([
      url,
      '--app',
      'https://other.media.localhost:3000',
      '--cookies',
      jar,
      '--ca',
      stage.caFile,
    ]);
    expect(other.code).toBe(1);
    expect(other.stdout).toMatch(/^The CDN serves the file without any CORS header for this page\./);
  });
});
