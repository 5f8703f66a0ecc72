import { Controller, Get, Header, HttpCode, Inject, Post, Req, Res, UseFilters } from '@nestjs/common';
import type { Request, Response } from 'express';
import { CloudFrontService } from '../cloudfront/cloudfront.service.js';
import { RequestBody, TakesNoQuery, readBody, type MemberReader, requiredPrefix } from '../http/members.js';
import { OwnProblemFilter } from '../http/problems/problem.filter.js';
import { callerOf, type Caller } from '../authentication/viewer.js';
import { GrantsUnderWay } from './grants-under-way.js';
import { GrantsService, MIN_TTL_SECONDS, type Granted } from './grants.service.js';
import type { ReadViewer, GrantRecord } from './ports.js';
import type { Prefix } from '../cloudfront/prefix.js';
import { Problem } from '../http/problems/problem.js';
import { toTimestamp } from '../operation/clock.js';

/** Injection token of {@link ReadViewer}. */
export const READ_VIEWER = Symbol('edgepass.read-viewer');

/**
 * Asks for access and lists it. Who may call is decided by the guards of the viewer port: `GrantsModule.of` puts them
 * on, and `app.module.ts` says which the service has.
 */
@Controller('grants')
@UseFilters(OwnProblemFilter)
export class GrantsController {
  constructor(
    @Inject(GrantsService) private readonly grants: GrantsService,
    @Inject(CloudFrontService) private readonly cloudFront: CloudFrontService,
    @Inject(READ_VIEWER) private readonly readViewer: ReadViewer,
    @Inject(GrantsUnderWay) private readonly underWay: GrantsUnderWay,
  ) {}

  @Post()
  @TakesNoQuery()
  @HttpCode(201)
  @Header('Cache-Control', 'no-store')
  async ask(
    // `unknown`: a host's own global ValidationPipe checks declared classes only, and would refuse in other words.
    @RequestBody() body: unknown,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<GrantedAnswer> {
    const { prefix, ttlSeconds } = readGrantRequest(body, this.grants.maxTtlSeconds);
    const caller = await this.callerOf(request);
    this.underWay.belongsTo(response, caller.id);
    const wider = this.cloudFront.widerHeld(request, prefix, caller);
    const granted = await this.grants.grant(caller, prefix, ttlSeconds, wider).catch((error: unknown) => {
      // Who is refused holds nothing of another viewer either.
      this.cloudFront.tidy(response, caller);
      throw error;
    });
    this.cloudFront.write(response, granted.cookies, caller);
    return grantedAnswer(granted);
  }

  @Get()
  @TakesNoQuery()
  @Header('Cache-Control', 'no-store')
  async list(@Req() request: Request, @Res({ passthrough: true }) response: Response): Promise<GrantsAnswer> {
    const caller = await this.callerOf(request);
    this.cloudFront.tidy(response, caller);
    const grants = await this.grants.unexpired(caller);
    return { grants: grants.map(grantAnswer) };
  }

  private async callerOf(request: Request): Promise<Caller> {
    return callerOf(await this.readViewer(request));
  }
}

/** Body of `POST /grants`. */
export interface GrantRequest {
  readonly prefix: Prefix;
  readonly ttlSeconds: number | undefined;
}

/**
 * Takes the parsed body of `POST /grants`, whatever it is, and the longest lifetime, which a refusal names; gives
 * what the body asks for.
 * @throws {Problem} `body_malformed`, `field_unknown`, the faults of a prefix, `ttl_invalid`
 */
function readGrantRequest(body: unknown, maxTtlSeconds: number): GrantRequest {
  return readBody(body, { prefix: requiredPrefix, ttlSeconds: ttlMember(maxTtlSeconds) });
}

/**
 * Reads a lifetime that a caller may name; the range is looked at later.
 * @param maxTtlSeconds the longest one, which a refusal names
 * @throws {Problem} `ttl_invalid` for anything but an integer
 */
export function ttlMember(maxTtlSeconds: number): MemberReader<number | undefined> {
  return (value) => {
    if (value === undefined || Number.isSafeInteger(value)) return value as number | undefined;
    throw new Problem('ttl_invalid', {
      detail: `ttlSeconds must be a JSON integer from ${MIN_TTL_SECONDS} to ${maxTtlSeconds}; found ${kindOf(value)}.`,
    });
  };
}

/** What came, without its value: input is never repeated in an answer. */
function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'string') return 'a string';
  if (typeof value !== 'number') return typeof value === 'boolean' ? 'a boolean' : 'an object';
  // The parser gives Infinity for 1e400; past 2^53 every number is an integer.
  return Number.isInteger(value) || !Number.isFinite(value) ? 'a number far outside' : 'a fraction';
}

/** One grant, as `GET /grants` lists it. */
export interface GrantAnswer {
  readonly id: string;
  /** A folder, or of a signed URL of one file its path. */
  readonly prefix: string;
  readonly resource: string;
  readonly issuedAs: GrantRecord['issuedAs'];
  readonly issuedAt: string;
  readonly expiresAt: string;
}

/** Answer of `GET /grants`. */
export interface GrantsAnswer {
  readonly grants: readonly GrantAnswer[];
}

/** Answer of `POST /grants`; the cookies travel in the headers. */
export interface GrantedAnswer {
  readonly id: string;
  /** What the cookies open: at least what was asked. */
  readonly prefix: string;
  readonly resource: string;
  readonly expiresAt: string;
  /** When to ask again, so that nothing stops. */
  readonly renewAfter: string;
  readonly keyPairId: string;
}

/** A grant for the list. */
function grantAnswer(record: GrantRecord): GrantAnswer {
  return {
    id: record.id,
    prefix: record.prefix,
    resource: record.resource,
    issuedAs: record.issuedAs,
    issuedAt: toTimestamp(record.issuedAtEpochSeconds),
    expiresAt: toTimestamp(record.expiresAtEpochSeconds),
  };
}

/** A grant that has just been made. */
function grantedAnswer({ record, renewAfterEpochSeconds }: Granted): GrantedAnswer {
  return {
    id: record.id,
    prefix: record.prefix,
    resource: record.resource,
    expiresAt: toTimestamp(record.expiresAtEpochSeconds),
    renewAfter: toTimestamp(renewAfterEpochSeconds),
    keyPairId: record.keyPairId,
  };
}
