import { expect, test } from '@jest/globals';
import { hostileStory } from './stage.js';

hostileStory('B: bodies, media types, methods, routes', (stage) => {
  test.each([
    ['B09', 'text/plain'],
    ['B11', 'application/x-www-form-urlencoded'],
    ['B13', 'application/json; charset=utf-16'],
  ])('%s %s is 415, whatever the body says', async (_row, type) => {
    const answer = await stage().call('POST', '/grants', {
      headers: { Authorization: stage().bearer('u1'), 'Content-Type': type },
      body: '{"prefix":"private/a"}',
    });
    expect(answer.status).toBe(415);
  });
});
