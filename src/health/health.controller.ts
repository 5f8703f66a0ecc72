import { Controller, Get, Header, Inject } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';
import { sql } from 'kysely';
import { Database } from '../database/database.js';
import { orUnavailable } from '../database/outage.js';
import { AnswersProblems } from '../problems/answers-problems.decorator.js';

/** No names, no versions, no secrets: whoever reaches the port may read it. */
export class HealthDto {
  @ApiProperty({ example: 'ok' })
  status!: string;
}

@ApiTags('health')
@Controller('health')
export class HealthController {
  constructor(@Inject(Database) private readonly database: Database) {}

  /** A page may probe it without CORS to tell an untrusted certificate from a refusal (F48). */
  @Get('live')
  @Header('Cross-Origin-Resource-Policy', 'cross-origin')
  @ApiOperation({ summary: 'The process answers; a restart would not help otherwise' })
  @ApiOkResponse({ type: HealthDto })
  live(): HealthDto {
    return { status: 'ok' };
  }

  @Get('ready')
  @ApiOperation({ summary: 'A grant could succeed now' })
  @ApiOkResponse({ type: HealthDto })
  @AnswersProblems('database_unavailable')
  async ready(): Promise<HealthDto> {
    await orUnavailable('database_unavailable', () => sql`select 1`.execute(this.database.queries));
    return { status: 'ok' };
  }
}
