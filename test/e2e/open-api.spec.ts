import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { GrantsService } from '../../src/grants/grants.service.js';
import { Problem } from '../../src/http/problems/problem.js';
import { startTestApi, TEST_AUTHENTICATION, type TestApi } from '../support/api.js';
import { operationsOf, type OpenApiDocument, type Operation } from '../support/open-api.js';

describe('OpenAPI', () => {
  let api: TestApi;
  beforeAll(async () => {
    api = await startTestApi('sqlite');
  });
  afterAll(() => api.close());

  test('it lists exactly the routes that exist', async () => {
    expect(namesOf(await servedBy(api))).toEqual([
      'DELETE /admin/entitlements/{id}',
      'DELETE /grants',
      'GET /admin/entitlements',
      'GET /admin/grants',
      'GET /entitlements',
      'GET /grants',
      'GET /health/live',
      'GET /health/ready',
      'POST /diagnoses',
      'POST /grants',
      'POST /signed-urls',
      'PUT /admin/entitlements',
    ]);
  });

  test('it names every fault of a prefix on each route that reads one', async () => {
    const operations = await servedBy(api);
    const readers = [
      'POST /grants',
      'DELETE /grants',
      'POST /signed-urls',
      'PUT /admin/entitlements',
      'GET /admin/entitlements',
    ];
    for (const reader of readers) {
      const said = operations.find(({ name }) => name === reader)?.responses['400']?.description ?? '';
      for (const code of ['prefix_invalid', 'prefix_too_long', 'prefix_too_deep']) {
        expect(`${reader}: ${said}`).toContain(code);
      }
    }
  });

  test('each operation names what every call may be answered, beside what it says of itself', async () => {
    for (const { path, responses } of await servedBy(api)) {
      const limits = path.startsWith('/health/') ? [] : ['429', '503'];
      const everywhere = ['400', '408', '413', '415', '431', '500', ...limits];
      expect(Object.keys(responses)).toEqual(expect.arrayContaining(everywhere));
      const codes = responses['400']?.description?.match(/`[a-z_]+`/g) ?? [];
      expect(codes).toContain('`request_malformed`');
      expect(new Set(codes).size).toBe(codes.length);
    }
  });

  test('without an admin group the admin routes are not in it', async () => {
    const other = await startTestApi('sqlite', {
      authentication: { ...TEST_AUTHENTICATION, adminGroup: null },
    });
    const names = namesOf(await servedBy(other));
    await other.close();
    expect(names).toContain('GET /grants');
    expect(names.filter((name) => name.includes('/admin/'))).toEqual([]);
  });

  test('it is not served where API_DOCS is off', async () => {
    const silent = await startTestApi('sqlite', { apiDocs: false });
    try {
      expect((await silent.http.get('/openapi.json')).status).toBe(404);
      expect((await silent.http.get('/docs')).status).toBe(404);
    } finally {
      await silent.close();
    }
  });

  test.each(['', '/api'])(
    'an answer below "%s" with a code that it does not name there is found',
    async (basePath) => {
      const other = await startTestApi('sqlite', {
        publicUrl: { origin: 'https://api.example.com', basePath },
      });
      const grants = other.app.get(GrantsService, { strict: false });
      jest.spyOn(grants, 'unexpired').mockRejectedValueOnce(new Problem('ttl_invalid'));
      const answer = await other.http.get(`${basePath}/grants`).set('Authorization', other.bearer());
      expect([answer.status, (answer.body as { code: string }).code]).toEqual([400, 'ttl_invalid']);
      await expect(other.close()).rejects.toThrow('400 ttl_invalid is not documented for GET /grants');
    },
  );
});

async function servedBy(api: TestApi): Promise<readonly Operation[]> {
  return operationsOf((await api.http.get('/openapi.json').expect(200)).body as OpenApiDocument);
}

function namesOf(operations: readonly Operation[]): readonly string[] {
  return operations.map(({ name }) => name).toSorted();
}
