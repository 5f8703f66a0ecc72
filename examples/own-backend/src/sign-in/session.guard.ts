import { Injectable, UnauthorizedException, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { Viewer } from 'edgepass';
import type { Request } from 'express';
import type { Member } from './members.js';
import { SESSION_COOKIE, Sessions } from './sessions.js';

export interface SchoolRequest extends Request {
  member?: Member;
}

/** The school's sign-in check, the same on every route. */
@Injectable()
export class SessionGuard implements CanActivate {
  constructor(private readonly sessions: Sessions) {}

  canActivate(context: ExecutionContext): true {
    const request = context.switchToHttp().getRequest<SchoolRequest>();
    const member = this.sessions.memberOf(sessionOf(request));
    if (!member) throw new UnauthorizedException('Please sign in');
    request.member = member;
    return true;
  }
}

export function sessionOf(request: Request): string | undefined {
  return (request.cookies as Record<string, string | undefined>)[SESSION_COOKIE];
}

/** Port 1 of edgepass: the member as a viewer, the role as a group. */
export function viewerOf({ member }: SchoolRequest): Viewer | null {
  return member ? { id: member.id, groups: [member.role] } : null;
}
