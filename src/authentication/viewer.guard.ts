import type { IncomingMessage } from 'node:http';
import { Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { ACCESS_TOKEN_VERIFIER, type AccessTokenVerifier } from './access-token.verifier.js';
import { assertNotForged } from './forgery-check.js';
import { presentedToken } from './presented-token.js';
import { rememberViewer } from './request-viewer.js';
import { SIGN_IN_POLICY, type SignInPolicy } from './sign-in-policy.js';

/**
 * Lets only signed-in callers pass; `viewerOf(request)` then says who it is. Throws the problems
 * `token_…`, `keys_unavailable`, `clock_untrusted`, and `csrf_rejected` for an unsafe call that only a cookie signed in.
 */
@Injectable()
export class ViewerGuard implements CanActivate {
  constructor(
    @Inject(ACCESS_TOKEN_VERIFIER) private readonly verifier: AccessTokenVerifier,
    @Inject(SIGN_IN_POLICY) private readonly policy: SignInPolicy,
  ) {}

  async canActivate(context: ExecutionContext): Promise<true> {
    const request = context.switchToHttp().getRequest<IncomingMessage>();
    const { token, from } = presentedToken(request, this.policy.tokenCookie);
    const viewer = await this.verifier.verify(token);
    // Before the check: the audit log says in whose name a foreign page tried.
    rememberViewer(request, viewer);
    // A header is never attached by a browser on its own, so a foreign page cannot forge that call (S08).
    if (from === 'cookie') assertNotForged(request, { ...this.policy, withoutBrowserHeaders: 'refuse' });
    return true;
  }
}
