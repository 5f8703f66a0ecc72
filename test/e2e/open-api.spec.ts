import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startTestApi, TEST_AUTHENTICATION, type TestApi } from '../support/api.js';

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

describe('OpenAPI', () => {
  let api: TestApi;
  beforeAll(async () => {
    api = await startTestApi('sqlite');
  });
  afterAll(() => api.close());

  test('it lists exactly the routes that exist', async () => {
    expect(await operationsOf(api)).toEqual([
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
    const { paths } = (await api.http.get('/openapi.json').expect(200)).body as {
      paths: Record<string, Record<string, { responses: Record<string, { description: string }> }>>;
    };
    const readers = [
      ['/grants', 'post'],
      ['/grants', 'delete'],
      ['/signed-urls', 'post'],
      ['/admin/entitlements', 'put'],
      ['/admin/entitlements', 'get'],
    ] as const;
    for (const [path, method] of readers) {
      const said = paths[path]?.[method]?.responses['400']?.description ?? '';
      for (const code of ['prefix_invalid', 'prefix_too_long', 'prefix_too_deep']) {
        expect(`${method} ${path}: ${said}`).toContain(code);
      }
    }
  });

  test('each operation names what every call may be answered, beside what it says of itself', async () => {
    const { paths } = (await api.http.get('/openapi.json').expect(200)).body as {
      paths: Record<string, Record<string, { responses: Record<string, { description: string }> }>>;
    };
    for (const [path, operations] of Object.entries(paths)) {
      for (const { responses } of Object.values(operations)) {
        const limits = path.startsWith('/health/') ? [] : ['429', '503'];
        const everywhere = ['400', '408', '413', '415', '431', '500', ...limits];
        expect(Object.keys(responses)).toEqual(expect.arrayContaining(everywhere));
        const codes = responses['400']?.description.match(/`[a-z_]+`/g) ?? [];
        expect(codes).toContain('`request_malformed`');
        expect(new Set(codes).size).toBe(codes.length);
      }
    }
  });

  test('without an admin group the admin routes are not in it', async () => {
    const other = await startTestApi('sqlite', {
      authentication: { ...TEST_AUTHENTICATION, adminGroup: null },
    });
    const operations = await operationsOf(other);
    await other.close();
    expect(operations.filter((operation) => operation.includes('/admin/'))).toEqual([]);
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
});

async function operationsOf(api: TestApi): Promise<readonly string[]> {
  const { paths } = (await api.http.get('/openapi.json').expect(200)).body as Document;
  return Object.entries(paths)
    .flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`))
    .toSorted();
}
