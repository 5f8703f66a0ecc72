import type { Request, Response } from 'express';
import type { Clock } from '../clock/clock.js';
import type { HeldScopes } from './scopes-cookie.js';
import type { CookieSet } from './signed-cookies.js';

/** What a host application hands in; plain values, no environment variable is read. */
export interface CloudFrontOptions {
  /** The distribution as the viewer sees it: `https://cdn.example.com`. */
  readonly cloudFrontUrl: string;
  /** The API as browsers see it; may end in a path, under which our own cookie then lives. */
  readonly publicUrl: string;
  readonly appOrigins: readonly string[];
  /** May be left out where the key text begins with a line `Key-Pair-Id: K…`. */
  readonly keyPairId?: string | null;
  /** Any form of the contract: PEM with real newlines, `\n` escapes, quotes, or base64 of the PEM. */
  readonly privateKey: string;
  readonly hashAlgorithm?: 'SHA1' | 'SHA256';
  /** Default `production`. */
  readonly environment?: 'production' | 'development' | 'test';
  readonly cookies?: {
    readonly domain?: string | null;
    readonly sameSite?: 'Lax' | 'Strict' | 'None' | null;
    readonly secure?: boolean | null;
    readonly partitioned?: boolean | null;
    readonly path?: 'prefix' | 'root';
  };
  readonly clock?: Clock;
}

export class CloudFrontService {
  readonly keyPairId: string = '';
  /** What works but deserves a line in the log at start. */
  readonly warnings: readonly string[] = [];
  constructor(_options: CloudFrontOptions) {
    throw new Error('being built');
  }
  resourceFor(_prefix: string): string {
    throw new Error('being built');
  }
  prepare(_prefix: string, _expiresAt: Date | number): Promise<CookieSet> {
    throw new Error('being built');
  }
  write(_response: Response, _set: CookieSet, _viewer?: { readonly id: string }): void {
    throw new Error('being built');
  }
  held(_request: Request, _viewer?: { readonly id: string }): HeldScopes {
    throw new Error('being built');
  }
  /** The wider live scope of this viewer that the prefix lies in, or null; always null with COOKIE_PATH=root. */
  widerHeld(_request: Request, _prefix: string, _viewer?: { readonly id: string }): string | null {
    throw new Error('being built');
  }
  clear(_response: Response, _scopes?: readonly string[]): void {
    throw new Error('being built');
  }
  clearForeign(_response: Response, _viewer: { readonly id: string }): void {
    throw new Error('being built');
  }
}
