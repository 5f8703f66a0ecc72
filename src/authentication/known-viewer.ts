import type { IncomingMessage } from 'node:http';
import { Problem } from '../http/problems/problem.js';
import type { AccessTokenVerifier } from './access-token.verifier.js';
import { presentedToken } from './presented-token.js';
import type { Viewer } from './viewer.js';
import type { SignInPolicy } from './viewer.guard.js';

/**
 * Who calls, where a call may also come from nobody, as a sign-out does: `null` for whatever `ViewerGuard`
 * would refuse.
 */
export async function knownViewer(
  request: Pick<IncomingMessage, 'headers' | 'headersDistinct'>,
  verifier: AccessTokenVerifier,
  policy: Pick<SignInPolicy, 'tokenCookie'>,
): Promise<Viewer | null> {
  try {
    return await verifier.verify(presentedToken(request, policy.tokenCookie).token);
  } catch (error) {
    if (error instanceof Problem) return null;
    throw error;
  }
}
