import { Controller, Get, Inject, Query, UseGuards } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiQuery, ApiTags } from '@nestjs/swagger';
import { AdminGuard } from '../authentication/viewer.guard.js';
import { Database, orUnavailable } from '../database/database.js';
import { isSubject } from '../entitlements/entitlement.js';
import { cursorAfter, readPage } from '../entitlements/page.js';
import { AnswersProblems, SIGN_IN_PROBLEMS } from '../http/problems/answers-problems.decorator.js';
import { refuseUnknownMembers } from '../http/members.js';
import { Problem } from '../http/problems/problem.js';
import { AuditPageDto } from './audit.dto.js';
import { AuditLog } from './audit-log.js';

const QUERY_MEMBERS: readonly string[] = ['subject', 'limit', 'cursor'];

/** Reads the audit log. Registered only where an admin group is set. */
@ApiTags('admin')
@ApiBearerAuth()
@Controller('admin/grants')
@UseGuards(AdminGuard)
export class AdminGrantsController {
  readonly #log: AuditLog;

  constructor(@Inject(Database) database: Database) {
    this.#log = new AuditLog(database.queries);
  }

  @Get()
  @ApiOperation({
    summary: 'The audit log, newest first: grants, refusals and changes of rights',
    description: 'Refusals of one viewer within a minute share a row after the first.',
  })
  @ApiQuery({ name: 'subject', required: false, type: String, example: 'user:u1' })
  @ApiQuery({
    name: 'limit',
    required: false,
    schema: { type: 'integer', minimum: 1, maximum: 200, default: 50 },
  })
  @ApiQuery({ name: 'cursor', required: false, type: String, description: 'nextCursor of the page before' })
  @ApiOkResponse({ type: AuditPageDto })
  @AnswersProblems(
    ...SIGN_IN_PROBLEMS,
    'admin_required',
    'field_unknown',
    'subject_invalid',
    'page_invalid',
    'database_unavailable',
  )
  async page(@Query() query: Record<string, unknown>): Promise<AuditPageDto> {
    // A misspelled filter would list everything.
    refuseUnknownMembers(query, QUERY_MEMBERS);
    const { limit, afterId } = readPage(query);
    const subject = query['subject'];
    if (subject !== undefined && !isSubject(subject)) throw new Problem('subject_invalid');
    const found = await orUnavailable('database_unavailable', () =>
      this.#log.page({
        ...(subject === undefined ? {} : { subject }),
        ...(afterId === undefined ? {} : { afterId }),
        limit: limit + 1,
      }),
    );
    const last = found[limit - 1];
    return {
      entries: found.slice(0, limit),
      ...(found.length > limit && last ? { nextCursor: cursorAfter(last.id) } : {}),
    };
  }
}
