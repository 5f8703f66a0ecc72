import type { OpenAPIObject } from '@nestjs/swagger';
import { codesByStatus, problemResponse } from './answers-problems.decorator.js';
import type { ProblemCode } from './problem-codes.js';

/** What every call may be answered, whatever it asks: by the server, the reader of bodies, or a fault of ours. */
const EVERYWHERE = [
  'request_malformed',
  'field_unknown',
  'body_malformed',
  'duplicate_key',
  'request_timeout',
  'body_too_large',
  'media_type_unsupported',
  'headers_too_large',
  'internal',
] as const satisfies readonly ProblemCode[];

/** The limits, from which health is exempt: it is asked when the service is full above all. */
const LIMITS = ['rate_limited', 'overloaded'] as const satisfies readonly ProblemCode[];

type Operation = NonNullable<OpenAPIObject['paths'][string]['get']>;

/** The document with what every call may be answered beside what each says of itself. Changes nothing handed in. */
export function withGeneralProblems(document: OpenAPIObject): OpenAPIObject {
  const paths = Object.entries(document.paths).map(([path, item]) => {
    const codes = path.startsWith('/health/') ? EVERYWHERE : [...EVERYWHERE, ...LIMITS];
    const operations = Object.entries(item as Record<string, Operation>).map(
      ([method, operation]) => [method, withProblems(operation, codes)] as const,
    );
    return [path, Object.fromEntries(operations)] as const;
  });
  return { ...document, paths: Object.fromEntries(paths) };
}

function withProblems(operation: Operation, codes: readonly ProblemCode[]): Operation {
  const responses = { ...operation.responses };
  for (const [status, same] of codesByStatus(codes)) {
    const own = responses[status];
    const said = own !== undefined && 'description' in own ? own.description : '';
    const further = same.filter((code) => !said.includes(`\`${code}\``));
    const { description, content } = problemResponse(further);
    responses[status] = {
      description: [said, description].filter((part) => part !== '').join('\n'),
      content,
    };
  }
  return { ...operation, responses };
}
