import { open, readFile } from 'node:fs/promises';
import { Injectable } from '@nestjs/common';
import type { GrantRecord, RecordGrant, Viewer } from 'edgepass';
import { SchoolConfig } from '../school-config.js';

/** Port 3 of edgepass: who was given what, one JSON line each, in a file that only grows. */
@Injectable()
export class AuditTrail implements RecordGrant {
  constructor(private readonly config: SchoolConfig) {}

  /** Resolves when the line is on the disk, not merely on its way there. */
  async record(grant: GrantRecord): Promise<void> {
    await using file = await open(this.config.auditFile, 'a', 0o600);
    // The newline comes first, so that half a line from a full disk does not spoil the next one.
    await file.appendFile(`\n${JSON.stringify(grant)}`);
    await file.sync();
  }

  async unexpired(viewer: Viewer, nowEpochSeconds: number): Promise<readonly GrantRecord[]> {
    const text = await readFile(this.config.auditFile, 'utf8').catch(emptyWhenAbsent);
    return text
      .split('\n')
      .flatMap(readLine)
      .filter((grant) => grant.viewerId === viewer.id && grant.expiresAtEpochSeconds > nowEpochSeconds)
      .toReversed();
  }
}

function emptyWhenAbsent(error: NodeJS.ErrnoException): string {
  if (error.code === 'ENOENT') return '';
  throw error;
}

function readLine(line: string): GrantRecord[] {
  try {
    return line === '' ? [] : [JSON.parse(line) as GrantRecord];
  } catch {
    return [];
  }
}
