import { Body, Controller, Get, Header, HttpCode, Inject, Post, Req, Res, UseFilters } from '@nestjs/common';
import type { Request, Response } from 'express';
import { CloudFrontService } from '../cloudfront/cloudfront.service.js';
import { TakesNoQuery } from '../http/problems/known-members.js';
import { OwnProblemFilter } from '../http/problems/problem.filter.js';
import { grantAnswer, grantedAnswer, type GrantedAnswer, type GrantsAnswer } from './answers.js';
import { callerOf, type Caller } from './caller.js';
import { readGrantRequest } from './grant-request.js';
import { GrantsUnderWay } from './grants-under-way.js';
import { GrantsService } from './grants.service.js';
import type { ReadViewer } from './ports.js';

/** Injection token of {@link ReadViewer}. */
export const READ_VIEWER = Symbol('edgepass.read-viewer');

/** Asks for access and lists it. Who may call is decided by the guards of the viewer port. */
@Controller('grants')
@UseFilters(OwnProblemFilter)
export class GrantsController {
  constructor(
    @Inject(GrantsService) private readonly grants: GrantsService,
    @Inject(CloudFrontService) private readonly cloudFront: CloudFrontService,
    @Inject(READ_VIEWER) private readonly readViewer: ReadViewer,
    @Inject(GrantsUnderWay) private readonly underWay: GrantsUnderWay,
  ) {}

  @Post()
  @TakesNoQuery()
  @HttpCode(201)
  @Header('Cache-Control', 'no-store')
  async ask(
    // `unknown`: a host's own global ValidationPipe checks declared classes only, and would refuse in other words.
    @Body() body: unknown,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<GrantedAnswer> {
    const { prefix, ttlSeconds } = readGrantRequest(body);
    const caller = await this.callerOf(request);
    this.underWay.identify(response, caller.id);
    const wider = this.cloudFront.widerHeld(request, prefix, caller);
    const granted = await this.grants.grant(caller, prefix, ttlSeconds, wider).catch((error: unknown) => {
      // Who is refused holds nothing of another viewer either.
      this.cloudFront.tidy(response, caller);
      throw error;
    });
    this.cloudFront.write(response, granted.cookies, caller);
    return grantedAnswer(granted);
  }

  @Get()
  @TakesNoQuery()
  @Header('Cache-Control', 'no-store')
  async list(@Req() request: Request, @Res({ passthrough: true }) response: Response): Promise<GrantsAnswer> {
    const caller = await this.callerOf(request);
    this.cloudFront.tidy(response, caller);
    const grants = await this.grants.unexpired(caller);
    return { grants: grants.map(grantAnswer) };
  }

  private async callerOf(request: Request): Promise<Caller> {
    return callerOf(await this.readViewer(request));
  }
}
