import { describe, expect, test } from '@jest/globals';
import { startTestEdge } from '../support/edge-fixture.js';

describe('the refusal line of the edge', () => {
  test('says what the headers of the browser tell', async () => {
    const edge = await startTestEdge();
    await edge.ask('/a.woff2', {
      headers: ['Sec-Fetch-Mode: cors', 'Sec-Fetch-Dest: font', 'Sec-Fetch-Site: same-site'],
    });
    expect(await edge.firstLine).toBe(
      'edge refused 403 GET cdn.example.com "/a.woff2" code=MissingKey reason=key-pair-id-missing behavior="*" seen="a font, asked in CORS mode without credentials: docs/doctor/cookies-sent.md#font"',
    );
  });
});
