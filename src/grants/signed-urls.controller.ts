import { Controller, Header, HttpCode, Inject, Post, Req, UseFilters } from '@nestjs/common';
import type { Request } from 'express';
import type { UrlScope } from '../cloudfront/cloudfront.service.js';
import { liesIn, readFilePath, type Prefix } from '../cloudfront/prefix.js';
import { RequestBody, requiredPrefix, readBody, TakesNoQuery } from '../http/members.js';
import { Problem } from '../http/problems/problem.js';
import { OwnProblemFilter } from '../http/problems/problem.filter.js';
import { toTimestamp } from '../operation/clock.js';
import { callerOf } from '../authentication/viewer.js';
import { READ_VIEWER, ttlMember } from './grants.controller.js';
import { GrantsService, type GrantedUrl } from './grants.service.js';
import type { ReadViewer } from './ports.js';

/**
 * Gives a signed URL for what cannot hold cookies. It sets none and clears none: what this browser holds is
 * as it was.
 */
@Controller('signed-urls')
@UseFilters(OwnProblemFilter)
export class SignedUrlsController {
  constructor(
    @Inject(GrantsService) private readonly grants: GrantsService,
    @Inject(READ_VIEWER) private readonly readViewer: ReadViewer,
  ) {}

  @Post()
  @TakesNoQuery()
  @HttpCode(201)
  @Header('Cache-Control', 'no-store')
  async ask(@RequestBody() body: unknown, @Req() request: Request): Promise<SignedUrlAnswer> {
    const { path, prefix, ttlSeconds } = readUrlRequest(body, this.grants.maxTtlSeconds);
    const caller = callerOf(await this.readViewer(request));
    return signedUrlAnswer(await this.grants.grantUrl(caller, { path, prefix }, ttlSeconds));
  }
}

/** Body of `POST /signed-urls`. */
export interface SignedUrlRequest extends UrlScope {
  readonly ttlSeconds: number | undefined;
}

/**
 * Takes the parsed body of `POST /signed-urls`, whatever it is, and the longest lifetime, which a refusal names.
 * @throws {Problem} `body_malformed`, `field_unknown`, `path_invalid`, the faults of a prefix, `ttl_invalid`
 */
function readUrlRequest(body: unknown, maxTtlSeconds: number): SignedUrlRequest {
  const read = readBody<SignedUrlRequest>(body, {
    path: requiredPath,
    prefix: (value) => (value === undefined ? null : requiredPrefix(value)),
    ttlSeconds: ttlMember(maxTtlSeconds),
  });
  if (read.prefix !== null && !liesIn(read.path, read.prefix)) {
    throw new Problem('path_invalid', { detail: 'The file must lie in the folder that prefix names.' });
  }
  return read;
}

function requiredPath(value: unknown): Prefix {
  const read = readFilePath(value);
  if ('detail' in read) throw new Problem('path_invalid', { detail: read.detail });
  return read.path;
}

/** Answer of `POST /signed-urls`. */
export interface SignedUrlAnswer {
  readonly id: string;
  /** Everybody who has it opens the file, until it ends. */
  readonly url: string;
  /** What the query opens: the address of the file, or with a prefix everything below that folder. */
  readonly resource: string;
  readonly expiresAt: string;
  readonly keyPairId: string;
}

function signedUrlAnswer({ record, signed }: GrantedUrl): SignedUrlAnswer {
  return {
    id: record.id,
    url: signed.url,
    resource: record.resource,
    expiresAt: toTimestamp(record.expiresAtEpochSeconds),
    keyPairId: record.keyPairId,
  };
}
