import {
  Controller,
  Delete,
  Header,
  HttpCode,
  Inject,
  Logger,
  Query,
  Req,
  Res,
  UseFilters,
} from '@nestjs/common';
import type { Request, Response } from 'express';
import { assertNotForged, type ForgeryPolicy } from '../authentication/forgery-check.js';
import { readPrefix } from '../cloudfront/prefix.js';
import { refuseUnknownMembers } from '../http/members.js';
import { Problem } from '../http/problems/problem.js';
import { OwnProblemFilter } from '../http/problems/problem.filter.js';
import { callerOf, type Caller } from '../authentication/viewer.js';
import { ClearGrantsService } from './clear-grants.service.js';
import type { ReadViewer } from './ports.js';

/** Injection token of the {@link ForgeryPolicy} of calls that cookies alone authorise. */
export const FORGERY_POLICY = Symbol('edgepass.forgery-policy');

/** Injection token of a {@link ReadViewer} that needs no guard before it. */
export const KNOWN_VIEWER = Symbol('edgepass.known-viewer');

const MEMBERS: readonly string[] = ['prefix'];

/**
 * Takes the cookies of this browser back. It asks for no token: somebody whose token has expired must be
 * able to leave, and nobody gains by it. A page elsewhere may not make a browser do it.
 */
@Controller('grants')
@UseFilters(OwnProblemFilter)
export class ClearGrantsController {
  constructor(
    @Inject(ClearGrantsService) private readonly grants: ClearGrantsService,
    @Inject(KNOWN_VIEWER) private readonly knownViewer: ReadViewer,
    @Inject(FORGERY_POLICY) private readonly forgery: ForgeryPolicy,
  ) {}

  @Delete()
  @HttpCode(204)
  @Header('Cache-Control', 'no-store')
  async clear(
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
    @Query() query: Readonly<Record<string, unknown>>,
  ): Promise<void> {
    assertNotForged(request, this.forgery);
    // A misspelled `prefix` would clear everything.
    refuseUnknownMembers(query, MEMBERS);
    const { prefix } = query;
    if (prefix === undefined) {
      await this.grants.everything(response, await this.#knownCaller(request));
      return;
    }
    const read = readPrefix(prefix);
    if ('fault' in read) throw new Problem(read.fault, { detail: read.detail });
    await this.grants.one(response, read.prefix, await this.#knownCaller(request));
  }

  /** Who cannot be named leaves all the same. */
  async #knownCaller(request: Request): Promise<Caller | null> {
    try {
      const viewer = await this.knownViewer(request);
      return viewer ? callerOf(viewer) : null;
    } catch (error) {
      new Logger(ClearGrantsController.name).warn(`who signs out could not be found out: ${String(error)}`);
      return null;
    }
  }
}
