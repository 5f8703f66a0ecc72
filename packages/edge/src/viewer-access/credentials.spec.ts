import { describe, expect, it } from '@jest/globals';
import { decodeCloudFrontBase64 } from './credentials.js';

const decode = (value: string) => decodeCloudFrontBase64(value)?.toString('hex') ?? null;

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
});
