import { Controller, Get, Inject, Req, UseGuards } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Request } from 'express';
import { viewerOf, ViewerGuard } from '../authentication/viewer.guard.js';
import { AnswersProblems, SIGN_IN_PROBLEMS } from '../http/problems/answers-problems.decorator.js';
import { TakesNoQuery } from '../http/members.js';
import { ViewerEntitlementDto, ViewerEntitlementsDto } from './entitlement.dto.js';
import { EntitlementService } from './entitlement.service.js';

/** What the caller may open. */
@ApiTags('entitlements')
@ApiBearerAuth()
@AnswersProblems(...SIGN_IN_PROBLEMS)
@Controller('entitlements')
@UseGuards(ViewerGuard)
export class EntitlementsController {
  constructor(@Inject(EntitlementService) private readonly entitlements: EntitlementService) {}

  @Get()
  @TakesNoQuery()
  @ApiOperation({ summary: 'What the caller may open, and why a row does not apply to them' })
  @ApiOkResponse({ type: ViewerEntitlementsDto })
  @AnswersProblems('database_unavailable', 'keys_unavailable', 'clock_untrusted')
  async list(@Req() request: Request): Promise<ViewerEntitlementsDto> {
    const entitlements = await this.entitlements.ofViewer(viewerOf(request));
    return { entitlements: entitlements.map((row) => ViewerEntitlementDto.of(row)) };
  }
}
