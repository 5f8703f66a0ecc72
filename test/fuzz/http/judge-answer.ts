import { Ajv, type ValidateFunction } from 'ajv';
import { PROBLEM_CODES, type ProblemCode } from '../../../src/http/problems/problem-codes.js';
import { faultsOf, type Promises } from '../../hostile/harmless.js';
import type { RawAnswer } from '../keep-alive-client.js';
import { faultOfPrefix } from '../properties/prefix-oracle.js';
import {
  faultOfCode,
  operationsAt,
  type OpenApiDocument,
  type Operation,
  type Schema,
} from '../../support/open-api.js';
import type { FuzzRequest } from './requests.js';
import { MARKER } from './values.js';

/** Gives one line for each rule that an answer breaks. */
export type JudgeAnswer = (request: FuzzRequest, answer: RawAnswer) => readonly string[];

/** What the server itself, or the reader of bodies, may say to any request, also to no operation. */
const GENERAL = [400, 408, 413, 415, 429, 431, 500, 503];

/**
 * A judge for the answers of a deployment: harmless as every answer, of a status that the document has for
 * the operation, with a body as it says.
 */
export function judgeOf(
  document: OpenApiDocument,
  operations: readonly Operation[],
  promises: Promises,
): JudgeAnswer {
  const schemas = new Schemas(document);
  return (request, answer) => {
    const received = `${answer.head}\r\n\r\n${answer.body.toString('latin1')}`;
    const asked = operationFor(operations, request);
    return [
      ...faultsOf({ sent: request.bytes.toString('latin1'), received }, promises),
      ...faultsOfStatus(answer.status, asked),
      ...(answer.status >= 400 ? faultsOfProblem(answer, request, operations, schemas) : []),
      ...(answer.status < 400 ? faultsOfContent(answer, request.method, asked, schemas) : []),
      ...faultsOfCors(request, answer, promises),
    ];
  };
}

/** What a request asks for: one operation, other methods of its path, an address that is not in the document. */
type Asked =
  | { readonly kind: 'operation'; readonly operation: Operation }
  | { readonly kind: 'other method' | 'nothing' | 'preflight' | 'unclear' };

function operationFor(operations: readonly Operation[], { method, target }: FuzzRequest): Asked {
  // A target that begins otherwise, or has a fragment, is read in more than one way.
  if (!target.startsWith('/') || target.includes('#')) return { kind: 'unclear' };
  if (method === 'OPTIONS') return { kind: 'preflight' };
  const here = operationsAt(operations, target.split(/[?#]/)[0] ?? '');
  const operation = here.find((one) => one.method === (method === 'HEAD' ? 'GET' : method));
  if (operation !== undefined) return { kind: 'operation', operation };
  return { kind: here.length > 0 ? 'other method' : 'nothing' };
}

function faultsOfStatus(status: number, asked: Asked): readonly string[] {
  if (asked.kind === 'unclear') return [];
  const documented = {
    operation: () => Object.keys('operation' in asked ? asked.operation.responses : {}).map(Number),
    'other method': () => [405, ...GENERAL],
    nothing: () => [404, ...GENERAL],
    preflight: () => [204, 404, 405, ...GENERAL],
  }[asked.kind]();
  if (documented.includes(status)) return [];
  const name = 'operation' in asked ? asked.operation.name : asked.kind;
  return [`status ${status} is not documented for ${name}`];
}

function faultsOfProblem(
  answer: RawAnswer,
  { method, target }: FuzzRequest,
  operations: readonly Operation[],
  schemas: Schemas,
): readonly string[] {
  if (method === 'HEAD' && answer.body.length === 0) return [];
  const headers = answer.head.toLowerCase();
  const problem = parse(answer.body);
  if (!schemas.isValid('ProblemDto', problem)) return ['the problem is not as the document says'];
  const { type, title, code, instance } = problem as Record<string, string>;
  const known = PROBLEM_CODES[code as ProblemCode];
  const rules: readonly (readonly [boolean, string])[] = [
    [title === known.title && type === `urn:edgepass:error:${code}`, 'the problem is not that of its code'],
    [/^urn:uuid:[0-9a-f-]{36}$/.test(instance ?? ''), 'the problem has no instance'],
    [
      !withoutCorrectedName(answer.body.toString()).includes(MARKER) && !headers.includes(MARKER),
      'the refusal repeats its input',
    ],
    [answer.status !== 401 || headers.includes('\nwww-authenticate: bearer'), '401 without a challenge'],
    [answer.status !== 405 || headers.includes('\nallow: '), '405 without Allow'],
    [answer.status !== 429 || headers.includes('\nretry-after: '), '429 without Retry-After'],
  ];
  const ofCode = faultOfCode(operations, { method, target, status: answer.status, code: code ?? '' });
  return [...rules.flatMap(([isKept, rule]) => (isKept ? [] : [rule])), ...(ofCode === null ? [] : [ofCode])];
}

/** The refusal of a prefix or path may say which name to write: one that is legal, as the oracle of the properties reads it. */
function withoutCorrectedName(body: string): string {
  if (!/"code":"(?:prefix_|path_invalid)/.test(body)) return body;
  return body.replace(/(?<=(?:Write|open) )\\"([^"\\]*)\\"/g, (quoted, name: string) =>
    faultOfPrefix(name) === null ? '' : quoted,
  );
}

function faultsOfContent(
  answer: RawAnswer,
  method: string,
  asked: Asked,
  schemas: Schemas,
): readonly string[] {
  if (method === 'HEAD' || asked.kind !== 'operation') {
    return answer.body.length === 0 || asked.kind === 'unclear' ? [] : ['a body where none belongs'];
  }
  const schema = asked.operation.responses[answer.status]?.content?.['application/json']?.schema;
  if (schema === undefined) return answer.body.length === 0 ? [] : ['a body that is not documented'];
  const name = schema.$ref?.split('/').at(-1) ?? '';
  const isJson = /\r\ncontent-type: application\/json(?:; charset=utf-8)?\r\n/i.test(answer.head);
  if (!isJson) return ['the body is not application/json'];
  const value = parse(answer.body);
  return schemas.isValid(name, value) ? [] : [`the body is no ${name}: ${schemas.why(name)}`];
}

function faultsOfCors(request: FuzzRequest, answer: RawAnswer, promises: Promises): readonly string[] {
  const { origin } = request;
  // The parser's own refusals know no headers for certain.
  const isParsers = answer.head.startsWith(`HTTP/1.1 ${answer.status} Refused`);
  if (origin === null || isParsers) return [];
  const isListed = promises.appOrigins.includes(origin);
  const isAllowed = /\r\naccess-control-allow-origin: (.*)\r\n/i.exec(answer.head)?.[1] === origin;
  return isListed === isAllowed ? [] : [`CORS headers for ${origin}: ${String(isAllowed)}`];
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8')) as unknown;
  } catch {
    return undefined;
  }
}

/** The schemas of the document; what they do not name may not be there. */
class Schemas {
  readonly #ajv = new Ajv({ strict: false });
  readonly #compiled = new Map<string, ValidateFunction>();

  constructor(document: OpenApiDocument) {
    const schemas = Object.entries(document.components.schemas).map(([name, schema]): [string, Schema] => [
      name,
      schema.properties === undefined ? schema : { additionalProperties: false, ...schema },
    ]);
    // The references inside begin with `#`: they mean this document.
    this.#ajv.addSchema({ $id: 'document', components: { schemas: Object.fromEntries(schemas) } });
  }

  isValid(name: string, value: unknown): boolean {
    return this.#validator(name)(value);
  }

  /** What the last value of that schema broke. */
  why(name: string): string {
    return this.#ajv.errorsText(this.#validator(name).errors);
  }

  #validator(name: string): ValidateFunction {
    const known = this.#compiled.get(name);
    if (known !== undefined) return known;
    const made = this.#ajv.compile({ $ref: `document#/components/schemas/${name}` });
    this.#compiled.set(name, made);
    return made;
  }
}
