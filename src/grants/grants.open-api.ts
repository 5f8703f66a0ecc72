/**
 * What the OpenAPI document of the stand-alone service says of the grant routes. It stands apart from the
 * controllers because host applications install those, and not @nestjs/swagger. Importing this file is enough.
 */
import type { Type } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiBody,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiProperty,
  ApiPropertyOptional,
  ApiQuery,
  ApiTags,
} from '@nestjs/swagger';
import {
  AnswersProblems,
  BODY_PROBLEMS,
  PREFIX_PROBLEMS,
  SIGN_IN_PROBLEMS,
} from '../http/problems/answers-problems.decorator.js';
import { ClearGrantsController } from './clear-grants.controller.js';
import {
  GrantsController,
  type GrantAnswer,
  type GrantedAnswer,
  type GrantRequest,
  type GrantsAnswer,
} from './grants.controller.js';
import {
  SignedUrlsController,
  type SignedUrlAnswer,
  type SignedUrlRequest,
} from './signed-urls.controller.js';

class AskForGrantDto implements Partial<Record<keyof GrantRequest, unknown>> {
  @ApiProperty({
    example: 'courses/algebra',
    minLength: 1,
    maxLength: 512,
    description:
      "What to open: the name of a folder as people write it, not its escaped form, or `/` for the whole distribution. Segments of letters, marks and digits of any script, blanks inside and `_ ~ - . : @ = ( ) ' !`, joined by single slashes; at most 512 bytes when escaped",
  })
  prefix!: string;

  @ApiPropertyOptional({
    type: 'integer',
    example: 900,
    minimum: 60,
    description: 'Lifetime in whole seconds, up to the configured maximum',
  })
  ttlSeconds?: number;
}

class AskForUrlDto implements Partial<Record<keyof SignedUrlRequest, unknown>> {
  @ApiProperty({
    example: 'courses/algebra/lesson-1.mp4',
    minLength: 1,
    maxLength: 512,
    description: 'The file, as people write it, by the rule of prefixes',
  })
  path!: string;

  @ApiPropertyOptional({
    example: 'courses/algebra',
    minLength: 1,
    maxLength: 512,
    description:
      'A folder that the file lies in: the query then opens every file below it, which a player must append to each address itself. Without it the query opens the file alone',
  })
  prefix?: string;

  @ApiPropertyOptional({
    type: 'integer',
    example: 300,
    minimum: 60,
    description: 'Lifetime in whole seconds, up to the configured maximum',
  })
  ttlSeconds?: number;
}

class SignedUrlDto implements SignedUrlAnswer {
  @ApiProperty({ example: '019aa0c0-7b1e-7cc0-b6f5-6d2f0f4a9d10' })
  id!: string;

  @ApiProperty({
    example:
      'https://cdn.example.com/courses/algebra/lesson-1.mp4?Expires=1795165500&Key-Pair-Id=K2JCJMDEHXQW5F&Signature=…',
    description: 'Works for everybody who has it, until it ends: hand it to nobody else',
  })
  url!: string;

  @ApiProperty({
    example: 'https://cdn.example.com/courses/algebra/lesson-1.mp4',
    description: 'What the query opens',
  })
  resource!: string;

  @ApiProperty({ example: '2026-11-20T09:05:00Z' })
  expiresAt!: string;

  @ApiProperty({ example: 'K2JCJMDEHXQW5F' })
  keyPairId!: string;
}

class GrantDto implements GrantAnswer {
  @ApiProperty({ example: '019aa0c0-7b1e-7cc0-b6f5-6d2f0f4a9d10' })
  id!: string;

  @ApiProperty({ example: 'courses/algebra' })
  prefix!: string;

  @ApiProperty({ example: 'https://cdn.example.com/courses/algebra/*' })
  resource!: string;

  @ApiProperty({ enum: ['cookies', 'url'], description: 'How it left: as cookies, or as a signed URL' })
  issuedAs!: GrantAnswer['issuedAs'];

  @ApiProperty({ example: '2026-11-20T09:00:00Z' })
  issuedAt!: string;

  @ApiProperty({ example: '2026-11-20T09:15:00Z' })
  expiresAt!: string;
}

class GrantsDto implements GrantsAnswer {
  @ApiProperty({ type: [GrantDto] })
  grants!: GrantDto[];
}

class GrantedDto implements GrantedAnswer {
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
}

describeClass(GrantsController, ApiTags('grants'), ApiBearerAuth(), AnswersProblems(...SIGN_IN_PROBLEMS));

describeMethod(
  GrantsController.prototype,
  'ask',
  ApiOperation({
    summary: 'Open a prefix in this browser',
    description: 'Answers with the CloudFront cookies. Call it with credentials, or the browser drops them.',
  }),
  ApiBody({ type: AskForGrantDto }),
  ApiCreatedResponse({ type: GrantedDto }),
  AnswersProblems(
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
  ),
);

describeMethod(
  GrantsController.prototype,
  'list',
  ApiOperation({ summary: "The caller's unexpired grants, newest first" }),
  ApiOkResponse({ type: GrantsDto }),
  AnswersProblems('database_unavailable', 'keys_unavailable', 'clock_untrusted'),
);

describeClass(SignedUrlsController, ApiTags('grants'), ApiBearerAuth(), AnswersProblems(...SIGN_IN_PROBLEMS));
describeMethod(
  SignedUrlsController.prototype,
  'ask',
  ApiOperation({
    summary: 'A signed URL of one file, for what cannot hold cookies',
    description:
      'For AirPlay, Chromecast, downloads and other programs. The same entitlements, limits and record as for cookies; it cannot be called back, and works for everybody who has it.',
  }),
  ApiBody({ type: AskForUrlDto }),
  ApiCreatedResponse({ type: SignedUrlDto }),
  AnswersProblems(
    ...BODY_PROBLEMS,
    'path_invalid',
    'prefix_invalid',
    'prefix_too_long',
    'prefix_too_deep',
    'ttl_invalid',
    'ttl_out_of_range',
    'not_entitled',
    'csrf_rejected',
    'audit_unavailable',
    'keys_unavailable',
    'clock_untrusted',
    'overloaded',
  ),
);
describeClass(ClearGrantsController, ApiTags('grants'));

describeMethod(
  ClearGrantsController.prototype,
  'clear',
  ApiOperation({
    summary: 'Clear what this browser holds, or one prefix of it',
    description: 'A cookie that somebody copied lives until it expires.',
  }),
  ApiQuery({
    name: 'prefix',
    required: false,
    type: String,
    example: 'courses/algebra',
    description: 'The name of the folder, escaped once as any value of a query',
  }),
  ApiNoContentResponse(),
  AnswersProblems('field_unknown', 'prefix_invalid', 'prefix_too_long', 'prefix_too_deep', 'csrf_rejected'),
);

/** Decorates a class that stands elsewhere. */
function describeClass(controller: Type, ...decorators: readonly ClassDecorator[]): void {
  for (const decorate of decorators) decorate(controller);
}

/** Decorates a method that stands elsewhere. */
function describeMethod<Controller extends object>(
  prototype: Controller,
  method: keyof Controller & string,
  ...decorators: readonly MethodDecorator[]
): void {
  const descriptor = Object.getOwnPropertyDescriptor(prototype, method);
  if (descriptor === undefined) throw new TypeError(`expected a method ${method} to describe, found none`);
  for (const decorate of decorators) decorate(prototype, method, descriptor);
}
