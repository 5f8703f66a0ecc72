import type { IncomingMessage } from 'node:http';
import { Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Problem } from '../http/problems/problem.js';
import { viewerOf } from './request-viewer.js';
import { SIGN_IN_POLICY, type SignInPolicy } from './sign-in-policy.js';
import { ViewerGuard } from './viewer.guard.js';

/**
 * Lets only members of the admin group pass; signs the caller in itself, so a route needs no second
 * guard. Without an admin group every admin route answers `not_found`, whoever asks and before any
 * token is read. Throws what {@link ViewerGuard} throws, and `admin_required`.
 */
@Injectable()
export class AdminGuard implements CanActivate {
  constructor(
    @Inject(ViewerGuard) private readonly viewerGuard: ViewerGuard,
    @Inject(SIGN_IN_POLICY) private readonly policy: SignInPolicy,
  ) {}

  async canActivate(context: ExecutionContext): Promise<true> {
    const { adminGroup } = this.policy;
    if (adminGroup === null) throw new Problem('not_found', { reason: 'no_admin_group' });
    await this.viewerGuard.canActivate(context);
    const viewer = viewerOf(context.switchToHttp().getRequest<IncomingMessage>());
    if (!viewer.groups.includes(adminGroup)) throw new Problem('admin_required');
    return true;
  }
}
