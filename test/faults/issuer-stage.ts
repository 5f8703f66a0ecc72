import { startTestApi, TEST_AUTHENTICATION, type TestApi } from '../support/api.js';
import { signedBearer, startIssuer, type Issuer } from '../support/issuer.js';
import { setCookieLines } from '../support/set-cookie-lines.js';
import type { TestKey } from '../support/token-issuer.js';

/** An issuer, and an API on SQLite that takes its tokens; everyone may open `courses`. The clock is the test's. */
export class IssuerStage {
  private constructor(
    readonly issuer: Issuer,
    readonly api: TestApi,
  ) {}

  static async open(key: TestKey): Promise<IssuerStage> {
    const issuer = await startIssuer();
    issuer.publish(key);
    const keys = { kind: 'jwks', url: issuer.url } as const;
    const authentication = { ...TEST_AUTHENTICATION, keys, algorithms: ['ES256'] };
    const api = await startTestApi('sqlite', { authentication });
    await api.give({ subject: 'everyone', prefix: 'courses' });
    return new IssuerStage(issuer, api);
  }

  bearer(key: TestKey): string {
    return signedBearer(key, this.api.clock.nowEpochSeconds());
  }

  /** What `POST /grants` says: `201`, or status, code and Retry-After of a problem, and then never with a cookie. */
  async ask(key: TestKey): Promise<string> {
    const response = await this.api.http
      .post('/grants')
      .set('Authorization', this.bearer(key))
      .send({ prefix: 'courses' });
    if (response.status === 201) return '201';
    if (setCookieLines(response).length > 0) throw new Error(`a cookie with a ${response.status}`);
    const { code } = response.body as { code: string };
    return `${response.status} ${code} ${response.headers['retry-after'] ?? ''}`.trim();
  }

  readonly isReady = async (): Promise<boolean> => (await this.api.http.get('/health/ready')).status === 200;

  /** Gives what the log says of the keys from now on: a reason, or `there`, for each line. */
  linesAboutKeys(): () => readonly string[] {
    const from = this.api.log.length;
    return () =>
      this.api.log
        .slice(from)
        .map((line) => JSON.parse(line) as { msg: string; reason?: string })
        .filter(({ msg }) => msg.startsWith('the keys of access tokens'))
        .map(({ reason }) => reason ?? 'there');
  }

  async close(): Promise<void> {
    await this.api.close();
    await this.issuer.stop();
  }
}
