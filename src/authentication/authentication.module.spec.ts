import { Test } from '@nestjs/testing';
import { describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { AUDIENCE, ISSUER, NOW_EPOCH_SECONDS } from '../../test/support/token-issuer.js';
import type { Settings } from '../settings/settings.js';
import { Secret } from '../settings/secret.js';
import { adminGroupOf, AuthenticationModule, type AuthenticationInput } from './authentication.module.js';

const clock = { nowEpochSeconds: () => NOW_EPOCH_SECONDS };
const names = { viewerClaim: 'sub', groupsClaim: 'groups', adminGroup: null };

function input(
  environment: Settings['environment'],
  authentication: Settings['authentication'],
): AuthenticationInput {
  const publicUrl = { origin: 'https://api.example.com', basePath: '' };
  return { environment, publicUrl, appOrigins: [], authentication };
}

function jwt(secret: string): Settings['authentication'] {
  return {
    ...names,
    mode: 'jwt',
    keys: { kind: 'secret', secret: new Secret(secret) },
    issuer: ISSUER,
    audience: AUDIENCE,
    algorithms: ['HS256'],
    cookie: null,
  };
}

describe('demo mode', () => {
  it.each(['production', 'test'] as const)(
    'cannot exist in %s, whatever read the settings',
    (environment) => {
      expect(() =>
        AuthenticationModule.forRoot(input(environment, { ...names, mode: 'demo' }), { clock }),
      ).toThrow(`AUTH_MODE=demo: expected NODE_ENV development, found ${environment}. Set AUTH_MODE to jwt.`);
    },
  );

  it('does not take a short secret', () => {
    const settings = input('development', { ...names, mode: 'demo' });
    expect(() => AuthenticationModule.forRoot(settings, { clock, demoSecret: Buffer.alloc(31) })).toThrow(
      'expected at least 32 bytes; found 31 bytes',
    );
  });

  it('has the admin group admins where none is set', () => {
    expect(adminGroupOf({ ...names, mode: 'demo' })).toBe('admins');
    expect(adminGroupOf({ ...names, mode: 'demo', adminGroup: 'ops' })).toBe('ops');
    expect(adminGroupOf(jwt('x'.repeat(32)))).toBeNull();
  });
});

describe('jwt mode', () => {
  it('has no demo routes', async () => {
    const imports = [AuthenticationModule.forRoot(input('development', jwt('x'.repeat(32))), { clock })];
    const module = await Test.createTestingModule({ imports }).compile();
    const app = await module.createNestApplication({ logger: false }).init();
    const response = await request(app.getHttpServer()).post('/demo/sign-in').send({ user: 'alice' });
    await app.close();
    expect(response.status).toBe(404);
  });

  it('fails the start when the key source cannot be used', async () => {
    const imports = [AuthenticationModule.forRoot(input('production', jwt('short')), { clock })];
    await expect(Test.createTestingModule({ imports }).compile()).rejects.toThrow(
      'AUTH_SECRET: expected at least 32 bytes; found 5 bytes; make a longer one, at random',
    );
  });
});
