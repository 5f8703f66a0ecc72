import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { CACHING_DISABLED, CACHING_OPTIMIZED, list } from '../support/edge-fixture.js';
import { tryDistribution } from './try-distribution.js';

type Json = Readonly<Record<string, unknown>>;
type Entry = readonly [name: string, bytes: Buffer, config: Json];

/** `npm run distributions -- FOLDER`; without it only our own small ones are tried. */
const FOLDER = process.env['EDGEPASS_DISTRIBUTIONS'];

const ALL = list(['GET', 'HEAD', 'OPTIONS', 'PUT', 'PATCH', 'POST', 'DELETE']);
const FORWARDED = { QueryString: false, Cookies: { Forward: 'none' } };
const NO_SIGNERS = {
  TrustedSigners: { Enabled: false, Quantity: 0 },
  TrustedKeyGroups: { Enabled: false, Quantity: 0 },
};
const modern = (members: object = {}) => ({
  TargetOriginId: 'site',
  ...NO_SIGNERS,
  ViewerProtocolPolicy: 'redirect-to-https',
  AllowedMethods: { ...list(['HEAD', 'GET']), CachedMethods: list(['HEAD', 'GET']) },
  Compress: true,
  FunctionAssociations: { Quantity: 0 },
  CachePolicyId: CACHING_OPTIMIZED,
  ...members,
});
const old = (members: object = {}) => ({
  TargetOriginId: 'site',
  ...NO_SIGNERS,
  ForwardedValues: FORWARDED,
  MinTTL: 0,
  ViewerProtocolPolicy: 'allow-all',
  ...members,
});
const BUCKET = {
  Id: 'site',
  DomainName: 'site.s3.us-east-1.amazonaws.com',
  OriginPath: '',
  S3OriginConfig: { OriginAccessIdentity: '' },
  OriginAccessControlId: 'E1',
};
const WEBSITE = {
  Id: 'site',
  DomainName: 'site.s3-website-us-east-1.amazonaws.com',
  CustomOriginConfig: { HTTPPort: 80, HTTPSPort: 443, OriginProtocolPolicy: 'http-only' },
};
const SERVER = {
  Id: 'api',
  DomainName: 'api.example.com',
  OriginPath: '',
  CustomOriginConfig: { HTTPPort: 80, HTTPSPort: 443, OriginProtocolPolicy: 'https-only' },
};
const PAGES = list(
  [403, 404].map((ErrorCode) => ({ ErrorCode, ResponsePagePath: '/index.html', ResponseCode: '200' })),
);

/** One small distribution of each kind that people have. */
const OWN: Readonly<Record<string, Json>> = {
  'a bucket': { Origins: list([BUCKET]), DefaultCacheBehavior: modern(), DefaultRootObject: 'index.html' },
  'a bucket below a path': {
    Origins: list([{ ...BUCKET, OriginPath: '/live' }]),
    DefaultCacheBehavior: modern(),
  },
  'a bucket in the old words': {
    Origins: list([BUCKET]),
    DefaultCacheBehavior: old(),
    Aliases: list(['a.example.com']),
  },
  'a website endpoint': {
    Origins: list([WEBSITE]),
    DefaultCacheBehavior: old({ ViewerProtocolPolicy: 'https-only' }),
  },
  'a single-page application with an API': {
    Origins: list([BUCKET, SERVER]),
    DefaultCacheBehavior: modern(),
    CacheBehaviors: list([
      modern({
        PathPattern: '/api/*',
        TargetOriginId: 'api',
        AllowedMethods: ALL,
        CachePolicyId: CACHING_DISABLED,
      }),
    ]),
    CustomErrorResponses: PAGES,
  },
  'a server alone, everything forwarded': {
    Origins: list([SERVER]),
    DefaultCacheBehavior: old({
      TargetOriginId: 'api',
      AllowedMethods: ALL,
      ForwardedValues: { ...FORWARDED, QueryString: true, Headers: list(['*']) },
    }),
  },
  'a bucket that gets the Host of the viewer': {
    Origins: list([BUCKET]),
    DefaultCacheBehavior: old({ ForwardedValues: { ...FORWARDED, Headers: list(['Host']) } }),
  },
  'behaviors that cover each other': {
    Origins: list([BUCKET, SERVER]),
    DefaultCacheBehavior: modern({ TargetOriginId: 'api', AllowedMethods: ALL }),
    CacheBehaviors: list([
      modern({ PathPattern: '/static/*.js', ViewerProtocolPolicy: 'allow-all' }),
      modern({ PathPattern: 'static/*', ViewerProtocolPolicy: 'https-only' }),
      modern({
        PathPattern: '/v?/*',
        TargetOriginId: 'api',
        AllowedMethods: { ...list(['HEAD', 'GET', 'OPTIONS']), CachedMethods: list(['HEAD', 'GET']) },
      }),
    ]),
  },
  'an origin group': {
    Origins: list([BUCKET, SERVER]),
    OriginGroups: list([
      {
        Id: 'both',
        FailoverCriteria: { StatusCodes: list([403, 503]) },
        Members: list([{ OriginId: 'site' }, { OriginId: 'api' }]),
      },
    ]),
    DefaultCacheBehavior: modern({ TargetOriginId: 'api' }),
  },
};

const FORMS: Readonly<Record<string, (config: Json) => Buffer>> = {
  bare: (config) => Buffer.from(JSON.stringify(config)),
  envelope: (config) => Buffer.from(JSON.stringify({ ETag: 'E', DistributionConfig: config })),
  'list item': (config) => Buffer.from(JSON.stringify({ Id: 'E1', ARN: 'arn', ...config })),
  'other key': (config) =>
    Buffer.from(JSON.stringify({ DistributionConfigWithTags: { DistributionConfig: config } })),
};

function formed(form: string, config: Json): Buffer {
  const [, kind = '', encoding = ''] = /^(bare|envelope|list item|other key)(?: (.*))?$/.exec(form) ?? [];
  const bytes = FORMS[kind]?.(config) ?? Buffer.alloc(0);
  if (encoding === 'utf-16-le-bom') return Buffer.from(`\ufeff${bytes.toString()}`, 'utf16le');
  return encoding === 'utf-8-bom' ? Buffer.from(`\ufeff${bytes.toString()}`) : bytes;
}

describe('a distribution of a kind that people have', () => {
  it.each(Object.entries(OWN))('%s starts and answers as configured', async (_kind, config) => {
    const outcome = await tryDistribution(formed('envelope', config), config);
    expect([outcome.problems, outcome.differences]).toEqual([[], []]);
    expect(outcome.checks).toBeGreaterThanOrEqual(8);
  });

  it.each(['bare', 'list item', 'other key', 'bare utf-16-le-bom', 'envelope utf-8-bom'])(
    'may lie there as %s',
    async (form) => {
      const config = OWN['a single-page application with an API'] ?? {};
      const outcome = await tryDistribution(formed(form, config), config);
      expect([outcome.problems, outcome.differences]).toEqual([[], []]);
    },
  );

  it('is found out when it answers otherwise', async () => {
    const config = OWN['behaviors that cover each other'] ?? {};
    const other = { ...config, CacheBehaviors: list([]) };
    const { differences } = await tryDistribution(formed('bare', other), config);
    expect(differences).toContain('GET /static/any.js (/static/*.js): 200 from api');
  });
});

if (FOLDER !== undefined) {
  const lines: string[] = [];
  const total = { files: 0, started: 0, checks: 0 };

  describe(`the distributions below ${FOLDER}`, () => {
    it.each(distributionsBelow(FOLDER))(
      '%s starts, or is refused by one line, and answers as configured',
      async (name, bytes, config) => {
        const outcome = await tryDistribution(bytes, config);
        const { problems, checks, differences } = outcome;
        total.files += 1;
        total.checks += checks;
        if (problems.length === 0) total.started += 1;
        for (const line of problems) lines.push(`refused ${name}: ${line}`);
        for (const line of differences) lines.push(`differs ${name}: ${line}`);
        // Several files may be missing, each of which is one mistake.
        const others = problems.filter(
          (line) => !line.includes('expected the answer of `aws cloudfront get-'),
        );
        expect(others.length).toBeLessThanOrEqual(1);
        expect(new Set(problems.map((line) => line.replace(/^[^:]*: /, ''))).size).toBe(problems.length);
        expect(differences).toEqual([]);
      },
      60_000,
    );
  });

  afterAll(() => {
    const said = lines.map((line) => `${line}\n`).join('');
    process.stdout.write(
      `${said}${total.files} files, ${total.started} started, ${total.checks} answers compared\n`,
    );
  });
}

/** Every distribution of a folder, each in every form in which it is said to have lain somewhere. */
function distributionsBelow(folder: string): readonly Entry[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).toSorted();
  return names.flatMap((name): readonly Entry[] => {
    const bytes = /\.jsonl?$/.test(name) ? readFileSync(join(folder, name)) : Buffer.alloc(0);
    if (name.endsWith('.jsonl')) {
      return bytes
        .toString()
        .split('\n')
        .flatMap((line, index) => entriesOf(line, `${name} ${index + 1}`));
    }
    const config = configIn(bytes);
    return config === null ? [] : [[name, bytes, config]];
  });
}

function entriesOf(line: string, name: string): readonly Entry[] {
  const entry = line === '' ? {} : (JSON.parse(line) as Json);
  const config = entry['DistributionConfig'] as Json | undefined;
  const forms = (entry['forms'] as readonly string[] | undefined) ?? ['envelope'];
  return config === undefined ? [] : forms.map((form) => [`${name} (${form})`, formed(form, config), config]);
}

/** The configuration in a file, for what this test expects of it; null in a file of another kind. */
function configIn(bytes: Buffer): Json | null {
  const isUtf16 = bytes[0] === 0xff && bytes[1] === 0xfe;
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString(isUtf16 ? 'utf16le' : 'utf8').replace(/^\ufeff/, ''));
  } catch {
    return null;
  }
  for (const key of ['Distribution', 'DistributionConfig']) {
    const inner = (value as Json | null)?.[key];
    if (inner !== undefined) value = inner;
  }
  const config = value as Json | null;
  return config?.['Origins'] === undefined && config?.['DefaultCacheBehavior'] === undefined ? null : config;
}
