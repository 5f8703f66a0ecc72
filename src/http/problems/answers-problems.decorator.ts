import { applyDecorators } from '@nestjs/common';
import {
  ApiExtraModels,
  ApiProperty,
  ApiPropertyOptional,
  ApiResponse,
  getSchemaPath,
} from '@nestjs/swagger';
import { PROBLEM_CODES, type ProblemCode } from './problem-codes.js';

/** An RFC 9457 problem document, as every refusal answers. */
export class ProblemDto {
  @ApiProperty({ example: 'urn:edgepass:error:not_entitled' })
  type!: string;

  @ApiProperty({ example: 'The caller may not open this prefix' })
  title!: string;

  @ApiProperty({ example: 403 })
  status!: number;

  @ApiProperty({ enum: Object.keys(PROBLEM_CODES), example: 'not_entitled' })
  code!: ProblemCode;

  @ApiPropertyOptional({ description: 'What was expected and what to do' })
  detail?: string;

  @ApiPropertyOptional({ description: 'Id of this request, as the log has it' })
  instance?: string;
}

/** Documents the refusals of a route in OpenAPI, one response per status, naming its codes. */
export function AnswersProblems(...codes: readonly ProblemCode[]): MethodDecorator & ClassDecorator {
  return applyDecorators(
    ApiExtraModels(ProblemDto),
    ...codesByStatus(codes).map(([status, same]) => ApiResponse({ status, ...problemResponse(same) })),
  );
}

/** The codes of each status that is among them. */
export function codesByStatus(
  codes: readonly ProblemCode[],
): readonly (readonly [status: number, codes: readonly ProblemCode[]])[] {
  return [...Map.groupBy(codes, (code) => PROBLEM_CODES[code].status)];
}

/** The OpenAPI response of codes that share a status. */
export function problemResponse(codes: readonly ProblemCode[]): {
  readonly description: string;
  readonly content: Readonly<Record<string, { readonly schema: { readonly $ref: string } }>>;
} {
  return {
    description: codes.map((code) => `\`${code}\`: ${PROBLEM_CODES[code].title}`).join('\n'),
    content: { 'application/problem+json': { schema: { $ref: getSchemaPath(ProblemDto) } } },
  };
}

/** Every refusal of a route that only signed-in callers reach. */
export const SIGN_IN_PROBLEMS = [
  'token_missing',
  'token_invalid',
  'token_expired',
  'token_not_yet_valid',
  'rate_limited',
  'keys_unavailable',
  'clock_untrusted',
] as const satisfies readonly ProblemCode[];

/** Every refusal of a body that is read as JSON. */
export const BODY_PROBLEMS = [
  'body_malformed',
  'duplicate_key',
  'field_unknown',
  'body_too_large',
  'media_type_unsupported',
] as const satisfies readonly ProblemCode[];

/** Every refusal of a prefix. */
export const PREFIX_PROBLEMS = [
  'prefix_required',
  'prefix_invalid',
  'prefix_too_long',
  'prefix_too_deep',
] as const satisfies readonly ProblemCode[];
