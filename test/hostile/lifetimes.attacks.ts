import { describe, expect, test } from '@jest/globals';
import { NOW_EPOCH_SECONDS, type TestApi } from '../support/api.js';
import { cookieValue, decodeCloudFront, setCookieLines } from '../support/set-cookie-lines.js';

/** Group T of the hostile inputs; the wire text is sent as it stands, because a client would repair it. */
const REFUSED: readonly (readonly [row: string, wire: string, code: string])[] = [
  ['T01', '-1', 'ttl_out_of_range'],
  ['T01', '0', 'ttl_out_of_range'],
  ['T01', '59', 'ttl_out_of_range'],
  ['T03', '3601', 'ttl_out_of_range'],
  ['T04', '3600000', 'ttl_out_of_range'],
  ['T05', '1e308', 'ttl_invalid'],
  ['T06', '1e400', 'ttl_invalid'],
  ['T09', '"60"', 'ttl_invalid'],
  ['T09', '" 60 "', 'ttl_invalid'],
  ['T09', '"0x10"', 'ttl_invalid'],
  ['T09', '"60abc"', 'ttl_invalid'],
  ['T11', 'true', 'ttl_invalid'],
  ['T11', '[60]', 'ttl_invalid'],
  ['T11', '{}', 'ttl_invalid'],
  ['T12', 'null', 'ttl_invalid'],
  ['T13', 'NaN', 'body_malformed'],
  ['half a second', '60.5', 'ttl_invalid'],
];

/** T: lifetimes. */
export function lifetimeAttacks(api: () => TestApi): void {
  const askWith = async (wire: string) => {
    await api().give({ subject: 'user:t', prefix: 'private/a' });
    return api()
      .http.post('/grants')
      .set('Authorization', api().bearer('t'))
      .set('Content-Type', 'application/json')
      .send(`{"prefix":"private/a","ttlSeconds":${wire}}`);
  };
  const epochOf = (response: Awaited<ReturnType<typeof askWith>>) =>
    /"AWS:EpochTime":(\d+)\}/.exec(
      decodeCloudFront(cookieValue(response, 'CloudFront-Policy')).toString(),
    )?.[1];

  describe('is refused and nothing is set', () => {
    test.each(REFUSED)('%s ttlSeconds %s → 400 %s', async (_row, wire, code) => {
      const response = await askWith(wire);

      expect(response.body).toMatchObject({ status: 400, code });
      expect(setCookieLines(response)).toEqual([]);
    });
  });

  describe('is refused with the range and the kind of what came, without its value', () => {
    test.each([
      ['"60abc"', 'a string'],
      ['60.5', 'a fraction'],
      ['1e308', 'a number far outside'],
      ['1e400', 'a number far outside'],
      ['null', 'null'],
      ['true', 'a boolean'],
      ['[60]', 'an array'],
      ['{}', 'an object'],
    ])('ttlSeconds %s → found %s', async (wire, found) => {
      const { body } = await askWith(wire);

      expect(body).toMatchObject({
        code: 'ttl_invalid',
        detail: `ttlSeconds must be a JSON integer from 60 to 3600; found ${found}.`,
      });
    });
  });

  test('T02 the maximum is granted whole, as ten digits of seconds', async () => {
    const response = await askWith('3600');

    expect(epochOf(response)).toBe(String(NOW_EPOCH_SECONDS + 3600));
  });

  test('T15 after January 2038 the epoch still has ten digits and is right', async () => {
    const in2038 = Date.UTC(2038, 0, 20) / 1000;
    api().clock.set(in2038);

    const response = await askWith('900');

    expect(epochOf(response)).toBe(String(in2038 + 900));
    api().clock.set(NOW_EPOCH_SECONDS);
  });
}
