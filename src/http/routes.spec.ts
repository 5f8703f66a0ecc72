import { describe, expect, it } from '@jest/globals';
import { RouteTable } from './routes.js';

const table = new RouteTable();
table.add('GET', '/grants');
table.add('POST', '/grants');
table.add('DELETE', '/admin/entitlements/:id');
table.add('GET', '/docs');
table.addFolder('/docs');

function refusal(method: string, path: string): string {
  const problem = table.refusal(method, path);
  return problem === undefined ? 'taken' : [problem.code, problem.headers['Allow']].filter(Boolean).join(' ');
}

describe('the table of routes', () => {
  it.each([
    ['GET', '/grants', 'taken'],
    ['HEAD', '/grants', 'taken'],
    ['PATCH', '/grants', 'method_not_allowed GET, HEAD, POST'],
    ['DELETE', '/admin/entitlements/x', 'taken'],
    ['DELETE', '/admin/entitlements/a%20b', 'taken'],
    ['GET', '/admin/entitlements/x', 'method_not_allowed DELETE'],
    ['DELETE', '/admin/entitlements/%zz', 'request_malformed'],
    ['GET', '/docs/swagger-ui.css', 'taken'],
    ['POST', '/docs/swagger-ui.css', 'method_not_allowed GET, HEAD'],
  ])('%s %s: %s', (method, path, answer) => {
    expect(refusal(method, path)).toBe(answer);
  });

  it.each([
    '/grants/',
    '/GRANTS',
    '//grants',
    '/grants/x',
    '/admin/entitlements',
    '/admin/entitlements/',
    '/admin/Entitlements/x',
    '/admin/entitlements/x/',
    '/admin/entitlements/x/y',
    '/docsx',
    '/',
  ])('an address has one spelling: %s is none', (path) => {
    expect(refusal('DELETE', path)).toBe('not_found');
  });

  it('lists what it has', () => {
    expect(table.list()).toEqual([
      'GET /grants',
      'HEAD /grants',
      'POST /grants',
      'GET /docs',
      'HEAD /docs',
      'DELETE /admin/entitlements/:id',
    ]);
  });
});
