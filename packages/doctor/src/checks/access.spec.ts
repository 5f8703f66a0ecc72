import { describe, expect, test } from '@jest/globals';
import { diagnose } from '../diagnose.js';
import { bareLoad, type ConfigurationFact, type Load } from '../evidence/evidence.js';
import { joinEvidence } from '../evidence/join-evidence.js';

const NOW_MILLISECONDS = 1_795_000_000_000;
const ENDS = { DateLessThan: { 'AWS:EpochTime': 1_795_000_900 } };
const statement = (condition: object = ENDS) => ({
  Resource: 'https://cdn.example.com/a/*',
  Condition: condition,
});
const policy = (...statements: readonly object[]) => JSON.stringify({ Statement: statements });
const base64 = (text: string) => Buffer.from(text).toString('base64');
/** Base64 as CloudFront takes it (R4). */
const encoded = (text: string) => base64(text).replaceAll('+', '-').replaceAll('=', '_').replaceAll('/', '~');

function request(value: string, change: Partial<Load> = {}): Load {
  const cookies = [
    { name: 'CloudFront-Policy', value },
    { name: 'CloudFront-Signature', value: 'c2lnbmF0dXJl' },
    { name: 'CloudFront-Key-Pair-Id', value: 'K2JCJMDEHXQW5F' },
  ];
  return {
    ...bareLoad('har', 'HAR entry 1', 'https://cdn.example.com/a/1.png'),
    page: 'https://app.example.com',
    mode: 'no-cors',
    dest: 'image',
    cookies,
    status: 403,
    headers: [['Server', 'CloudFront']],
    failed: true,
    ...change,
  };
}

function diagnosisOf(load: Load, configuration: readonly ConfigurationFact[] = []) {
  return diagnose(joinEvidence([{ loads: [load], configuration }], { nowMilliseconds: NOW_MILLISECONDS }));
}

describe('a policy that CloudFront cannot read', () => {
  const padded = policy({ ...statement(), Sid: 'ä?>ä?>' });

  test.each([
    ['ordinary base64 with its = and +', base64(`${padded} `), 'that cannot be decoded'],
    ['base64 with percent signs', encodeURIComponent(base64(`${padded} `)), 'that cannot be decoded'],
    ['base64url', base64(padded).replaceAll('+', '-').replaceAll('/', '_'), 'that cannot be decoded'],
    ['the JSON itself', policy(statement()), 'that cannot be decoded'],
    ['JSON with a fault', encoded(policy(statement()).replace(':', '=')), 'that cannot be decoded'],
    [
      'a bare object as Statement',
      encoded(JSON.stringify({ Statement: statement() })),
      'that cannot be decoded',
    ],
    ['two statements', encoded(policy(statement(), statement())), 'with 2 statements'],
    ['no DateLessThan', encoded(policy(statement({}))), 'without an end: no number in DateLessThan'],
    [
      'a date in quotes',
      encoded(policy(statement({ DateLessThan: { 'AWS:EpochTime': '1795000900' } }))),
      'without an end: no number in DateLessThan',
    ],
  ])('is shown by %s', (_how, value, fault) => {
    const { rootCause } = diagnosisOf(request(value));
    expect(rootCause).toMatchObject({
      id: 'policy-malformed',
      seen: [`HAR entry 1: https://cdn.example.com/a/1.png carried a policy ${fault}.`],
    });
  });

  test.each([
    ['that is right', encoded(policy(statement()))],
    ['that a recorder took out', ''],
    ['in whose place a recorder put a word', '[redacted]'],
    ['in whose place a recorder put letters', 'REDACTED'],
    [
      'in whose place a recorder put a digest',
      '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
    ],
    ['that a recorder cut', encoded(policy(statement())).slice(0, 40)],
    ['that a recorder cut with dots', `${encoded(policy(statement())).slice(0, 40)}...`],
  ])('is not shown by one %s', (_how, value) => {
    expect(diagnosisOf(request(value)).findings.filter(({ id }) => id === 'policy-malformed')).toEqual([
      { id: 'policy-malformed', status: 'ok', catalogue: [], seen: [], consequenceOf: null },
    ]);
  });

  test('is not shown where CloudFront names another reason', () => {
    const errorBody = '<Error><Code>InvalidKey</Code><Message>Unknown Key</Message></Error>';
    expect(diagnosisOf(request(policy(statement()), { errorBody })).rootCause?.id).toBe('key-not-trusted');
  });
});

describe('a policy that is bound to an IPv4 range', () => {
  const value = encoded(policy(statement({ ...ENDS, IpAddress: { 'AWS:SourceIp': '192.0.2.0/24' } })));
  const ipv6: ConfigurationFact = {
    kind: 'ipv6-enabled',
    where: 'distribution, IsIPV6Enabled',
    text: 'The distribution answers viewers on IPv6.',
  };
  const served = request(value, { status: 200, failed: false });

  test('is the cause of a refusal, with the setting that IPv6 is on by', () => {
    expect(diagnosisOf(request(value), [ipv6]).rootCause).toMatchObject({
      id: 'bound-to-an-address',
      seen: ['HAR entry 1: https://cdn.example.com/a/1.png has a policy for 192.0.2.0/24 alone.'],
      fix: { where: 'distribution, IsIPV6Enabled' },
    });
  });

  test('is warned about where the distribution answers on IPv6', () => {
    const { rootCause, findings } = diagnosisOf(served, [ipv6]);
    expect(rootCause).toBeNull();
    expect(findings.filter(({ status }) => status !== 'ok')).toEqual([
      {
        id: 'bound-to-an-address',
        status: 'warn',
        catalogue: [],
        seen: [
          'HAR entry 1: https://cdn.example.com/a/1.png has a policy for 192.0.2.0/24 alone. The distribution answers viewers on IPv6.',
        ],
        consequenceOf: null,
      },
    ]);
  });

  test('is no warning where it does not', () => {
    expect(diagnosisOf(served).findings.filter(({ status }) => status !== 'ok')).toEqual([]);
  });
});

describe('a signature that CloudFront does not take', () => {
  const right = encoded(policy(statement()));
  const refused = (headers: readonly (readonly [string, string])[], change: Partial<Load> = {}) =>
    diagnosisOf(request(right, { headers: [['Server', 'CloudFront'], ...headers], ...change }));
  const denied = '<Error><Code>AccessDenied</Code><Message>Access denied</Message></Error>';
  /** CloudFront's answer of the code AccessDenied, its body not shown. */
  const deniedBytes = ['Content-Length', '110'] as const;

  test('is what is left of AccessDenied where the policy is right', () => {
    expect(refused([], { errorBody: denied }).rootCause).toMatchObject({
      id: 'signature-wrong',
      seen: [
        'HAR entry 1: https://cdn.example.com/a/1.png answered AccessDenied, and its policy covers the file and has not ended.',
      ],
    });
    expect(refused([deniedBytes]).rootCause?.id).toBe('signature-wrong');
  });

  test('is not named where the code is not known, and is among what is left', () => {
    const { rootCause, alsoPossible } = refused([]);
    expect(rootCause).toBeNull();
    expect(alsoPossible.map(({ id }) => id)).toContain('signature-wrong');
  });

  test.each([
    ['has ended by the Date of the answer', right, [['Date', new Date(1_795_000_901_000).toUTCString()]]],
    [
      'begins later',
      encoded(policy(statement({ ...ENDS, DateGreaterThan: { 'AWS:EpochTime': 1_795_000_100 } }))),
      [],
    ],
    [
      'covers another folder',
      encoded(policy({ ...statement(), Resource: 'https://cdn.example.com/b/*' })),
      [],
    ],
    [
      'is bound to a network',
      encoded(policy(statement({ ...ENDS, IpAddress: { 'AWS:SourceIp': '192.0.2.0/24' } }))),
      [],
    ],
  ] as const)('is not named where the policy %s', (_how, value, headers) => {
    const load = request(value, { headers: [['Server', 'CloudFront'], deniedBytes, ...headers] });
    expect(diagnosisOf(load).findings.find(({ id }) => id === 'signature-wrong')?.status).toBe('ok');
  });
});
