import { Controller, Delete, Header, HttpCode, Inject, Query, Req, Res, UseFilters } from '@nestjs/common';
import type { Request, Response } from 'express';
import { assertNotForged, type ForgeryPolicy } from '../authentication/forgery-check.js';
import { CloudFrontService } from '../cloudfront/cloudfront.service.js';
import { readPrefix } from '../cloudfront/prefix.js';
import { refuseUnknownMembers } from '../http/problems/known-members.js';
import { Problem } from '../http/problems/problem.js';
import { OwnProblemFilter } from '../http/problems/own-problem.filter.js';

/** Injection token of the {@link ForgeryPolicy} of calls that cookies alone authorise. */
export const FORGERY_POLICY = Symbol('edgepass.forgery-policy');

const MEMBERS: ReadonlySet<string> = new Set(['prefix']);

/**
 * Takes the cookies of this browser back. It asks for no token: somebody whose token has expired must be
 * able to leave, and nobody gains by it. A page elsewhere may not make a browser do it.
 */
@Controller('grants')
@UseFilters(OwnProblemFilter)
export class ClearGrantsController {
  constructor(
    @Inject(CloudFrontService) private readonly cloudFront: CloudFrontService,
    @Inject(FORGERY_POLICY) private readonly forgery: ForgeryPolicy,
  ) {}

  @Delete()
  @HttpCode(204)
  @Header('Cache-Control', 'no-store')
  clear(
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
    @Query() query: Readonly<Record<string, unknown>>,
  ): void {
    assertNotForged(request, this.forgery);
    // A misspelled `prefix` would clear everything.
    refuseUnknownMembers(query, MEMBERS);
    const { prefix } = query;
    if (prefix === undefined) {
      this.cloudFront.clear(response);
      return;
    }
    const read = readPrefix(prefix);
    if ('fault' in read) throw new Problem(read.fault, { detail: read.detail });
    this.cloudFront.clear(response, [read.prefix]);
  }
}
