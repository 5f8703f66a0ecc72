import { createParamDecorator, UseGuards, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { readPrefix, type Prefix, type PrefixRefusal } from '../cloudfront/prefix.js';
import { Problem } from './problems/problem.js';

/** How the body of a request is received whose client holds it back until it hears `100 Continue`. */
const heldBack = new WeakMap<object, () => Promise<void>>();

/** Has {@link RequestBody} receive the body of this request. @param receive reads it into `request.body` */
export function awaitBody(request: object, receive: () => Promise<void>): void {
  heldBack.set(request, receive);
}

/** Whether the client holds back the body of this request. */
export function isAwaiting(request: object): boolean {
  return heldBack.has(request);
}

/**
 * Parameter of a route: the parsed body of the request. A client that asked beforehand whether it may send one gets its
 * `100 Continue` now, once the guards have let it pass: who is refused for a token, or for the length that was
 * announced, sends nothing in vain. Not an interceptor, because Nest then takes the answer of every call through several
 * Observables.
 */
export const RequestBody = createParamDecorator((_data: unknown, context: ExecutionContext): unknown => {
  const request = context.switchToHttp().getRequest<{ readonly body?: unknown }>();
  const receive = heldBack.get(request);
  if (receive === undefined) return request.body;
  heldBack.delete(request);
  return receive().then(() => request.body);
});

/**
 * Reads one member of a body: takes what came, `undefined` where it is absent; gives the value that the
 * program works with, or throws a {@link Problem} that says what was expected. Nothing is repaired.
 */
export type MemberReader<Value> = (value: unknown) => Value;

/** No call of ours has more than two levels; a host's own body parser may let much more through. */
const DEPTH_LIMIT = 32;

/**
 * Reads a parsed JSON body: one object, no unknown member, each known one by its reader. Of several faults
 * the first is answered: unknown members, then the readers in the order in which they are written.
 * @throws {Problem} `body_malformed`, `field_unknown`, or what a reader throws
 */
export function readBody<Members extends object>(
  body: unknown,
  readers: { readonly [Member in keyof Members]: MemberReader<Members[Member]> },
): Members {
  refuseOtherThanObject(body);
  const names = Object.keys(readers) as (keyof Members & string)[];
  refuseUnknownMembers(body, names);
  const read: Partial<Members> = {};
  for (const name of names) {
    const value = Object.hasOwn(body, name) ? (body as Record<string, unknown>)[name] : undefined;
    read[name] = readers[name](value);
  }
  return read as Members;
}

/** @throws {Problem} `body_malformed` for what is no object, or nests too deep */
export function refuseOtherThanObject(body: unknown): asserts body is object {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new Problem('body_malformed', {
      detail: 'The body must be one JSON object: { … }',
      reason: 'not_an_object',
    });
  }
  if (nestsDeeperThan(body, DEPTH_LIMIT)) {
    throw new Problem('body_malformed', {
      detail: `The body nests deeper than ${DEPTH_LIMIT} levels`,
      reason: 'too_deep',
    });
  }
}

/** Whether objects and arrays lie deeper in each other than `limit`. Without recursion: the input decides the depth (M03). */
function nestsDeeperThan(value: unknown, limit: number): boolean {
  let level = isContainer(value) ? [value] : [];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth === limit) return true;
    level = containers(level);
  }
  return false;
}

/** The objects and arrays that lie directly in these. */
export function containers(level: readonly object[]): object[] {
  const found: object[] = [];
  for (const container of level) {
    for (const value of Object.values(container) as unknown[]) if (isContainer(value)) found.push(value);
  }
  return found;
}

function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/**
 * Refuses an object that has members beside the known ones: what a caller misspelled must not pass for what
 * they left out. @throws {Problem} `field_unknown`, naming the members that exist and never those that came
 */
export function refuseUnknownMembers(value: object, known: readonly string[]): void {
  if (Object.keys(value).every((member) => known.includes(member))) return;
  const list = known.length === 0 ? 'none' : known.toSorted().join(', ');
  throw new Problem('field_unknown', { detail: `Members of this call: ${list}` });
}

/** A route that takes no query: any member of one is refused with `field_unknown`, once the caller may call. */
export function TakesNoQuery(): MethodDecorator {
  return UseGuards(WITHOUT_QUERY);
}

const NO_MEMBERS: readonly string[] = [];

const WITHOUT_QUERY: CanActivate = {
  canActivate(context) {
    const { query } = context.switchToHttp().getRequest<{ readonly query?: object }>();
    refuseUnknownMembers(query ?? {}, NO_MEMBERS);
    return true;
  },
};

/** A prefix rule: the value is a prefix, or it has exactly one fault. */
type PrefixReader<Read extends string> = (value: unknown) => { readonly prefix: Read } | PrefixRefusal;

/**
 * Reads a prefix that a caller must name, with one rule.
 * @throws {Problem} `prefix_required` where it is absent, else the fault of the prefix
 */
export function prefixMember<Read extends string>(rule: PrefixReader<Read>): (value: unknown) => Read {
  return (value) => {
    if (value === undefined) throw new Problem('prefix_required');
    const read = rule(value);
    if ('fault' in read) throw new Problem(read.fault, { detail: read.detail });
    return read.prefix;
  };
}

/** {@link prefixMember} with {@link readPrefix}: a prefix to open. */
export const requiredPrefix: (value: unknown) => Prefix = prefixMember(readPrefix);
