import { expect, it } from '@jest/globals';
import { newRequestId } from './cloudfront-answers.js';

it('the id of a request is 40 bytes in base64url, and no two are alike', () => {
  const ids = Array.from({ length: 250 }, newRequestId);
  const bytes = ids.map((id) => Buffer.from(id, 'base64url'));
  expect(new Set(bytes.map(({ length }) => length))).toEqual(new Set([40]));
  expect(ids).toEqual(bytes.map((one) => `${one.toString('base64url')}==`));
  expect(new Set(ids).size).toBe(250);
});
