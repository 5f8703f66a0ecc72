import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { IssuerStage } from '../faults/issuer-stage.js';
import { ecKey } from '../support/token-issuer.js';

/** What is asked while the issuer sends one byte a second: it is given up after 5 s, and other tests go on. */
interface SlowDownload {
  readonly missing: Promise<string>;
  readonly held: Promise<string>;
}
const UNAVAILABLE = /^503 keys_unavailable \d+$/;

const held = ecKey('held');
const missing = ecKey('missing');
/** An API in this process, whose clock is the test's, and an issuer that sends what a test says. */
let lone: IssuerStage;
let opening: Promise<IssuerStage> | null = null;
let slow: SlowDownload | null = null;

/** Once for the two functions below, whose tests run without each other too. */
async function openOnce(): Promise<void> {
  lone = await (opening ??= openHolding());
}
afterAll(async () => (await opening)?.close());

async function openHolding(): Promise<IssuerStage> {
  const stage = await IssuerStage.open(held);
  await stage.ask(held);
  return stage;
}

function slowDownload(): SlowDownload {
  if (slow === null) {
    lone.api.clock.forward(31);
    lone.issuer.answer((_, response) => {
      const timer = setInterval(() => response.write(' '), 1_000);
      response.once('close', () => clearInterval(timer));
    });
    slow = { missing: lone.ask(missing), held: lone.ask(held) };
  }
  return slow;
}

/** J: an issuer that sends what no issuer should; when they are over the download of {@link slowKeySetAttack} begins. */
export function keySetAttacks(): void {
  beforeAll(openOnce);
  afterAll(() => void slowDownload());

  test('J49 a redirect into the own network is not followed: 503, and a key that is held goes on', async () => {
    let followed = 0;
    const target = createServer((_, response) => response.end(JSON.stringify({ keys: [missing.jwk] })));
    target.on('connection', () => (followed += 1));
    await new Promise<void>((resolve) => target.listen(0, '127.0.0.1', resolve));
    const { port } = target.address() as AddressInfo;
    for (const location of [`http://127.0.0.1:${port}/latest/meta-data`, 'http://169.254.169.254/']) {
      lone.api.clock.forward(31);
      lone.issuer.answer((_, response) => response.writeHead(302, { Location: location }).end());
      expect([await lone.ask(missing), await lone.ask(held)]).toEqual([
        expect.stringMatching(UNAVAILABLE),
        '201',
      ]);
    }
    await new Promise((resolve) => target.close(resolve));
    expect(followed).toBe(0);
  });

  test.each([
    ['10 MB', 'application/json', ' '.repeat(10 * 1024 ** 2)],
    ['HTML', 'text/html', '<!doctype html><title>Sign in</title>'],
    ['HTML that calls itself JSON', 'application/json', '<!doctype html><title>Sign in</title>'],
  ])('J50 %s is 503 only for tokens that need the missing key', async (_what, type, body) => {
    lone.api.clock.forward(31);
    lone.issuer.answer((_, response) => response.writeHead(200, { 'Content-Type': type }).end(body));
    expect([await lone.ask(missing), await lone.ask(held)]).toEqual([
      expect.stringMatching(UNAVAILABLE),
      '201',
    ]);
  });
}

/** The last of them, for the end of a spec file: it is waited for. */
export function slowKeySetAttack(): void {
  beforeAll(openOnce);

  test('J50 one byte a second is given up after 5 s, and meanwhile a key that is held goes on', async () => {
    expect(await slowDownload().held).toBe('201');
    expect(await slowDownload().missing).toMatch(UNAVAILABLE);
  });
}
