import { header, type Load } from '../evidence/evidence.js';
import {
  isInMilliseconds,
  readPolicy,
  resourceCovers,
  type SignedCookies,
} from '../evidence/signed-policy.js';
import { printable } from '../evidence/show.js';
import { isServed, refusalOf, signedCookiesOf, timeOf, type Facts } from '../facts.js';
import { ACCESS_TIME_CHECKS } from './access-time.js';
import { distinct, jarSigns, shown, signOf, type Check, type Sign } from './check.js';
import { isRefusedForFolder } from './cookie-folders.js';
import { answer, hasEnded, withCookies } from './refused-requests.js';

/** Those whose code is not known to be another. */
const refusedAs = (facts: Facts, code: string) =>
  withCookies(facts).filter(({ load }) => {
    const refusal = refusalOf(load);
    return refusal !== null && refusal.by !== 'S3' && (refusal.code === null || refusal.code === code);
  });

/** Cookies that arrive and do not open the file. */
export const ACCESS_CHECKS: readonly Check[] = [
  {
    id: 'nested-cookie-scopes',
    catalogue: ['F20'],
    stage: 'access',
    title: 'Two sets of signed cookies reach the file, and CloudFront reads one part of each.',
    why: 'Cookies of one name with another Path or Domain exist side by side, and all that match are sent (B59, B60). Which one CloudFront reads is not documented.',
    fix: 'Use one Domain and one Path for all grants, or folders that do not lie within each other, and clear the older set first.',
    evidence: 'a Cookie header, or a cookie file, with CloudFront-Policy twice for one address',
    toTellApart: 'whether it works after the cookies of the site were removed',
    look: (facts) => {
      const signs: Sign[] = [...facts.failing, ...facts.files].flatMap((load) => {
        const signed = signedCookiesOf(load);
        if (signed === null || signed.doubled.length === 0) return [];
        if (isServed(load) && load.failed !== true)
          return [{ seen: `${shown(load)} carried ${signed.doubled.join(', ')} twice.`, isWarning: true }];
        return load.status === 403
          ? [{ seen: `${shown(load)} answered 403 and carried ${signed.doubled.join(', ')} twice.` }]
          : [];
      });
      const all = [...signs, ...jarSigns(facts, 'two-sets')];
      return all.length === 0 && facts.evidence.jar !== null ? [] : answer(facts, all);
    },
  },
  ...ACCESS_TIME_CHECKS,
  {
    id: 'canned-policy',
    catalogue: [],
    stage: 'access',
    title: 'The cookies hold a canned policy, which opens one address and no wildcard.',
    why: 'A signer that is given url and an end alone makes a canned policy; CloudFront writes it anew for each address, so a signature over /* fits none (R10).',
    fix: 'Hand the signer a custom policy: the policy member in @aws-sdk/cloudfront-signer.',
    evidence: 'CloudFront-Expires and no CloudFront-Policy in a refused request',
    toTellApart: 'the names of the cookies',
    look: (facts) =>
      answer(
        facts,
        withCookies(facts)
          .filter(({ signed, load }) => signed.isCanned && load.status === 403)
          .map(({ load }) => ({
            seen: `${shown(load)} carried CloudFront-Expires and no CloudFront-Policy.`,
          })),
      ),
  },
  {
    id: 'cookies-incomplete',
    catalogue: [],
    stage: 'access',
    title: 'One of the three signed cookies is missing from the request.',
    why: 'Policy, Signature and Key-Pair-Id count together; a browser that dropped one sends the others all the same.',
    fix: 'Set all three in one answer, with the same Domain, Path and attributes.',
    evidence: 'the names of the cookies in a refused request',
    toTellApart: 'the cookies of the Application panel, one by one',
    look: (facts) =>
      answer(
        facts,
        withCookies(facts).flatMap(({ load, signed }) => {
          const wanted = [
            'CloudFront-Signature',
            'CloudFront-Key-Pair-Id',
            ...(signed.isCanned ? [] : ['CloudFront-Policy']),
          ];
          const missing = wanted.filter((name) => !signed.names.includes(name));
          return missing.length === 0
            ? []
            : [{ seen: `${shown(load)} carried ${signed.names.join(', ')} and not ${missing.join(', ')}.` }];
        }),
      ),
  },
  {
    id: 'policy-for-another-address',
    catalogue: [],
    stage: 'access',
    title:
      'The policy covers another address than that of the file: another host, or a folder written otherwise.',
    why: 'Resource is compared with the address as the browser writes it: scheme, host, path and escapes (R24, R26).',
    fix: 'Sign for the host that the viewer uses and the folder as browsers escape it, with /* at its end.',
    evidence: 'the Resource of the decoded policy beside the address of a refused request',
    toTellApart: 'the Resource of the policy',
    look: (facts) =>
      answer(
        facts,
        withCookies(facts).flatMap(({ load, signed }) => {
          const resource = signed.policy?.resource ?? null;
          if (resource === null || resourceCovers(resource, load.url) || refusalOf(load)?.by === 'S3')
            return [];
          // A cause of its own: folder-not-granted.
          if (isRefusedForFolder(load, resource)) return [];
          return [{ seen: `${shown(load)} is not covered by ${resource}.` }];
        }),
      ),
  },
  {
    id: 'policy-in-milliseconds',
    catalogue: [],
    stage: 'access',
    title: 'The policy’s end is written in milliseconds.',
    why: 'AWS:EpochTime is in seconds. CloudFront refused such policies in 2018; what it takes as a date today opens for 50,000 years (R29).',
    fix: 'Divide by 1,000: Math.floor(Date.now() / 1000).',
    evidence: 'the decoded policy',
    toTellApart: 'the number of digits of AWS:EpochTime',
    look: (facts) => {
      const policies = [
        ...facts.grants.flatMap(({ policy, load }) => (policy === null ? [] : [{ policy, load }])),
        ...withCookies(facts).flatMap(({ load, signed }) =>
          signed.policy === null ? [] : [{ policy: signed.policy, load }],
        ),
      ];
      const signs = policies
        .filter(({ policy }) => policy.endsAt !== null && isInMilliseconds(policy.endsAt))
        .map(({ load }) => ({ seen: `${shown(load)} has a policy that ends at a time of 13 digits.` }));
      if (signs.length > 0) return distinct(signs);
      return policies.length === 0 ? null : [];
    },
  },
  {
    id: 'key-not-trusted',
    catalogue: [],
    stage: 'access',
    title: 'The behavior does not trust the key that signed.',
    why: 'CloudFront looks for CloudFront-Key-Pair-Id in the key groups of the behavior that covers the path, and in no other (R39).',
    fix: 'Put the public key into a key group of that behavior, or sign with a key of the group.',
    evidence:
      '403 with code InvalidKey, "Unknown Key"; a key pair id in the settings that no key group holds',
    toTellApart: 'the body of the 403, opened in a tab of its own: InvalidKey',
    look: (facts) => {
      const signs: Sign[] = withCookies(facts)
        .filter(({ load }) => refusalOf(load)?.code === 'InvalidKey')
        .map(({ load }) => ({ seen: `${shown(load)} answered InvalidKey.` }));
      for (const fact of facts.evidence.configuration) {
        if (fact.kind === 'key-not-trusted') signs.push(signOf(fact));
      }
      return answer(facts, signs);
    },
  },
  {
    id: 'policy-malformed',
    catalogue: [],
    stage: 'access',
    title: 'CloudFront cannot read the policy or the signature.',
    why: 'The value is not CloudFront’s own base64, holds several statements, or no end (R4, R12, R15).',
    fix: 'Sign one statement with one Resource and DateLessThan; let the signer encode it.',
    evidence:
      '403 with code MalformedPolicy or MalformedSignature; a policy in a refused request that cannot be decoded, has several statements or no end',
    toTellApart: 'the body of the 403, opened in a tab of its own',
    look: (facts) =>
      answer(
        facts,
        withCookies(facts).flatMap(({ load, signed }) => {
          const code = refusalOf(load)?.code ?? '';
          if (code === 'MalformedPolicy' || code === 'MalformedSignature')
            return [{ seen: `${shown(load)} answered ${code}.` }];
          const fault = faultOf(signed);
          const isAboutIt = refusalOf(load)?.by !== 'S3' && code !== 'InvalidKey' && code !== 'MissingKey';
          return fault === null || !isAboutIt ? [] : [{ seen: `${shown(load)} carried a policy ${fault}.` }];
        }),
      ),
  },
  {
    id: 'signature-wrong',
    catalogue: [],
    stage: 'access',
    title: 'The signature does not fit the public key that CloudFront has under this key pair id.',
    why: 'CloudFront says AccessDenied for an end that has passed, another address, another network and a wrong signature alike (R52), and all but the last is right here.',
    fix: 'Compare the fingerprint of the public key in CloudFront with that of the key that signs: docs/rotation.md#which-key-cloudfront-holds. If they are the same: sign the very text that CloudFront-Policy holds, and send CloudFront-Hash-Algorithm where SHA-256 was used.',
    evidence:
      '403 with code AccessDenied, or with the length of that answer, to a request whose policy covers the file, names no network and is in force by the Date of the answer',
    toTellApart: 'the fingerprint of the public key in CloudFront beside that of the key that signs',
    look: (facts) => {
      const right = refusedAs(facts, 'AccessDenied').filter(({ load, signed }) =>
        isRightButForSignature(signed, load, facts),
      );
      const signs = right
        .filter(({ load }) => refusalOf(load)?.code === 'AccessDenied')
        .map(({ load }) => ({
          seen: `${shown(load)} answered AccessDenied, and its policy covers the file and has not ended.`,
        }));
      // CloudFront refuses for other reasons too: by country, by a web ACL.
      return signs.length === 0 && right.length > 0 ? null : answer(facts, signs);
    },
  },
  {
    id: 'bound-to-an-address',
    catalogue: [],
    stage: 'access',
    title: 'The policy is bound to an IP address, and the viewer may come from another one.',
    why: 'IpAddress is compared with the address of the connection; a viewer on IPv6 never matches an IPv4 range (R31).',
    fix: 'Leave IpAddress out, or switch IPv6 off on the distribution.',
    evidence:
      'IpAddress in the decoded policy of a refused request; in any policy, where the distribution has IPv6 on',
    toTellApart: 'whether a policy without IpAddress works',
    look: (facts) => {
      const ipv6 = facts.evidence.configuration.find(({ kind }) => kind === 'ipv6-enabled');
      const signs: Sign[] = refusedAs(facts, 'AccessDenied').flatMap(({ load, signed }): Sign[] => {
        const { policy } = signed;
        const isOtherwiseGood =
          policy !== null &&
          policy.address !== null &&
          !hasEnded(policy, load, facts) &&
          policy.resource !== null &&
          resourceCovers(policy.resource, load.url);
        return isOtherwiseGood
          ? [
              {
                seen: `${shown(load)} has a policy for ${printable(policy.address ?? '')} alone.`,
                ...(ipv6 === undefined ? {} : { where: ipv6.where }),
              },
            ]
          : [];
      });
      // Served so far, and refused to the same viewer as soon as the connection is on IPv6.
      if (signs.length === 0 && ipv6 !== undefined) {
        for (const { where, address } of boundPolicies(facts)) {
          signs.push({
            seen: `${where} has a policy for ${printable(address)} alone. ${ipv6.text}`,
            where: ipv6.where,
            isWarning: true,
          });
        }
      }
      return answer(facts, signs);
    },
  },
  {
    id: 'headers-too-large',
    catalogue: ['F24'],
    stage: 'access',
    title: 'The request’s headers are too large: too many or too long cookies.',
    why: 'Browsers set no limit to the Cookie header; CloudFront takes 32,768 bytes of headers (R50), many proxies 8 KiB (B65).',
    fix: 'Keep fewer signed cookies: one Path for each folder, ECDSA keys, a narrower Domain for other cookies.',
    evidence: 'status 431 or 494, or 400 with a Cookie header above 7,000 bytes',
    toTellApart: 'the status of the answer',
    look: (facts) => {
      const signs: Sign[] = facts.evidence.loads.flatMap((load): Sign[] => {
        const bytes = (load.cookies ?? []).reduce(
          (sum, { name, value }) => sum + name.length + value.length + 3,
          0,
        );
        if (load.status === 431 || load.status === 494) {
          return [
            {
              seen: `${shown(load)} answered ${load.status}${bytes > 0 ? `; its cookies have ${bytes} bytes` : ''}.`,
            },
          ];
        }
        return load.status === 400 && bytes > 7000
          ? [{ seen: `${shown(load)} answered 400; its cookies have ${bytes} bytes.` }]
          : [];
      });
      if (signs.length > 0) return distinct(signs);
      return facts.evidence.loads.some(({ status }) => status !== null) ? [] : null;
    },
  },
  {
    id: 'origin-refused',
    catalogue: [],
    stage: 'access',
    title: 'S3 refused, not CloudFront: the object is missing, or the distribution may not read it.',
    why: 'A bucket that may not be listed answers 403 for a key that does not exist (R111).',
    fix: 'Look for the exact key in the bucket; then for the bucket policy of the origin access control.',
    evidence: '403 with Server: AmazonS3, or a body with RequestId',
    toTellApart: 'the body of the 403: "Access Denied" with a RequestId',
    look: (facts) => {
      const signs = facts.failing
        .filter((load) => refusalOf(load)?.by === 'S3')
        .map((load) => ({ seen: `${shown(load)} was refused by S3.` }));
      if (signs.length > 0) return distinct(signs);
      return facts.failing.some(({ headers }) => headers !== null) ? [] : null;
    },
  },
];

/** Whether nothing of the signed cookies is wrong by the clock of CloudFront, as far as it can be seen without the key. */
function isRightButForSignature(signed: SignedCookies, load: Load, facts: Facts): boolean {
  const { policy, names, doubled } = signed;
  if (policy === null || policy.resource === null || policy.endsAt === null || policy.address !== null)
    return false;
  const isWhole = ['CloudFront-Signature', 'CloudFront-Key-Pair-Id'].every((name) => names.includes(name));
  const answered = Date.parse(header(load.headers, 'date') ?? '');
  const at = (Number.isNaN(answered) ? timeOf(load, facts.evidence) : answered) / 1000;
  return (
    isWhole &&
    doubled.length === 0 &&
    faultOf(signed) === null &&
    resourceCovers(policy.resource, load.url) &&
    !isInMilliseconds(policy.endsAt) &&
    policy.endsAt > at &&
    (policy.startsAt ?? 0) <= at
  );
}

/** What CloudFront cannot read in a policy (R4, R12, R15); null: nothing. */
function faultOf({ policy, isUnreadable }: SignedCookies): string | null {
  if (isUnreadable) return 'that cannot be decoded';
  if (policy === null) return null;
  if (policy.statements !== 1) return `with ${policy.statements} statements`;
  return policy.endsAt === null ? 'without an end: no number in DateLessThan' : null;
}

/** Policies for an IPv4 range: in a grant, in a request, in a cookie file. */
function boundPolicies({ grants, files, evidence }: Facts): readonly { where: string; address: string }[] {
  const policies = [
    ...grants.map(({ load, policy }) => ({ where: shown(load), policy })),
    ...files.map((load) => ({ where: shown(load), policy: signedCookiesOf(load)?.policy ?? null })),
    ...evidence.held
      .filter(({ name }) => name === 'CloudFront-Policy')
      .map(({ where, value }) => ({ where, policy: readPolicy(value) })),
  ];
  return policies.flatMap(({ where, policy }) => {
    const address = policy?.address ?? null;
    return address === null || address.includes(':') ? [] : [{ where, address }];
  });
}
