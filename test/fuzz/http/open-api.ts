/** What the fuzzer reads of an OpenAPI document. */
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

function resolve(document: OpenApiDocument, schema: Schema): Schema {
  const name = schema.$ref?.split('/').at(-1);
  return name === undefined ? schema : (document.components.schemas[name] ?? schema);
}
