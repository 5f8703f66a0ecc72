import { describe, expect, test } from '@jest/globals';
import { diagnose } from '../diagnose.js';
import { joinEvidence } from './join-evidence.js';
import { readJar, type JarInput } from './read-jar.js';

const JAR: JarInput = {
  own: [
    {
      prefix: 'courses',
      coversFile: true,
      resource: 'https://cdn.example.com/courses/*',
      domain: 'example.com',
    },
  ],
  foreign: [],
  cookies: [{ name: 'session', value: '1' }],
  apiHost: 'api.example.com',
  cdnHost: 'cdn.example.com',
  nowMilliseconds: 0,
};

function causeOf(change: Partial<JarInput>) {
  const { rootCause } = diagnose(joinEvidence([readJar({ ...JAR, ...change })], { nowMilliseconds: 0 }));
  return rootCause === null ? null : [rootCause.id, ...rootCause.seen];
}

describe('the Domain of a grant that a browser holds', () => {
  test('is right where the API lies below it and the CDN too', () => {
    expect(causeOf({})).toBeNull();
  });

  test('is that of another host where the API does not lie below it', () => {
    expect(causeOf({ apiHost: 'localhost' })).toEqual([
      'domain-of-another-host',
      'The grant for courses that this browser holds set cookies with Domain=example.com; the call came to localhost, which does not lie below it.',
    ]);
  });

  test('is not judged by the API where its host is not known', () => {
    expect(causeOf({ apiHost: null })).toBeNull();
  });

  test('is as good as no grant where it does not reach the CDN', () => {
    expect(causeOf({ apiHost: null, cdnHost: 'cdn.example.net' })).toEqual([
      'grant-missing',
      'The grant for courses that this browser holds set cookies with Domain=example.com, which does not reach cdn.example.net.',
    ]);
  });

  test('is nothing to judge where the cookies are host-only', () => {
    const own = JAR.own.map((grant) => ({ ...grant, domain: null }));
    expect(causeOf({ own, cdnHost: 'api.example.com' })).toBeNull();
  });
});
