import { readFileSync } from 'node:fs';

/** What the tests read of an OpenAPI document. */
export interface OpenApiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, DocumentedOperation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

interface DocumentedOperation {
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> };
  readonly responses: Readonly<Record<string, DocumentedResponse>>;
}

interface DocumentedResponse {
  readonly description?: string;
  readonly content?: Readonly<Record<string, { readonly schema: Schema }>>;
}

export interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly schema: Schema;
  readonly example?: unknown;
}

export interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly example?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean;
}

/** One method of one path, as the document has it. */
export interface Operation {
  /** `DELETE /admin/entitlements/{id}` */
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly parameters: readonly Parameter[];
  /** Null where it takes no body. */
  readonly body: Schema | null;
  readonly responses: Readonly<Record<string, DocumentedResponse>>;
  readonly needsAdmin: boolean;
  readonly needsToken: boolean;
}

/** Every operation, with the references of its body resolved. */
export function operationsOf(document: OpenApiDocument): readonly Operation[] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { parameters, requestBody, responses }]): Operation => {
      const schema = requestBody?.content['application/json']?.schema;
      return {
        name: `${method.toUpperCase()} ${path}`,
        method: method.toUpperCase(),
        path,
        parameters: parameters ?? [],
        body: schema === undefined ? null : resolve(document, schema),
        responses,
        needsAdmin: responses['403']?.description?.includes('admin_required') === true,
        needsToken: '401' in responses,
      };
    }),
  );
}

/** The methods of the document that take this raw path, by operation; HEAD is asked of GET. */
export function operationsAt(operations: readonly Operation[], rawPath: string): readonly Operation[] {
  return operations.filter(({ path }) => {
    const wanted = path.split('/');
    const found = rawPath.split('/');
    return (
      wanted.length === found.length &&
      wanted.every((part, index) => (part.startsWith('{') ? found[index] !== '' : part === found[index]))
    );
  });
}

/** The document as `npm run docs` wrote it: every route of a deployment with access tokens. */
export function publishedDocument(): OpenApiDocument {
  const file = new URL('../../docs/openapi.json', import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8')) as OpenApiDocument;
}

/** What was answered to whom, as far as it decides which codes may stand there. */
export interface AnsweredCode {
  /** HEAD is asked of GET. */
  readonly method: string;
  /** The path, with or without a query. */
  readonly target: string;
  readonly status: number;
  readonly code: string;
}

/** One line where the document does not name that code for that operation and status; `null` else, and for no operation. */
export function faultOfCode(operations: readonly Operation[], answered: AnsweredCode): string | null {
  const { method, target, status, code } = answered;
  const here = operationsAt(operations, target.split(/[?#]/)[0] ?? '');
  const operation = here.find((one) => one.method === (method === 'HEAD' ? 'GET' : method));
  if (operation === undefined) return null;
  const said = operation.responses[status]?.description ?? '';
  const codes = Array.from(said.matchAll(/^`([a-z_]+)`: /gm), ([, named]) => named);
  return codes.includes(code) ? null : `${status} ${code} is not documented for ${operation.name}`;
}

function resolve(document: OpenApiDocument, schema: Schema): Schema {
  const name = schema.$ref?.split('/').at(-1);
  return name === undefined ? schema : (document.components.schemas[name] ?? schema);
}
