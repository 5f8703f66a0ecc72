import { describe, expect, it } from '@jest/globals';
import { decodeCloudFrontBase64 } from './encoding.js';

const decode = (value: string, unpaddedBase64: 'accept' | 'refuse' = 'accept') =>
  decodeCloudFrontBase64(value, { unpaddedBase64 })?.toString('hex') ?? null;

describe("CloudFront's base64", () => {
  it('writes - _ ~ for + = / (R4)', () => {
    expect(decode('--~~')).toBe('fbefff');
    expect(decode('~w__')).toBe('ff');
    expect(decode('~~8_')).toBe('ffff');
  });

  it.each([
    ['the + of the ordinary alphabet', 'AA+A'],
    ['the / of the ordinary alphabet', 'AA/A'],
    ['ordinary padding', '/w=='],
    ['a blank', 'AA AA'],
    ['a line break', 'AAAA\nAAAA'],
    ['base64url padding', '_w__'],
    ['padding in the middle', 'A_AA'],
    ['three paddings', 'A___'],
    ['too much padding', 'AAA__'],
    ['an impossible length', 'AAAAA'],
    ['nothing', ''],
    ['percent escapes', '%7E%7E8_'],
    ['the text undefined', 'undefined'],
  ])('refuses %s (R4, R5, E04)', (_what, value) => {
    expect(decode(value)).toBeNull();
  });

  it('may lack its padding (R5)', () => {
    expect(decode('~w')).toBe('ff');
    expect(decode('~~8')).toBe('ffff');
  });

  it('may not lack its padding under unpaddedBase64=refuse (R5, E04)', () => {
    expect(decode('~w', 'refuse')).toBeNull();
    expect(decode('~w__', 'refuse')).toBe('ff');
    expect(decode('AAAA', 'refuse')).toBe('000000');
  });
});
