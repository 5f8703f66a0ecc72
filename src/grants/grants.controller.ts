import { Body, Controller, Get, Header, HttpCode, Inject, Post, Req, Res, UseFilters } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiBody,
  ApiCreatedResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { CloudFrontService } from '../cloudfront/cloudfront.service.js';
import { readPrefix, type Prefix } from '../cloudfront/prefix.js';
import {
  AnswersProblems,
  BODY_PROBLEMS,
  PREFIX_PROBLEMS,
  SIGN_IN_PROBLEMS,
} from '../http/problems/answers-problems.decorator.js';
import { Problem } from '../http/problems/problem.js';
import { OwnProblemFilter } from '../http/problems/own-problem.filter.js';
import { requestValidation } from '../http/problems/request-validation.js';
import { callerOf, type Caller } from './caller.js';
import { AskForGrantDto, GrantDto, GrantedDto, GrantsDto } from './grants.dto.js';
import { GrantsService } from './grants.service.js';
import type { ReadViewer } from './ports.js';

/** Injection token of {@link ReadViewer}. */
export const READ_VIEWER = Symbol('edgepass.read-viewer');

/** Asks for access and lists it. Who may call is decided by the guards of the viewer port. */
@ApiTags('grants')
@ApiBearerAuth()
@AnswersProblems(...SIGN_IN_PROBLEMS)
@Controller('grants')
@UseFilters(OwnProblemFilter)
export class GrantsController {
  constructor(
    @Inject(GrantsService) private readonly grants: GrantsService,
    @Inject(CloudFrontService) private readonly cloudFront: CloudFrontService,
    @Inject(READ_VIEWER) private readonly readViewer: ReadViewer,
  ) {}

  @Post()
  @HttpCode(201)
  @Header('Cache-Control', 'no-store')
  @ApiOperation({
    summary: 'Open a prefix in this browser',
    description: 'Answers with the CloudFront cookies. Call it with credentials, or the browser drops them.',
  })
  @ApiBody({ type: AskForGrantDto })
  @ApiCreatedResponse({ type: GrantedDto })
  @AnswersProblems(
    ...BODY_PROBLEMS,
    ...PREFIX_PROBLEMS,
    'ttl_invalid',
    'ttl_out_of_range',
    'not_entitled',
    'csrf_rejected',
    'audit_unavailable',
    'keys_unavailable',
    'clock_untrusted',
    'overloaded',
  )
  async ask(
    // Not declared as the DTO class: a host's own global ValidationPipe would check it first and refuse it
    // in other words.
    @Body(requestValidation(AskForGrantDto)) body: Readonly<AskForGrantDto>,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<GrantedDto> {
    const caller = await this.callerOf(request);
    const prefix = canonical(body.prefix);
    const wider = this.cloudFront.widerHeld(request, prefix, caller);
    const granted = await this.grants.grant(caller, prefix, body.ttlSeconds, wider);
    this.cloudFront.write(response, granted.cookies, caller);
    return GrantedDto.of(granted);
  }

  @Get()
  @Header('Cache-Control', 'no-store')
  @ApiOperation({ summary: "The caller's unexpired grants, newest first" })
  @ApiOkResponse({ type: GrantsDto })
  @AnswersProblems('database_unavailable', 'keys_unavailable', 'clock_untrusted')
  async list(@Req() request: Request, @Res({ passthrough: true }) response: Response): Promise<GrantsDto> {
    const caller = await this.callerOf(request);
    this.cloudFront.clearForeign(response, caller);
    const grants = await this.grants.unexpired(caller);
    return { grants: grants.map((grant) => GrantDto.of(grant)) };
  }

  private async callerOf(request: Request): Promise<Caller> {
    return callerOf(await this.readViewer(request));
  }
}

/** The DTO has checked it already; the type system wants to hear it from the one rule. */
function canonical(value: string): Prefix {
  const read = readPrefix(value);
  if ('fault' in read) throw new Problem(read.fault, { detail: read.detail });
  return read.prefix;
}
