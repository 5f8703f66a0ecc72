import { randomBytes, scryptSync, timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';

export interface Member {
  readonly id: string;
  readonly role: 'teacher' | 'student' | 'parent';
}

interface Account extends Member {
  readonly salt: Buffer;
  readonly passwordHash: Buffer;
}

/** Who belongs to the school. A real one asks its database. */
@Injectable()
export class Members {
  readonly #accounts: readonly Account[] = [
    account('tom', 'teacher', 'chalk-and-blackboard'),
    account('sam', 'student', 'x-squared-plus-one'),
    account('mia', 'student', 'only-for-a-trial'),
    account('pat', 'parent', 'when-is-homework'),
  ];

  /** The member, or null for an unknown name or a wrong password. */
  identify(id: string, password: string): Member | null {
    const found = this.#accounts.find((candidate) => candidate.id === id);
    if (!found || !timingSafeEqual(hash(password, found.salt), found.passwordHash)) return null;
    return { id: found.id, role: found.role };
  }
}

function account(id: string, role: Member['role'], password: string): Account {
  const salt = randomBytes(16);
  return { id, role, salt, passwordHash: hash(password, salt) };
}

function hash(password: string, salt: Buffer): Buffer {
  return scryptSync(password, salt, 32);
}
