import { describe } from '@jest/globals';
import { administrationAttacks } from './administration.attacks.js';
import { bodyAttacks } from './bodies.attacks.js';
import { cookieAttacks, WITH_KNOWN_KEY } from './cookies.attacks.js';
import { forgeryAttacks, WITH_SESSION_COOKIE } from './forgery.attacks.js';
import { hostileTests } from './stage.js';

// One process for all of them: it takes as much work to start as most of them do.
hostileTests(
  'on one service',
  (stage) => {
    describe('B: bodies, media types, methods, routes', () => {
      bodyAttacks(stage);
    });
    describe('C: cookies that go out', () => {
      cookieAttacks(stage);
    });
    describe('S: session and forgery', () => {
      forgeryAttacks(stage);
    });
    describe('A: admin routes, audit log, SQL', () => {
      administrationAttacks(stage);
    });
  },
  { ...WITH_KNOWN_KEY, ...WITH_SESSION_COOKIE },
);
