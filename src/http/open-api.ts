import type { NestExpressApplication } from '@nestjs/platform-express';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { contentSecurityPolicy } from 'helmet';
import '../grants/grants.open-api.js';
import type { Settings } from '../settings/settings.js';
import { codesByStatus, problemResponse } from './problems/answers-problems.decorator.js';
import type { ProblemCode } from './problems/problem-codes.js';

/** The OpenAPI document of exactly the routes that this application has. */
export function openApiDocument(app: NestExpressApplication, settings: Settings): OpenAPIObject {
  const base = new DocumentBuilder()
    .setTitle('edgepass')
    .setDescription(
      'CloudFront signed cookies that browsers keep. Errors are RFC 9457 problem documents with a stable code. ' +
        'An address that is not here answers 404 `not_found`, another method of one that is 405 `method_not_allowed` with `Allow`.',
    )
    .setVersion('1')
    .addServer(`${settings.publicUrl.origin}${settings.publicUrl.basePath}`)
    .addBearerAuth()
    .build();
  const document = SwaggerModule.createDocument(app, base, {
    operationIdFactory: (controller, method) => `${controller.replace(/Controller$/, '')}.${method}`,
  });
  return withGeneralProblems(document);
}

/** `/openapi.json`, and `/docs` to read and try it. */
export function serveOpenApi(app: NestExpressApplication, settings: Settings): void {
  // The reader's own page needs scripts and styles, which no answer of the API does.
  app.use(
    '/docs',
    contentSecurityPolicy({
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        styleSrc: ["'self'", "'unsafe-inline'"],
        imgSrc: ["'self'", 'data:'],
      },
    }),
  );
  const document = () => openApiDocument(app, settings);
  SwaggerModule.setup('docs', app, document, { jsonDocumentUrl: 'openapi.json', raw: ['json'] });
}

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
function withGeneralProblems(document: OpenAPIObject): OpenAPIObject {
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
