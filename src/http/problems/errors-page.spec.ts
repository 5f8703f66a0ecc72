import { describe, expect, it } from '@jest/globals';
import { read, writtenFiles } from '../../../test/conventions/project-files.js';
import { errorsPage } from './errors-page.js';
import { PROBLEM_CODES } from './problem-codes.js';
import { PROBLEM_PAGES } from './problem-pages.js';

/** Written down a second time: callers compare these names, so none changes by mistake. */
const CODES = `400 request_malformed body_malformed duplicate_key field_unknown prefix_required prefix_invalid
 prefix_too_long prefix_too_deep ttl_invalid ttl_out_of_range path_invalid url_not_allowed subject_invalid
 period_invalid page_invalid user_unknown
401 token_missing token_invalid token_expired token_not_yet_valid
403 not_entitled csrf_rejected admin_required
404 not_found
405 method_not_allowed
408 request_timeout
413 body_too_large
415 media_type_unsupported
429 rate_limited
431 headers_too_large
500 internal
503 database_unavailable audit_unavailable keys_unavailable clock_untrusted overloaded`;

describe('the closed list of codes', () => {
  it('is the one that callers know, each with its status', () => {
    const expected = CODES.replaceAll('\n ', ' ')
      .split('\n')
      .flatMap((line) => {
        const [status, ...codes] = line.split(/\s+/);
        return codes.map((code) => [code, Number(status)]);
      });
    expect(Object.entries(PROBLEM_CODES).map(([code, { status }]) => [code, status])).toStrictEqual(expected);
  });

  it('has a page a code, in docs/errors.md in its order', () => {
    const sections = [...errorsPage().matchAll(/^## (\w+)$/gm)].map(([, code]) => code);
    expect(sections).toStrictEqual(Object.keys(PROBLEM_CODES));
    expect(Object.keys(PROBLEM_PAGES).toSorted()).toStrictEqual(Object.keys(PROBLEM_CODES).toSorted());
  });

  it.each([
    ['is answered by the service', /^src\/(?!http\/problems\/problem-(?:codes|pages)).*(?<!spec)\.ts$/],
    ['is reached by a test', /^(?:src|test|packages)\/(?!.*errors-page).*\.(?:spec|steps)\.ts$/],
  ])('has none but what %s', (_, files) => {
    const texts = writtenFiles()
      .filter((path) => files.test(path))
      .map(read);
    const named = (code: string) => texts.some((text) => new RegExp(`\\b${code}\\b`).test(text));
    expect(Object.keys(PROBLEM_CODES).filter((code) => !named(code))).toEqual([]);
  });
});
