import {
  Controller,
  Delete,
  Get,
  HttpStatus,
  Inject,
  Param,
  Put,
  Query,
  Req,
  Res,
  UseGuards,
} from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiBody,
  ApiCreatedResponse,
  ApiOkResponse,
  ApiOperation,
  ApiQuery,
  ApiTags,
} from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { AdminGuard, viewerOf } from '../authentication/viewer.guard.js';
import {
  AnswersProblems,
  BODY_PROBLEMS,
  PREFIX_PROBLEMS,
  SIGN_IN_PROBLEMS,
} from '../http/problems/answers-problems.decorator.js';
import { RequestBody, refuseUnknownMembers, TakesNoQuery } from '../http/members.js';
import { Problem } from '../http/problems/problem.js';
import {
  DeletedEntitlementDto,
  EntitlementDto,
  EntitlementIdDto,
  EntitlementPageDto,
  OpenGrantsDto,
  PutEntitlementDto,
  readPutEntitlement,
} from './entitlement.dto.js';
import { isSubject, readEntitlementPrefix } from './entitlement.js';
import { EntitlementService } from './entitlement.service.js';
import { cursorAfter, readPage } from './page.js';

const QUERY_MEMBERS: readonly string[] = ['subject', 'prefix', 'limit', 'cursor'];

/** Gives and takes rights. Registered only where an admin group is set. */
@ApiTags('admin')
@ApiBearerAuth()
@Controller('admin/entitlements')
@UseGuards(AdminGuard)
@AnswersProblems(...SIGN_IN_PROBLEMS, 'admin_required', 'csrf_rejected', 'database_unavailable')
export class AdminEntitlementsController {
  constructor(@Inject(EntitlementService) private readonly entitlements: EntitlementService) {}

  @Put()
  @TakesNoQuery()
  @ApiOperation({ summary: 'Give a right, or change its period: unique on subject and prefix' })
  @ApiBody({ type: PutEntitlementDto })
  @ApiCreatedResponse({ type: EntitlementIdDto, description: 'It is new' })
  @ApiOkResponse({ type: EntitlementIdDto, description: 'It was there, and its period is now this one' })
  @AnswersProblems(...BODY_PROBLEMS, ...PREFIX_PROBLEMS, 'subject_invalid', 'period_invalid')
  async put(
    @RequestBody() body: unknown,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<EntitlementIdDto> {
    const { id, created } = await this.entitlements.put(readPutEntitlement(body), viewerOf(request));
    response.status(created ? HttpStatus.CREATED : HttpStatus.OK);
    return { id };
  }

  @Get()
  @ApiOperation({ summary: 'The rights that were given, a page at a time' })
  @ApiQuery({ name: 'subject', required: false, type: String, example: 'user:u1' })
  @ApiQuery({
    name: 'prefix',
    required: false,
    type: String,
    example: 'courses/algebra',
    description: 'The name of the folder, escaped once as any value of a query',
  })
  @ApiQuery({
    name: 'limit',
    required: false,
    schema: { type: 'integer', minimum: 1, maximum: 200, default: 50 },
  })
  @ApiQuery({ name: 'cursor', required: false, type: String, description: 'nextCursor of the page before' })
  @ApiOkResponse({ type: EntitlementPageDto })
  @AnswersProblems(
    'field_unknown',
    'subject_invalid',
    'prefix_invalid',
    'prefix_too_long',
    'prefix_too_deep',
    'page_invalid',
  )
  async page(@Query() query: Record<string, unknown>): Promise<EntitlementPageDto> {
    // A misspelled filter would list everything.
    refuseUnknownMembers(query, QUERY_MEMBERS);
    const { limit, afterId } = readPage(query);
    const rows = await this.entitlements.page({
      ...subjectFilter(query['subject']),
      ...prefixFilter(query['prefix']),
      ...(afterId === undefined ? {} : { afterId }),
      limit: limit + 1,
    });
    const last = rows[limit - 1];
    return {
      entitlements: rows.slice(0, limit).map((row) => EntitlementDto.of(row)),
      ...(rows.length > limit && last ? { nextCursor: cursorAfter(last.id) } : {}),
    };
  }

  @Delete(':id')
  @TakesNoQuery()
  @ApiOperation({
    summary: 'Take a right away',
    description: 'Final for every grant that begins after the answer; openGrants says what still lives.',
  })
  @ApiOkResponse({ type: DeletedEntitlementDto })
  @AnswersProblems('not_found')
  async delete(@Param('id') id: string, @Req() request: Request): Promise<DeletedEntitlementDto> {
    const open = await this.entitlements.delete(id, viewerOf(request));
    return { openGrants: OpenGrantsDto.of(open) };
  }
}

function subjectFilter(value: unknown): { subject?: string } {
  if (value === undefined) return {};
  if (!isSubject(value)) throw new Problem('subject_invalid');
  return { subject: value };
}

function prefixFilter(value: unknown): { prefix?: string } {
  if (value === undefined) return {};
  const read = readEntitlementPrefix(value);
  if ('fault' in read) throw new Problem(read.fault, { detail: read.detail });
  return { prefix: read.prefix };
}
