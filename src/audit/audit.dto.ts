import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import type { AuditEvent } from './audit-event.js';

/** One row of the audit log. */
export class AuditEventDto implements AuditEvent {
  @ApiProperty({ example: '019aa0c0-7b1e-7cc0-b6f5-6d2f0f4a9d10' })
  id!: string;

  @ApiProperty({ example: '2026-11-20T09:00:00Z' })
  at!: string;

  @ApiProperty({
    enum: ['grant', 'refusal', 'entitlement_created', 'entitlement_changed', 'entitlement_deleted'],
  })
  kind!: AuditEvent['kind'];

  @ApiPropertyOptional({
    example: 'user:u1',
    description: 'Who was granted, refused, or got or lost a right',
  })
  subject?: string;

  @ApiPropertyOptional({ example: 'courses/algebra' })
  prefix?: string;

  @ApiPropertyOptional({ example: 'https://cdn.example.com/courses/algebra/*' })
  resource?: string;

  @ApiPropertyOptional({
    enum: ['cookies', 'url'],
    description: 'How a grant left; a signed URL works for everybody who has it',
  })
  issuedAs?: 'cookies' | 'url';

  @ApiPropertyOptional({ example: 'K2JCJMDEHXQW5F' })
  keyPairId?: string;

  @ApiPropertyOptional({ example: '2026-11-20T09:15:00Z', description: 'When a grant ends' })
  expiresAt?: string;

  @ApiPropertyOptional({ description: 'The entitlement behind a grant, or that was changed' })
  entitlementId?: string;

  @ApiPropertyOptional({ example: '2026-11-20T09:00:00Z' })
  startsAt?: string;

  @ApiPropertyOptional({ example: '2027-06-30T00:00:00Z' })
  endsAt?: string;

  @ApiPropertyOptional({ description: 'Id of the administrator who changed a right' })
  by?: string;

  @ApiPropertyOptional({ example: 'not_entitled' })
  code?: string;

  @ApiPropertyOptional({ example: 1, description: 'Refusals that this row stands for' })
  count?: number;
}

/** A page of the audit log, newest first. */
export class AuditPageDto {
  @ApiProperty({ type: [AuditEventDto] })
  entries!: AuditEventDto[];

  @ApiPropertyOptional({ description: 'Hand it back as `cursor` for the next page; absent on the last one' })
  nextCursor?: string;
}
