import { Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';
import { assertNotForged, type ForgeryPolicy } from '../authentication/forgery-check.js';
import { FORGERY_POLICY } from './clear-grants.controller.js';

/**
 * For hosts that sign in with a session cookie: a call without an Authorization header rests on what the
 * browser attached by itself, so it must come from a listed page. Throws the problem `csrf_rejected`.
 */
@Injectable()
export class HostForgeryGuard implements CanActivate {
  constructor(@Inject(FORGERY_POLICY) private readonly forgery: ForgeryPolicy) {}

  canActivate(context: ExecutionContext): true {
    const request = context.switchToHttp().getRequest<Request>();
    if (request.headers.authorization === undefined) assertNotForged(request, this.forgery);
    return true;
  }
}
