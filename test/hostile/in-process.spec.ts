import { describe } from '@jest/globals';
import { onEveryDatabase } from '../support/api.js';
import { IS_WHOLE } from '../support/whole.js';
import { keySetAttacks, slowKeySetAttack } from './key-sets.attacks.js';
import { lifetimeAttacks } from './lifetimes.attacks.js';
import { prefixAttacks } from './prefixes.attacks.js';
import { rightAttacks } from './rights.attacks.js';

// One file for all that needs no process: it takes longer to load the service than to ask it.
describe('J: a key set that cannot be had', () => {
  keySetAttacks();
});

onEveryDatabase('hostile inputs', (api, database) => {
  describe('P: prefixes', () => {
    prefixAttacks(api, database);
  });
  // Decided before a database is asked.
  if (database !== 'sqlite' && !IS_WHOLE) return;
  describe('T: lifetimes', () => {
    lifetimeAttacks(api);
  });
});

describe('A: rights and the audit log', () => {
  rightAttacks();
});

describe('J: a key set that takes its time', () => {
  slowKeySetAttack();
});
