import { expect, test } from '@jest/globals';
import { ReceivedCookies } from './received-cookies.js';

const END = 1_800_000_900;
const resource = 'https://cdn.media.example.com/courses/1/*';

function received(viewer: string, id: string | null) {
  const policy = JSON.stringify({
    Statement: [{ Resource: resource, Condition: { DateLessThan: { 'AWS:EpochTime': END } } }],
  });
  const value = Buffer.from(policy)
    .toString('base64')
    .replaceAll('+', '-')
    .replaceAll('=', '_')
    .replaceAll('/', '~');
  return { viewer, setCookies: [`CloudFront-Policy=${value}; Path=/courses/1`], id };
}

/** The join of what was received with the rows. */
function withoutRow(receipts: readonly ReturnType<typeof received>[], rows: readonly object[]) {
  const cookies = new ReceivedCookies();
  for (const { viewer, setCookies, id } of receipts) cookies.receive(viewer, setCookies).id = id;
  const whole = rows.map((row) => ({
    id: 'g1',
    viewer: 'u1',
    resource,
    expiresAtEpochSeconds: END,
    ...row,
  }));
  return cookies.withoutRow(whole).map(({ viewer, id }) => [viewer, id]);
}

test('a cookie set is found in the row of its grant', () => {
  expect(withoutRow([received('u1', 'g1')], [{}])).toEqual([]);
});

test.each([
  ['no row', []],
  ['a row of another id', [{ id: 'g2' }]],
  ['a row of another viewer', [{ viewer: 'u2' }]],
  ['a row of another resource', [{ resource: 'https://cdn.media.example.com/*' }]],
  ['a row that ends earlier', [{ expiresAtEpochSeconds: END - 1 }]],
])('a cookie set with %s is without a row', (_what, rows) => {
  expect(withoutRow([received('u1', 'g1')], rows)).toEqual([['u1', 'g1']]);
});

test('a cookie set whose body never came is found in a row that no other one has', () => {
  const receipts = [received('u1', null), received('u1', 'g1')];
  expect(withoutRow(receipts, [{}, { id: 'g2' }])).toEqual([]);
  expect(withoutRow(receipts, [{}])).toEqual([['u1', null]]);
});

test('two cookie sets of one grant are one too many', () => {
  expect(withoutRow([received('u1', 'g1'), received('u1', 'g1')], [{}])).toEqual([['u1', 'g1']]);
});
