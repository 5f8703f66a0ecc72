import { getSignedCookies } from '@aws-sdk/cloudfront-signer';
import express from 'express';
import { serveHttps } from '../browser/own-server.js';
import { pemOf, TEST_KEY, TEST_KEY_PAIR_ID } from '../support/api.js';
import type { TestCertificates } from '../support/test-certificates.js';
import { APP, CDN } from './addresses.js';

/** What the backend of the first article sets on each of its three cookies. */
const ARTICLE_COOKIE = { httpOnly: true, secure: true, sameSite: 'lax', domain: '.junlog.dev' } as const;

/** The article's CloudFrontService, word for word but for where the settings come from. */
class CloudFrontService {
  private readonly domain = CDN;
  private readonly keyPairId = TEST_KEY_PAIR_ID;
  private readonly privateKey = pemOf(TEST_KEY.privateKey);

  generateSignedCookies(basePath: string, expiresInMs: number = 100000) {
    const url = `${this.domain}/${basePath}/*`;
    const expiry = Math.floor((Date.now() + expiresInMs) / 1000);
    const policy = JSON.stringify({
      Statement: [{ Resource: url, Condition: { DateLessThan: { 'AWS:EpochTime': expiry } } }],
    });
    return getSignedCookies({ policy, keyPairId: this.keyPairId, privateKey: this.privateKey });
  }
}

/** Starts the backend of the first article: it hands out cookies for `.junlog.dev` wherever it runs. Gives its port. */
export function startArticleBackend(certificates: TestCertificates): Promise<number> {
  const cloudFront = new CloudFrontService();
  const app = express();
  app.post('/grants/:course', (request, response) => {
    const expiresInMs = 100000;
    const cookies = cloudFront.generateSignedCookies(`courses/${request.params.course}`, expiresInMs);
    for (const [name, value] of Object.entries(cookies)) {
      response.cookie(name, value, { ...ARTICLE_COOKIE, maxAge: expiresInMs });
    }
    response.set({ 'Access-Control-Allow-Origin': APP, 'Access-Control-Allow-Credentials': 'true' });
    response.status(201).json({ granted: true });
  });
  return serveHttps(certificates, app);
}
