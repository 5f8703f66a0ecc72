import { describe, expect, it } from '@jest/globals';
import { rangeHolds, readIpv4Range, readPolicy } from './policy.js';

const read = (text: string | Buffer) => readPolicy(Buffer.from(text));

const statement = (condition: string, more = '') =>
  `{"Statement":[{"Resource":"https://h/*",${more}"Condition":{${condition}}}]}`;
const until = '"DateLessThan":{"AWS:EpochTime":1795000000}';

const FULL = {
  resource: 'https://h/*',
  dateLessThan: 1795000000n,
  dateGreaterThan: null,
  sourceIp: null,
};

describe('the text of a custom policy', () => {
  it('gives its Resource and dates (R14, R15)', () => {
    expect(read(statement(until))).toEqual(FULL);
  });

  it('may order its conditions freely (R14)', () => {
    const condition = `"IpAddress":{"AWS:SourceIp":"192.0.2.0/24"},"DateGreaterThan":{"AWS:EpochTime":5},${until}`;
    expect(read(statement(condition))).toEqual({
      ...FULL,
      dateGreaterThan: 5n,
      sourceIp: { network: 3221225984, maskBits: 24 },
    });
  });

  it('may hold JSON whitespace outside strings (R11)', () => {
    const text = '{\r\n "Statement": [\n\t{ "Resource":"https://h/*", "Condition" : {' + until + ' } } ] }\n';
    expect(read(text)).toEqual(FULL);
  });

  it('may leave the Resource out (R16)', () => {
    expect(read(`{"Statement":[{"Condition":{${until}}}]}`)).toEqual({ ...FULL, resource: null });
  });

  it('may end at the last second of 64 bits (R29)', () => {
    expect(read(statement('"DateLessThan":{"AWS:EpochTime":9223372036854775807}'))).toEqual({
      ...FULL,
      dateLessThan: 9223372036854775807n,
    });
  });

  it('may name members that CloudFront does not know, outside the conditions (R14)', () => {
    const text = statement(until, '"Effect":"Allow","Sid":"x",').replace('{"S', '{"Version":"2012-10-17","S');
    expect(read(text)).toEqual(FULL);
  });

  it.each([
    ['no JSON (R54)', 'not json', 'policy-not-json'],
    ['bytes that are no UTF-8 (R14)', Buffer.from([0x7b, 0xff, 0x7d]), 'policy-not-json'],
    ['a byte order mark', `\ufeff${statement(until)}`, 'policy-not-json'],
    ['a trailing comma', '{"Statement":[],}', 'policy-not-json'],
    ['a comment', `/**/${statement(until)}`, 'policy-not-json'],
    ['a control character in a string', statement(until).replace('https', 'ht\u0001tps'), 'policy-not-json'],
    ['an array at the top', '[]', 'object-expected'],
    ['no Statement (R12)', '{}', 'statement-missing'],
    ['no statement (R12)', '{"Statement":[]}', 'not-exactly-one-statement'],
    ['Statement as an object (R13)', `{"Statement":{"Condition":{${until}}}}`, 'statement-is-an-object'],
    ['lower-case names (R14)', statement(until).replace('Statement', 'statement'), 'statement-missing'],
    ['no DateLessThan (R15)', statement(''), 'date-less-than-missing'],
    ['no Condition (R15)', '{"Statement":[{"Resource":"https://h/*"}]}', 'object-expected'],
    [
      'two Resources in an array (R17)',
      statement(until).replace('"https://h/*"', '["a","b"]'),
      'resource-not-one-string',
    ],
    [
      'a quoted epoch (R28)',
      statement('"DateLessThan":{"AWS:EpochTime":"1795000000"}'),
      'epoch-not-an-integer-of-seconds',
    ],
    [
      'a fraction',
      statement('"DateLessThan":{"AWS:EpochTime":1795000000.5}'),
      'epoch-not-an-integer-of-seconds',
    ],
    ['an exponent', statement('"DateLessThan":{"AWS:EpochTime":1795e6}'), 'epoch-not-an-integer-of-seconds'],
    ['a negative epoch', statement('"DateLessThan":{"AWS:EpochTime":-1}'), 'epoch-not-an-integer-of-seconds'],
    [
      'more than 64 bits (R29)',
      statement('"DateLessThan":{"AWS:EpochTime":9223372036854775808}'),
      'epoch-not-an-integer-of-seconds',
    ],
    ['an unknown condition (R14)', statement(`${until},"StringLike":{"x":"y"}`), 'unknown-member'],
    ['an unknown member of a date', statement('"DateLessThan":{"AWS:EpochTime":1,"x":2}'), 'unknown-member'],
    [
      'a bare IPv4 address (R31)',
      statement(`${until},"IpAddress":{"AWS:SourceIp":"192.0.2.1"}`),
      'source-ip-not-one-ipv4-range',
    ],
    [
      'an IPv6 range (R31)',
      statement(`${until},"IpAddress":{"AWS:SourceIp":"2001:db8::/32"}`),
      'source-ip-not-one-ipv4-range',
    ],
    [
      'a list of addresses (R31)',
      statement(`${until},"IpAddress":{"AWS:SourceIp":["192.0.2.1/32"]}`),
      'source-ip-not-one-ipv4-range',
    ],
    ['nesting without end', '['.repeat(20_000), 'policy-not-json'],
  ])('is malformed with %s', (_what, text, fault) => {
    expect(read(text)).toEqual({ fault });
  });

  it('is malformed with two statements (R12, E05)', () => {
    const one = `{"Resource":"https://h/*","Condition":{${until}}}`;
    expect(read(`{"Statement":[${one},${one}]}`)).toEqual({ fault: 'not-exactly-one-statement' });
  });

  it('is malformed with two Resource members (R14, E09)', () => {
    const text = statement(until, '"Resource":"https://h/private/*",');
    expect(read(text)).toEqual({ fault: 'duplicate-member' });
  });

  it.each([
    ['two Statements', `{"Statement":[],"Statement":[{"Resource":"x","Condition":{${until}}}]}`],
    ['a name written in two ways', statement(until, '"\\u0052esource":"https://h/private/*",')],
    ['a date that stands twice', statement(`${until},${until}`)],
    ['two epochs in one date', statement('"DateLessThan":{"AWS:EpochTime":1,"AWS:EpochTime":2}')],
    ['a pair inside a member that is ignored', statement(until, '"Note":[{"a":1,"a":2}],')],
  ])('is malformed with %s (R14)', (_what, text) => {
    expect(read(text)).toEqual({ fault: 'duplicate-member' });
  });

  it('may hold colons, quotes and backslashes in its texts', () => {
    const resource = 'https://h:3002/a"b:\\c/*';
    const text = statement(until, `"Note":{":":"a\\":b"},`).replace(
      '"https://h/*"',
      JSON.stringify(resource),
    );
    expect(read(text)).toEqual({ ...FULL, resource });
  });

  it('may give its dates in milliseconds, which are seconds in the far future (R29)', () => {
    expect(read(statement('"DateLessThan":{"AWS:EpochTime":1795000000000}'))).toEqual({
      ...FULL,
      dateLessThan: 1795000000000n,
    });
  });
});

const holds = (range: string, address: string) => {
  const read = readIpv4Range(range);
  return read === null ? 'unreadable' : rangeHolds(read, address);
};

describe('the IpAddress condition (R31)', () => {
  it.each([
    ['192.0.2.7/32', '192.0.2.7', true],
    ['192.0.2.7/32', '192.0.2.8', false],
    ['192.0.2.0/24', '192.0.2.255', true],
    ['192.0.2.0/24', '192.0.3.0', false],
    ['192.0.2.77/24', '192.0.2.1', true],
    ['0.0.0.0/0', '255.255.255.255', true],
    ['128.0.0.0/1', '200.0.0.1', true],
    ['128.0.0.0/1', '127.0.0.1', false],
    ['127.0.0.1/32', '::ffff:127.0.0.1', true],
    ['0.0.0.0/0', '::1', null],
    ['0.0.0.0/0', '2001:db8::1', null],
  ])('%s for a viewer at %s: %s', (range, address, expected) => {
    expect(holds(range, address)).toBe(expected);
  });

  it.each([
    '192.0.2.7',
    '192.0.2.0/33',
    '192.0.2.0/',
    '192.0.2.0/024',
    '192.0.2.0/-1',
    '192.0.2/24',
    '192.0.2.256/32',
    '::1/128',
    '192.0.2.1/32,192.0.2.2/32',
    '*',
    '',
  ])('%j is no range', (range) => {
    expect(readIpv4Range(range)).toBeNull();
  });
});
