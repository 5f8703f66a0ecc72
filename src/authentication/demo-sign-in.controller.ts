import type { IncomingMessage, ServerResponse } from 'node:http';
import { Controller, Delete, HttpCode, Inject, Post, Req, Res } from '@nestjs/common';
import {
  ApiBody,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiProperty,
  ApiTags,
} from '@nestjs/swagger';
import { toTimestamp } from '../operation/clock.js';
import { AnswersProblems, BODY_PROBLEMS } from '../http/problems/answers-problems.decorator.js';
import { RequestBody, TakesNoQuery, readBody } from '../http/members.js';
import { Problem } from '../http/problems/problem.js';
import { DEMO_COOKIE, DEMO_SIGN_IN, DEMO_TOKEN_LIFETIME_SECONDS, type DemoSignIn } from './demo-sign-in.js';
import { assertNotForged } from './forgery-check.js';
import { knownViewer, SIGN_IN_POLICY, type SignInPolicy } from './viewer.guard.js';
import type { Viewer } from './viewer.js';

/** Body of `POST /demo/sign-in`. */
export class DemoSignInBody {
  @ApiProperty({ example: 'alice', description: 'alice, bob or carol' })
  user!: string;
}

/** Answer of `POST /demo/sign-in`; the cookie carries the same token. */
export class DemoSignInAnswer {
  @ApiProperty()
  accessToken!: string;

  @ApiProperty({ example: '2026-11-20T17:00:00Z' })
  expiresAt!: string;
}

/** How the demo cookie is set: decided by the address of the API alone, never by the request. */
export interface DemoCookieAttributes {
  readonly secure: boolean;
  /** The base path of the API, `/` at the least. */
  readonly path: `/${string}`;
}

/**
 * Called when somebody has signed in, before the answer leaves: what another viewer left in this browser goes
 * now. What that may be is not known here.
 * @param previous who was signed in in this browser, `null` for nobody
 */
export type OnSignedIn = (
  response: ServerResponse,
  viewer: { readonly id: string },
  previous: Viewer | null,
) => void | Promise<void>;

/** Injection token of {@link OnSignedIn}. */
export const ON_SIGNED_IN = Symbol('edgepass.on-signed-in');

/** Injection token of the {@link DemoCookieAttributes}. */
export const DEMO_COOKIE_ATTRIBUTES = Symbol('edgepass.demo-cookie-attributes');

/** Signs demo users in and out. Exists in demo mode only. */
@ApiTags('demo')
@Controller('demo/sign-in')
export class DemoSignInController {
  constructor(
    @Inject(DEMO_SIGN_IN) private readonly demo: DemoSignIn,
    @Inject(SIGN_IN_POLICY) private readonly policy: SignInPolicy,
    @Inject(DEMO_COOKIE_ATTRIBUTES) private readonly attributes: DemoCookieAttributes,
    @Inject(ON_SIGNED_IN) private readonly onSignedIn: OnSignedIn,
  ) {}

  @Post()
  @TakesNoQuery()
  @HttpCode(200)
  @ApiOperation({ summary: 'Sign in as a demo user' })
  @ApiBody({ type: DemoSignInBody })
  @ApiOkResponse({ type: DemoSignInAnswer })
  @AnswersProblems(...BODY_PROBLEMS, 'user_unknown', 'csrf_rejected')
  async signIn(
    @Req() request: IncomingMessage,
    @Res({ passthrough: true }) response: ServerResponse,
    @RequestBody() body: unknown,
  ): Promise<DemoSignInAnswer> {
    const { user } = readBody(body, { user: userName });
    this.#refuseForeignPages(request);
    const { accessToken, expiresAtEpochSeconds } = await this.demo.signIn(user);
    const previous = await knownViewer(request, this.demo.verifier, { tokenCookie: DEMO_COOKIE });
    await this.onSignedIn(response, { id: user }, previous);
    response.appendHeader('Set-Cookie', this.#cookieLine(accessToken, DEMO_TOKEN_LIFETIME_SECONDS));
    return { accessToken, expiresAt: toTimestamp(expiresAtEpochSeconds) };
  }

  @Delete()
  @TakesNoQuery()
  @HttpCode(204)
  @ApiOperation({ summary: 'Sign out: clears the demo cookie of this browser' })
  @ApiNoContentResponse()
  @AnswersProblems('csrf_rejected')
  signOut(@Req() request: IncomingMessage, @Res({ passthrough: true }) response: ServerResponse): void {
    this.#refuseForeignPages(request);
    response.appendHeader('Set-Cookie', this.#cookieLine('', 0));
  }

  /** A foreign page must not sign its visitor in as somebody else (login CSRF); a program may call. */
  #refuseForeignPages(request: IncomingMessage): void {
    assertNotForged(request, { ...this.policy, withoutBrowserHeaders: 'allow' });
  }

  #cookieLine(value: string, maxAgeSeconds: number): string {
    const { path, secure } = this.attributes;
    const parts = [`${DEMO_COOKIE}=${value}`, `Max-Age=${maxAgeSeconds}`, `Path=${path}`, 'HttpOnly'];
    if (secure) parts.push('Secure');
    return [...parts, 'SameSite=Lax'].join('; ');
  }
}

function userName(value: unknown): string {
  if (typeof value !== 'string') throw new Problem('user_unknown');
  return value;
}
