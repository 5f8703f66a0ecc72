import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { problemAnswered } from '../../src/http/problems/answer-problem.js';
import type { Settings } from '../../src/settings/settings.js';
import { faultOfCode, operationsOf, publishedDocument, type Operation } from './open-api.js';

const DOCUMENTED = operationsOf(publishedDocument());

/** The operations of such a deployment: below the path of its address, those of admins only where it has any. */
export function documentedFor({ authentication, publicUrl }: Settings): readonly Operation[] {
  const { adminGroup } = authentication;
  return DOCUMENTED.filter(({ path }) => adminGroup !== null || !path.startsWith('/admin/')).map(
    (operation) => ({ ...operation, path: `${publicUrl.basePath}${operation.path}` }),
  );
}

/** Hears of each problem that is answered with a code which docs/openapi.json does not name for its route and status. */
export function watchCodes(
  server: Server,
  documented: readonly Operation[],
  onFault: (line: string) => void,
): void {
  server.prependListener('request', (request: IncomingMessage, response: ServerResponse) => {
    const { method = '', url: target = '' } = request;
    response.once('finish', () => {
      const problem = problemAnswered(request);
      if (problem === null) return;
      const { status, code } = problem;
      const fault = faultOfCode(documented, { method, target, status, code });
      if (fault !== null) onFault(fault);
    });
  });
}
