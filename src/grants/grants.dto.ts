import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { toTimestamp } from '../operation/clock.js';
import { IsPrefix } from '../cloudfront/prefix.decorator.js';
import { Checked } from '../http/problems/checked.decorator.js';
import type { Granted } from './grants.service.js';
import type { GrantRecord } from './ports.js';

/** Body of `POST /grants`. */
export class AskForGrantDto {
  @ApiProperty({
    example: 'courses/algebra',
    minLength: 1,
    maxLength: 512,
    description:
      "What to open: the name of a folder as people write it, not its escaped form, or `/` for the whole distribution. Segments of letters, marks and digits of any script, blanks inside and `_ ~ - . : @ = ( ) ' !`, joined by single slashes; at most 512 bytes when escaped",
  })
  @IsPrefix()
  prefix!: string;

  @ApiPropertyOptional({
    type: 'integer',
    example: 900,
    minimum: 60,
    description: 'Lifetime in whole seconds, up to the configured maximum',
  })
  @Checked('ttl_invalid', (value) => value === undefined || Number.isSafeInteger(value))
  ttlSeconds?: number;
}

/** One grant, as `GET /grants` lists it. */
export class GrantDto {
  @ApiProperty({ example: '019aa0c0-7b1e-7cc0-b6f5-6d2f0f4a9d10' })
  id!: string;

  @ApiProperty({ example: 'courses/algebra' })
  prefix!: string;

  @ApiProperty({ example: 'https://cdn.example.com/courses/algebra/*' })
  resource!: string;

  @ApiProperty({ example: '2026-11-20T09:00:00Z' })
  issuedAt!: string;

  @ApiProperty({ example: '2026-11-20T09:15:00Z' })
  expiresAt!: string;

  static of(record: GrantRecord): GrantDto {
    return {
      id: record.id,
      prefix: record.prefix,
      resource: record.resource,
      issuedAt: toTimestamp(record.issuedAtEpochSeconds),
      expiresAt: toTimestamp(record.expiresAtEpochSeconds),
    };
  }
}

/** Answer of `GET /grants`. */
export class GrantsDto {
  @ApiProperty({ type: [GrantDto] })
  grants!: GrantDto[];
}

/** Answer of `POST /grants`; the cookies travel in the headers. */
export class GrantedDto {
  @ApiProperty({ example: '019aa0c0-7b1e-7cc0-b6f5-6d2f0f4a9d10' })
  id!: string;

  @ApiProperty({ example: 'courses/algebra', description: 'What the cookies open: at least what was asked' })
  prefix!: string;

  @ApiProperty({ example: 'https://cdn.example.com/courses/algebra/*' })
  resource!: string;

  @ApiProperty({ example: '2026-11-20T09:15:00Z' })
  expiresAt!: string;

  @ApiProperty({ example: '2026-11-20T09:09:00Z', description: 'When to ask again, so that nothing stops' })
  renewAfter!: string;

  @ApiProperty({ example: 'K2JCJMDEHXQW5F' })
  keyPairId!: string;

  static of({ record, renewAfterEpochSeconds }: Granted): GrantedDto {
    return {
      id: record.id,
      prefix: record.prefix,
      resource: record.resource,
      expiresAt: toTimestamp(record.expiresAtEpochSeconds),
      renewAfter: toTimestamp(renewAfterEpochSeconds),
      keyPairId: record.keyPairId,
    };
  }
}
