import { describe, expect, test } from '@jest/globals';
import { startTestApi, TEST_AUTHENTICATION } from '../support/api.js';

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

describe('OpenAPI', () => {
  test('it lists exactly the routes that exist', async () => {
    expect(await operationsOf({})).toEqual([
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
    const api = await startTestApi('sqlite');
    try {
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
    } finally {
      await api.close();
    }
  });

  test('each operation names what every call may be answered, beside what it says of itself', async () => {
    const api = await startTestApi('sqlite');
    try {
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
    } finally {
      await api.close();
    }
  });

  test('without an admin group the admin routes are not in it', async () => {
    const operations = await operationsOf({ authentication: { ...TEST_AUTHENTICATION, adminGroup: null } });
    expect(operations.filter((operation) => operation.includes('/admin/'))).toEqual([]);
  });

  test('it is not served where API_DOCS is off', async () => {
    const api = await startTestApi('sqlite', { apiDocs: false });
    try {
      await api.http.get('/openapi.json').expect(404);
      await api.http.get('/docs').expect(404);
    } finally {
      await api.close();
    }
  });
});

async function operationsOf(changes: Parameters<typeof startTestApi>[1]): Promise<readonly string[]> {
  const api = await startTestApi('sqlite', changes);
  try {
    const { paths } = (await api.http.get('/openapi.json').expect(200)).body as Document;
    return Object.entries(paths)
      .flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`))
      .toSorted();
  } finally {
    await api.close();
  }
}
