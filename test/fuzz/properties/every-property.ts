import * as cookieHeader from '../../../src/http/messages.js';
import * as policy from '../../../src/cloudfront/policy.js';
import * as prefix from '../../../src/cloudfront/prefix.js';
import * as held from '../../../src/cloudfront/cookies/held-grants.js';
import * as setCookie from '../../../src/cloudfront/cookies/set-cookie.js';
import * as entitlement from '../../../src/entitlements/entitlement.js';
import { cookieProperties, type CookieRules } from './cookie-properties.js';
import type { NamedProperty, Tally } from './named-property.js';
import { policyProperties, type PolicyRules } from './policy-properties.js';
import { prefixProperties, type PrefixRules } from './prefix-properties.js';
import { heldProperties, type HeldRules } from './held-properties.js';

/** All of the code under test. */
export type Rules = PrefixRules & PolicyRules & CookieRules & HeldRules;

/** The code as it is. */
export const OUR_RULES: Rules = {
  ...prefix,
  ...entitlement,
  ...policy,
  ...setCookie,
  ...cookieHeader,
  ...held,
};

/** Every property, about these rules. */
export function everyProperty(rules: Rules, tally: Tally): readonly NamedProperty[] {
  return [
    ...prefixProperties(rules, tally),
    ...policyProperties(rules, tally),
    ...cookieProperties(rules, tally),
    ...heldProperties(rules, tally),
  ];
}
