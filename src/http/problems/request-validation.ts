import { ValidationPipe, type ArgumentMetadata, type PipeTransform, type Type } from '@nestjs/common';
import { getMetadataStorage, type ValidationError } from 'class-validator';
import { nestsDeeperThan } from '../body/json-shape.js';
import { refuseUnknownMembers } from './known-members.js';
import { PROBLEM_CODES, type ProblemCode } from './problem-codes.js';
import { Problem } from './problem.js';

/** What a DTO decorator passes so that its refusal has a code: `@IsInt({ context: { code: 'ttl_invalid' } })`. */
export interface ConstraintContext {
  readonly code: ProblemCode;
  /** For the caller: what was expected. Never the input. */
  readonly detail?: string;
}

/** No call of ours has more than two levels; a host's own body parser may let much more through (M03). */
const DEPTH_LIMIT = 32;

/**
 * The pipe that checks a request against its DTO. Unknown members are refused, never dropped; the codes
 * come from the decorators' `context` ({@link ConstraintContext}); of several faults the one whose code
 * stands first in the list of codes is answered. No answer repeats the input.
 *
 * @param dto the class, for a parameter that does not declare it, so that pipes before this one let it pass
 */
export function requestValidation(dto?: Type): PipeTransform {
  return new RequestValidation(dto);
}

class RequestValidation extends ValidationPipe {
  constructor(dto: Type | undefined) {
    super({
      ...(dto === undefined ? {} : { expectedType: dto }),
      whitelist: true,
      forbidNonWhitelisted: true,
      forbidUnknownValues: true,
      validationError: { target: false, value: false },
      exceptionFactory: problemOf,
    });
  }

  // Before Nest's own transform, which silently drops `__proto__` and `constructor` (M06) and recurses as
  // deep as the input says.
  override async transform(value: unknown, declared: ArgumentMetadata): Promise<unknown> {
    const metadata = this.expectedType ? { ...declared, metatype: this.expectedType } : declared;
    const isDto = this.toValidate(metadata);
    if (isDto && metadata.type === 'body') refuseNonObject(value);
    if (isDto && isObject(value) && metadata.metatype !== undefined) {
      refuseUnknownMembers(value, membersOf(metadata.metatype));
    }
    return (await super.transform(value, metadata)) as unknown;
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function refuseNonObject(value: unknown): asserts value is object {
  if (!isObject(value)) {
    throw new Problem('body_malformed', {
      detail: 'The body must be one JSON object: { … }',
      reason: 'not_an_object',
    });
  }
  if (nestsDeeperThan(value, DEPTH_LIMIT)) {
    throw new Problem('body_malformed', {
      detail: `The body nests deeper than ${DEPTH_LIMIT} levels`,
      reason: 'too_deep',
    });
  }
}

/** The members that a DTO class decorates. */
function membersOf(dto: abstract new (...args: never[]) => unknown): ReadonlySet<string> {
  const rules = getMetadataStorage().getTargetValidationMetadatas(dto, '', false, false);
  return new Set(rules.map((rule) => rule.propertyName));
}

function problemOf(errors: readonly ValidationError[]): Problem {
  const contexts = errors.flatMap(contextsOf);
  const order = Object.keys(PROBLEM_CODES);
  const [first] = contexts.toSorted((a, b) => order.indexOf(a.code) - order.indexOf(b.code));
  return new Problem(
    first?.code ?? 'request_malformed',
    first?.detail === undefined ? {} : { detail: first.detail },
  );
}

function contextsOf(error: ValidationError): readonly ConstraintContext[] {
  const own = Object.entries(error.constraints ?? {}).map(([constraint, message]): ConstraintContext => {
    if (constraint === 'whitelistValidation') return { code: 'field_unknown' };
    // class-validator loses the context of a rule without a message: `Checked` names the rule as its code.
    if (isProblemCode(constraint)) {
      return { code: constraint, ...(message === '' ? {} : { detail: message }) };
    }
    return contextOf(error.contexts?.[constraint]) ?? { code: 'body_malformed' };
  });
  return [...own, ...(error.children ?? []).flatMap(contextsOf)];
}

function contextOf(context: unknown): ConstraintContext | null {
  if (typeof context !== 'object' || context === null || !('code' in context)) return null;
  return isProblemCode(context.code) ? (context as ConstraintContext) : null;
}

function isProblemCode(value: unknown): value is ProblemCode {
  return typeof value === 'string' && Object.hasOwn(PROBLEM_CODES, value);
}
