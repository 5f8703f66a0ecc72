import type { NestExpressApplication } from '@nestjs/platform-express';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { contentSecurityPolicy } from 'helmet';
import '../grants/grants.open-api.js';
import { withGeneralProblems } from './problems/general-problems.js';
import type { Settings } from '../settings/settings.js';

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
