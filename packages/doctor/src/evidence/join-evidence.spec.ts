import { describe, expect, test } from '@jest/globals';
import { diagnose } from '../diagnose.js';
import { bareLoad, type Load } from './evidence.js';
import { joinEvidence } from './join-evidence.js';

const NOW = 1_795_000_000_000;
const FOLDER = 'https://cdn.example.com/courses/algebra';

/** Segment number so-and-so of one video, served as it should be. */
function segment(number: number, change: Partial<Load> = {}): Load {
  return {
    ...bareLoad('har', `HAR entry ${number + 1}`, `${FOLDER}/${number}.ts`),
    page: 'https://app.example.com',
    mode: 'cors',
    dest: 'empty',
    requestHeaders: [['origin', 'https://app.example.com']],
    cookies: [],
    status: 200,
    headers: [
      ['access-control-allow-origin', 'https://app.example.com'],
      ['access-control-allow-credentials', 'true'],
      ['x-cache', 'Hit from cloudfront'],
    ],
    atMilliseconds: NOW + number,
    ...change,
  };
}
const segments = (count: number): Load[] => Array.from({ length: count }, (_, number) => segment(number));
const joined = (loads: readonly Load[]) => joinEvidence([{ loads }], { nowMilliseconds: NOW });
/** An answer without what CORS asks for. */
const BARE = { headers: [['x-cache', 'Hit from cloudfront']] } as const;

describe('the loads of a long recording', () => {
  test('are all kept up to 2,000', () => {
    expect(joined(segments(2000)).loads).toHaveLength(2000);
  });

  test('are thinned out to the first twenty and the last twenty that are alike, without a word', () => {
    const { loads, notes } = joined(segments(8000));
    expect(loads.map(({ where }) => where)).toEqual(
      [...segments(20), ...Array.from({ length: 20 }, (_, index) => segment(7980 + index))].map(
        ({ where }) => where,
      ),
    );
    expect(notes).toEqual([]);
  });

  test('keep the one in their midst that is like no other, and what came from its address', () => {
    const all = segments(8000);
    all[4000] = segment(4000, BARE);
    all[5000] = segment(4000, { where: 'HAR entry 5001' });
    const { loads } = joined(all);
    expect(loads.map(({ where }) => where).filter((where) => /^HAR entry [45]/.test(where))).toEqual([
      'HAR entry 4',
      'HAR entry 5',
      'HAR entry 4001',
      'HAR entry 5001',
    ]);
  });

  test('show the fault of one among thousands', () => {
    const all = segments(8000);
    all[4000] = segment(4000, {
      cookies: [{ name: 'session', value: '1' }],
      headers: [
        ['access-control-allow-origin', '*'],
        ['x-cache', 'Hit from cloudfront'],
      ],
    });
    const { rootCause } = diagnose(joined(all));
    expect([rootCause?.id, rootCause?.seen]).toEqual([
      'wildcard-with-credentials',
      [
        `HAR entry 4001: ${FOLDER}/4000.ts answers Access-Control-Allow-Origin: * to https://app.example.com.`,
      ],
    ]);
  });

  test('of which none is like another are cut, with a note that says so', () => {
    const all = Array.from({ length: 8000 }, (_, number) =>
      segment(number, { cookies: [{ name: 'session', value: String(number) }] }),
    );
    const { loads, notes } = joined(all);
    expect(loads).toHaveLength(40);
    expect(notes).toEqual([
      'Of 8000 requests 40 were looked at: hand over a recording of the failing load alone.',
    ]);
  });

  const refused = { ...BARE, status: 403, headers: [['x-cache', 'Error from cloudfront']] } as const;
  test.each<readonly [what: string, change: Partial<Load>]>([
    ['that scripts were refused', refused],
    ['that elements were refused', { ...refused, mode: 'no-cors', dest: 'image' }],
    ['that were served without CORS headers', BARE],
    [
      'that were served with the headers of a wildcard',
      { headers: [['access-control-allow-origin', '*']], cookies: [{ name: 'session', value: '1' }] },
    ],
    [
      'that a console names without a file',
      {
        source: 'console',
        url: `${FOLDER}/seg`,
        headers: null,
        requestHeaders: null,
        reason: 'no-allow-origin',
      },
    ],
  ])('%s are judged without comparing each with each', (_what, change) => {
    const loads = Array.from({ length: 200 }, (_, number) =>
      segment(number, { ...change, ...(change.url === undefined ? {} : { url: `${change.url}${number}` }) }),
    );
    let reads = 0;
    const counted = loads.map(
      (load) =>
        new Proxy(load, {
          get: (target, name) => {
            reads += 1;
            return Reflect.get(target, name) as unknown;
          },
        }),
    );
    diagnose(joined(counted));
    // Some 230 members of each, however many there are: compared with each other it would be 200 more.
    expect(reads / loads.length).toBeLessThan(400);
  });
});
