import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { DEFAULT_SWITCHES, SWITCHES } from './switches.js';

describe('the switches for what AWS leaves open', () => {
  it('stand in docs/evidence/edge.md, each with its values, rules and meaning', () => {
    const page = readFileSync(new URL('../../../../docs/evidence/edge.md', import.meta.url), 'utf8');
    const table = page.slice(page.indexOf('<!-- switches -->'), page.indexOf('<!-- /switches -->'));
    const rows = table
      .split('\n')
      .filter((line) => line.startsWith('| `'))
      .map((line) => line.split('|').map((cell) => cell.trim()));
    expect(rows.map((cells) => cells.slice(1, 5))).toEqual(
      Object.entries(SWITCHES).map(([name, { values, rules, meaning }]) => [
        `\`${name}\``,
        values.map((value) => `\`${value}\``).join(', '),
        rules,
        meaning,
      ]),
    );
  });

  it('stand at the defaults that docs/rules.md names', () => {
    expect(DEFAULT_SWITCHES).toEqual({
      sha256Cookies: 'accept',
      statementObject: 'refuse',
      unknownPolicyMembers: 'ignore',
      unknownConditions: 'refuse',
      duplicatePolicyMembers: 'refuse',
      policyWithoutResource: 'accept',
      cookieWildcards: 'sectioned',
      cookieProtocolWildcards: 'accept',
      questionMark: 'either',
      hostCase: 'insensitive',
      hostPort: 'verbatim',
      methodCheck: 'first',
      refusalHeaders: 'none',
      errorPageHeaders: 'request',
      policyOnOriginErrors: 'apply',
      policyOnNotModified: 'apply',
      corsWithoutOrigin: 'none',
      corsForOtherOrigin: 'none',
      policyPreflight: 'options',
      anyOriginWithCredentials: 'refuse',
      originCorsWhenUnmatched: 'keep',
      policyVary: 'none',
      originVary: 'forwarded',
      millisecondEpochs: 'accept',
      expirySecond: 'deny',
      quotedEpochs: 'refuse',
      policyAndExpires: 'policy',
      duplicateCookies: 'first',
      missingSignature: 'MalformedSignature',
      missingPolicy: 'MalformedPolicy',
      decodingOrder: 'policy-first',
      absurdKeyPairId: 'MissingKey',
      pathWithTwoReadings: 'refuse',
      defaultRootBehavior: 'object',
      hashAlgorithmParameter: 'strip',
      ipv6Viewer: 'deny',
      bareIpv4: 'refuse',
      unpaddedBase64: 'accept',
      rawEcdsaSignatures: 'refuse',
      hashMarkerCase: 'exact',
      bucketOriginCase: 'sensitive',
      optionsWithoutMethod: 'BadRequest',
    });
  });
});
