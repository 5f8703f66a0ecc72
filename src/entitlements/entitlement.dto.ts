import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { toTimestamp } from '../operation/clock.js';
import { prefixMember, readBody } from '../http/members.js';
import { Problem } from '../http/problems/problem.js';
import { isSubject, readEntitlementPrefix, type Entitlement } from './entitlement.js';
import type { OpenGrants } from './entitlement.repository.js';
import type { ViewerEntitlement } from './entitlement.service.js';
import { readTimestamp } from './period.js';

/** Body of `PUT /admin/entitlements`. */
export class PutEntitlementDto {
  @ApiProperty({ example: 'user:u1', description: '`user:ID`, `group:NAME` or `everyone`' })
  subject!: string;

  @ApiProperty({
    example: 'courses/algebra',
    description:
      'The name of a folder as people write it, or `/`; one segment after the first may be `{user}`',
  })
  prefix!: string;

  @ApiPropertyOptional({ example: '2026-11-20T09:00:00Z', description: 'From when; at once if absent' })
  startsAt?: string;

  @ApiPropertyOptional({ example: '2027-06-30T00:00:00Z', description: 'Until when; without end if absent' })
  endsAt?: string;
}

/** What a body of `PUT /admin/entitlements` asks for. */
export interface PutEntitlement {
  readonly subject: string;
  readonly prefix: string;
  readonly startsAtEpochSeconds: number | null;
  readonly endsAtEpochSeconds: number | null;
}

/**
 * Takes the parsed body of `PUT /admin/entitlements`, whatever it is.
 * @throws {Problem} `body_malformed`, `field_unknown`, the faults of a prefix, `subject_invalid`, `period_invalid`
 */
export function readPutEntitlement(body: unknown): PutEntitlement {
  const { prefix, subject, startsAt, endsAt } = readBody(body, {
    prefix: prefixMember(readEntitlementPrefix),
    subject: subjectMember,
    startsAt: timestampOrAbsent,
    endsAt: timestampOrAbsent,
  });
  if ((endsAt ?? Infinity) <= (startsAt ?? -Infinity)) {
    throw new Problem('period_invalid', { detail: 'endsAt must be later than startsAt.' });
  }
  return { subject, prefix, startsAtEpochSeconds: startsAt, endsAtEpochSeconds: endsAt };
}

function subjectMember(value: unknown): string {
  if (!isSubject(value)) throw new Problem('subject_invalid');
  return value;
}

function timestampOrAbsent(value: unknown): number | null {
  if (value === undefined) return null;
  const epochSeconds = readTimestamp(value);
  if (epochSeconds === null) throw new Problem('period_invalid');
  return epochSeconds;
}

/** One entitlement, as the admin calls answer. */
export class EntitlementDto {
  @ApiProperty()
  id!: string;

  @ApiProperty({ example: 'user:u1' })
  subject!: string;

  @ApiProperty({ example: 'courses/algebra' })
  prefix!: string;

  @ApiPropertyOptional({ example: '2026-11-20T09:00:00Z' })
  startsAt?: string;

  @ApiPropertyOptional({ example: '2027-06-30T00:00:00Z' })
  endsAt?: string;

  @ApiProperty({ description: 'Id of the administrator who gave or last changed it' })
  givenBy!: string;

  @ApiProperty({ example: '2026-11-20T09:00:00Z' })
  givenAt!: string;

  static of(entitlement: Entitlement): EntitlementDto {
    return {
      id: entitlement.id,
      subject: entitlement.subject,
      prefix: entitlement.prefix,
      ...periodOf(entitlement),
      givenBy: entitlement.givenBy,
      givenAt: toTimestamp(entitlement.givenAtEpochSeconds),
    };
  }
}

/** A page of entitlements. */
export class EntitlementPageDto {
  @ApiProperty({ type: [EntitlementDto] })
  entitlements!: EntitlementDto[];

  @ApiPropertyOptional({ description: 'Hand it back as `cursor` for the next page; absent on the last one' })
  nextCursor?: string;
}

/** Answer of `DELETE /admin/entitlements/{id}`. */
export class OpenGrantsDto {
  @ApiProperty({ description: 'Grants made under the entitlement that still live' })
  count!: number;

  @ApiPropertyOptional({ description: 'When the last of them ends', example: '2026-11-20T10:00:00Z' })
  lastExpiresAt?: string;

  static of(open: OpenGrants): OpenGrantsDto {
    return {
      count: open.count,
      ...(open.lastExpiresAtEpochSeconds === null
        ? {}
        : { lastExpiresAt: toTimestamp(open.lastExpiresAtEpochSeconds) }),
    };
  }
}

/** Answer of `DELETE /admin/entitlements/{id}`. */
export class DeletedEntitlementDto {
  @ApiProperty({ type: OpenGrantsDto })
  openGrants!: OpenGrantsDto;
}

/** Answer of `PUT /admin/entitlements`. */
export class EntitlementIdDto {
  @ApiProperty()
  id!: string;
}

/** One entitlement as its viewer sees it. */
export class ViewerEntitlementDto {
  @ApiProperty({ example: 'everyone' })
  subject!: string;

  @ApiProperty({ example: 'users/{user}' })
  prefix!: string;

  @ApiPropertyOptional({ example: '2026-11-20T09:00:00Z' })
  startsAt?: string;

  @ApiPropertyOptional({ example: '2027-06-30T00:00:00Z' })
  endsAt?: string;

  @ApiProperty({ description: 'Whether it opens anything now' })
  applies!: boolean;

  @ApiPropertyOptional({ example: 'users/alice', description: 'The prefix it opens for the caller' })
  opens?: string;

  @ApiPropertyOptional({ description: 'Why it does not apply' })
  reason?: string;

  static of({ entitlement, opens, reason }: ViewerEntitlement): ViewerEntitlementDto {
    return {
      subject: entitlement.subject,
      prefix: entitlement.prefix,
      ...periodOf(entitlement),
      applies: reason === null,
      ...(opens === null ? {} : { opens }),
      ...(reason === null ? {} : { reason }),
    };
  }
}

/** Answer of `GET /entitlements`. */
export class ViewerEntitlementsDto {
  @ApiProperty({ type: [ViewerEntitlementDto] })
  entitlements!: ViewerEntitlementDto[];
}

function periodOf(entitlement: Entitlement): { startsAt?: string; endsAt?: string } {
  return {
    ...(entitlement.startsAtEpochSeconds === null
      ? {}
      : { startsAt: toTimestamp(entitlement.startsAtEpochSeconds) }),
    ...(entitlement.endsAtEpochSeconds === null
      ? {}
      : { endsAt: toTimestamp(entitlement.endsAtEpochSeconds) }),
  };
}
