import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { Member } from './members.js';

export const SESSION_COOKIE = 'school_session';

/** Who is signed in. In memory: a real school keeps sessions where all its instances find them. */
@Injectable()
export class Sessions {
  readonly #members = new Map<string, Member>();

  /** Gives the value of the session cookie. */
  open(member: Member): string {
    const session = randomBytes(32).toString('base64url');
    this.#members.set(session, member);
    return session;
  }

  memberOf(session: string | undefined): Member | null {
    return (session !== undefined && this.#members.get(session)) || null;
  }

  close(session: string | undefined): void {
    if (session !== undefined) this.#members.delete(session);
  }
}
