import { Controller, HttpCode, Inject, Post, Req, UseGuards } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiOkResponse, ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';
import type { Request } from 'express';
import { viewerOf, ViewerGuard } from '../authentication/viewer.guard.js';
import { callerOf } from '../authentication/viewer.js';
import { RequestBody, readBody, TakesNoQuery } from '../http/members.js';
import {
  AnswersProblems,
  BODY_PROBLEMS,
  SIGN_IN_PROBLEMS,
} from '../http/problems/answers-problems.decorator.js';
import { Problem } from '../http/problems/problem.js';
import { DiagnosesService, type DiagnosisAnswer, type EdgeAnswerSeen } from './diagnoses.service.js';

/** Longer ones are refused by CloudFront (R50). */
const MOST_URL_BYTES = 8192;

class DiagnosisRequestDto {
  @ApiProperty({
    example: 'https://cdn.example.com/courses/algebra/1.svg',
    description: 'A file on the configured CDN, the one that failed',
  })
  url!: string;
}

class EdgeAnswerDto implements EdgeAnswerSeen {
  @ApiProperty({ example: 'probe with cookies' })
  asked!: string;

  @ApiProperty({ example: 'GET' })
  method!: string;

  @ApiProperty({ example: 206, description: '0: there was no answer' })
  status!: number;

  @ApiProperty({ type: 'object', additionalProperties: { type: 'string' } })
  headers!: Record<string, string>;
}

class DiagnosisDto implements Omit<DiagnosisAnswer, 'diagnosis'> {
  @ApiProperty({ example: 'https://cdn.example.com/courses/algebra/1.svg' })
  url!: string;

  @ApiProperty({ type: String, nullable: true, example: 'https://app.example.com' })
  origin!: string | null;

  @ApiProperty({ description: 'Whether the caller would get a grant for the file now' })
  entitled!: boolean;

  @ApiProperty({ description: 'The finding in one or two sentences' })
  sentence!: string;

  @ApiProperty({ type: [EdgeAnswerDto] })
  answers!: EdgeAnswerDto[];

  @ApiProperty({ type: 'object', additionalProperties: true, description: 'As docs/doctor.schema.json says' })
  diagnosis!: object;
}

/** Says what the edge answers for the caller and the calling page, and which layer refuses. */
@ApiTags('diagnoses')
@ApiBearerAuth()
@AnswersProblems(...SIGN_IN_PROBLEMS)
@Controller('diagnoses')
@UseGuards(ViewerGuard)
export class DiagnosesController {
  constructor(@Inject(DiagnosesService) private readonly diagnoses: DiagnosesService) {}

  @Post()
  @HttpCode(200)
  @TakesNoQuery()
  @ApiOperation({
    summary: 'Which layer refuses a file',
    description:
      'Asks the configured CDN at most five times for one byte, as the calling page would, with a grant of 60 s that the caller would get now (recorded like any other) or without cookies. Also judges the grants that this browser holds, as the cookies of the call say: their viewer, their folder and the Domain of their cookies. No body of a file is read.',
  })
  @ApiBody({ type: DiagnosisRequestDto })
  @ApiOkResponse({ type: DiagnosisDto })
  @AnswersProblems(
    ...BODY_PROBLEMS,
    'url_not_allowed',
    'csrf_rejected',
    'audit_unavailable',
    'keys_unavailable',
    'clock_untrusted',
    'overloaded',
  )
  async ask(@RequestBody() body: unknown, @Req() request: Request): Promise<DiagnosisAnswer> {
    const { url } = readBody(body, { url: addressOf });
    return this.diagnoses.diagnose(callerOf(viewerOf(request)), url, request);
  }
}

function addressOf(value: unknown): string {
  if (typeof value === 'string' && Buffer.byteLength(value) <= MOST_URL_BYTES) return value;
  throw new Problem('url_not_allowed', {
    detail: 'The body must name the address of a file: { "url": "https://…" }',
  });
}
