import { scopeOf } from '../browser/set-cookie.js';
import { header, type Load } from '../evidence/evidence.js';
import {
  isInMilliseconds,
  readPolicy,
  resourceCovers,
  type SignedCookies,
  type SignedPolicy,
} from '../evidence/signed-policy.js';
import { printable } from '../evidence/show.js';
import { isMedia, isServed, loadsOfHost, refusalOf, signedCookiesOf, timeOf, type Facts } from '../facts.js';
import { distinct, jarSigns, shown, signOf, type Check, type Sign } from './check.js';
import { isRefusedForFolder } from './cookie-sent.js';

/** Refused requests that carried signed cookies. */
const withCookies = ({ failing }: Facts) =>
  failing.flatMap((load) => {
    const signed = signedCookiesOf(load);
    return signed !== null && signed.names.length > 0 && (load.status === 403 || load.status === null)
      ? [{ load, signed }]
      : [];
  });

/** Those whose code is not known to be another. */
const refusedAs = (facts: Facts, code: string) =>
  withCookies(facts).filter(({ load }) => {
    const refusal = refusalOf(load);
    return refusal !== null && refusal.by !== 'S3' && (refusal.code === null || refusal.code === code);
  });

/** Null where nothing with cookies was refused: then the question does not arise. */
function answer(facts: Facts, signs: readonly Sign[]): readonly Sign[] | null {
  if (signs.length > 0) return distinct(signs);
  return withCookies(facts).length === 0 ? null : [];
}

/** Whether the end of a policy had passed when the request was made. */
function hasEnded({ endsAt }: SignedPolicy, load: Load, facts: Facts): boolean {
  return endsAt !== null && !isInMilliseconds(endsAt) && endsAt * 1000 <= timeOf(load, facts.evidence);
}

/** Files of the same host that were served before. */
const servedBefore = (load: Load, facts: Facts) =>
  loadsOfHost(load.url, facts.files).some(
    (other) =>
      other !== load && isServed(other) && timeOf(other, facts.evidence) <= timeOf(load, facts.evidence),
  );

/** Whether the element itself plays: no script asked, and no script can ask again. */
const isNative = (load: Load) => isMedia(load) && load.mode !== 'cors';

/** A refusal after access had ended: by the cookie's own policy, or because the browser had let the cookie go. */
function expirySigns(facts: Facts, wantsNative: boolean): readonly Sign[] {
  const signs: Sign[] = [];
  for (const load of facts.failing) {
    if (isNative(load) !== wantsNative || load.status === 200) continue;
    const signed = signedCookiesOf(load);
    if (signed?.policy !== undefined && signed.policy !== null && hasEnded(signed.policy, load, facts)) {
      signs.push({ seen: `${shown(load)} came after ${ended(signed.policy)}, the end of its policy.` });
      continue;
    }
    // Without cookies: they end with the policy, so the browser has removed them.
    if (load.status !== 403 || signed === null || signed.names.length > 0) continue;
    const last = facts.grants
      .filter(({ load: grant }) => (grant.atMilliseconds ?? 0) <= timeOf(load, facts.evidence))
      .at(-1);
    if (last?.policy === undefined || last.policy === null || !hasEnded(last.policy, load, facts)) continue;
    if (servedBefore(load, facts)) {
      signs.push({ seen: `${shown(load)} came after ${ended(last.policy)}, the end of the last grant.` });
    }
  }
  for (const cookie of facts.evidence.held) {
    const isLive = facts.evidence.loads.some(({ source }) => source === 'live');
    if (wantsNative || !isLive || cookie.name !== 'CloudFront-Signature' || cookie.expires === 0) continue;
    if (cookie.expires * 1000 <= facts.evidence.nowMilliseconds && facts.failing.length > 0) {
      signs.push({ seen: `${cookie.where}: CloudFront-Signature ended at ${iso(cookie.expires)}.` });
    }
  }
  return signs;
}

/** What a clock may be off before it is worth a word: requests take time, and Date has whole seconds. */
const CLOCK_TOLERANCE_SECONDS = 60;

/** Date says when an answer was made, and Age how long ago that was (RFC 9110 section 6.6.1, RFC 9111 section 5.1). */
function clockSigns({ evidence }: Facts): readonly Sign[] | null {
  const clocks = evidence.loads.flatMap((load) => {
    const made = Date.parse(header(load.headers, 'date') ?? '') / 1000;
    const there = made + (Number(header(load.headers, 'age')) || 0);
    if (load.source !== 'live' || load.atMilliseconds === null || Number.isNaN(there)) return [];
    return [{ load, here: load.atMilliseconds / 1000, there }];
  });
  const [first] = clocks;
  if (first === undefined) return null;
  const ahead = Math.round(first.here - first.there);
  if (Math.abs(ahead) <= CLOCK_TOLERANCE_SECONDS) return [];
  const seen = `The clock here is ${Math.abs(ahead)} s ${ahead > 0 ? 'ahead of' : 'behind'} that of ${first.load.where}.`;
  const decides = clocks.find(({ load, here, there }) => {
    const policy = signedCookiesOf(load)?.policy ?? null;
    if (load.status !== 403 || policy === null) return false;
    const isOpen = (now: number): boolean =>
      now < (policy.endsAt ?? Infinity) && now >= (policy.startsAt ?? -Infinity);
    return isOpen(here) && !isOpen(there);
  });
  if (decides === undefined) return [{ seen, isWarning: true }];
  return [
    { seen },
    { seen: `${shown(decides.load)} was refused, and its policy is open by the clock here.` },
  ];
}

const ended = ({ endsAt }: SignedPolicy) => iso(endsAt ?? 0);

function iso(epochSeconds: number): string {
  return new Date(epochSeconds * 1000).toISOString().replace('.000Z', 'Z');
}

export const ACCESS_CHECKS: readonly Check[] = [
  {
    id: 'viewer-changed',
    catalogue: ['F58'],
    stage: 'viewer-changed',
    title: 'Another viewer signed in on this browser, and the cookies of the first one were not cleared.',
    why: 'Cookies belong to a browser, not to a person: until they are cleared or end, they count for everybody there (B61).',
    fix: 'Clear the signed cookies at sign-in and sign-out, with the Domain and Path they were set with.',
    evidence:
      'two viewers in one recording, by the subject of their tokens or a new session cookie, and a signed cookie of the first in a request of the second',
    toTellApart: 'whether it works in a fresh private window',
    look: (facts) => {
      const ofJar = jarSigns(facts, 'other-viewer');
      if (ofJar.length > 0) return ofJar;
      const changes = viewerChanges(facts);
      if (changes.length === 0) return facts.grants.length === 0 && facts.evidence.jar === null ? null : [];
      const signs: Sign[] = [];
      for (const change of changes) {
        const before = facts.grants.filter(({ load }) => timeOf(load, facts.evidence) < change.at).at(-1);
        const isCleared = facts.clearings.some(
          ({ load }) =>
            Math.abs(timeOf(load, facts.evidence) - change.at) < 5000 ||
            (timeOf(load, facts.evidence) <= change.at &&
              before !== undefined &&
              timeOf(load, facts.evidence) > timeOf(before.load, facts.evidence)),
        );
        if (before === undefined || isCleared) continue;
        const value = before.cookies.find(({ name }) => name === 'CloudFront-Signature')?.value;
        const used = facts.files.find(
          (load) =>
            timeOf(load, facts.evidence) > change.at &&
            (load.cookies ?? []).some(
              (cookie) => cookie.name === 'CloudFront-Signature' && cookie.value === value,
            ),
        );
        if (used !== undefined) {
          signs.push({
            seen: `${change.where} is another viewer; ${shown(used)} still carried the cookies of ${before.load.where}.`,
          });
        }
      }
      return distinct(signs);
    },
  },
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
  {
    id: 'clock-differs',
    catalogue: ['F25'],
    stage: 'access',
    title: 'The clock of this machine and that of the CDN differ.',
    why: 'CloudFront compares the end of a policy with its own clock (R30): a grant that is signed here ends too early or too late by the difference.',
    fix: 'Set the clock of the machine that signs by NTP: timedatectl set-ntp true.',
    evidence: 'Date and Age of an answer to a live request beside the time of this machine',
    toTellApart: 'Date of any answer of the CDN beside `date -u`',
    look: clockSigns,
  },
  {
    id: 'native-media-expired',
    catalogue: ['F27'],
    stage: 'access',
    title: 'Access ended while the browser itself was playing, which it does not survive.',
    why: 'A video element that plays HLS itself stops for good at the first refused segment (B105).',
    fix: 'Renew before the end (renewAfter of the grant); after an error load the source again at the old position.',
    evidence:
      'a media request without a script behind it, refused after the end of its policy; "DEMUXER_ERROR_COULD_NOT_PARSE" in the console',
    toTellApart: 'whether loading the source again after a new grant plays',
    look: (facts) => {
      const signs = [...expirySigns(facts, true)];
      const said = facts.evidence.sayings.find(({ kind }) => kind === 'media-parse-error');
      const playlist = facts.failing.find(
        (load) => load.status === 403 && /\.(?:m3u8|ts|m4s|mp4|aac)(?:$|\?)/.test(load.url),
      );
      const isMessageAlone =
        facts.grants.length === 0 && facts.failing.every(({ source }) => source === 'console');
      if (
        said !== undefined &&
        playlist !== undefined &&
        isMessageAlone &&
        facts.files.some((load) => load.status === 200 || load.status === 206 || load === playlist)
      ) {
        signs.push({
          seen: `${said.where}: ${said.text}; ${shown(playlist)} answered 403.`,
        });
      }
      return answer(facts, signs);
    },
  },
  {
    id: 'grant-expired',
    catalogue: ['F26'],
    stage: 'access',
    title: 'Access had ended and was not renewed.',
    why: 'CloudFront looks at the end of a policy whenever a request arrives; the next segment or range after it is refused.',
    fix: 'Renew before the end, again when the page becomes visible or online (B106). The answer of POST /grants says when: renewAfter.',
    evidence:
      'the decoded policy of a refused request, or of the last grant, whose end had passed; a cookie file whose lines have ended',
    toTellApart: 'how long after the grant it fails',
    look: (facts) => answer(facts, expirySigns(facts, false)),
  },
  {
    id: 'grant-not-yet-valid',
    catalogue: [],
    stage: 'access',
    title: 'The policy begins later than the request: a start date, or a clock that is ahead.',
    why: 'DateGreaterThan is compared with CloudFront’s clock (R30).',
    fix: 'Leave DateGreaterThan out, or set the clock of the signing server right.',
    evidence: 'the decoded policy beside the time of the request',
    toTellApart: 'whether it works some minutes later',
    look: (facts) =>
      answer(
        facts,
        withCookies(facts).flatMap(({ load, signed }) =>
          signed.policy?.startsAt !== undefined &&
          signed.policy.startsAt !== null &&
          signed.policy.startsAt * 1000 > timeOf(load, facts.evidence)
            ? [
                {
                  seen: `${shown(load)} came before ${iso(signed.policy.startsAt)}, the beginning of its policy.`,
                },
              ]
            : [],
        ),
      ),
  },
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
  {
    id: 'sign-out-leaves-access',
    catalogue: ['F21'],
    stage: 'access',
    title:
      'Signing out leaves access: the cookies were cleared with other attributes, or the browser shows its own copy.',
    why: 'A cookie goes when name, Domain, Path and partition are the same as it was set with (B61); and a copy in the browser’s cache asks nobody (B86).',
    fix: 'Clear with the same Domain and Path, Partitioned included; send Cache-Control: private, no-cache with the files.',
    evidence:
      'Set-Cookie that clears another Domain or Path than the one before; signed cookies, or a copy of the browser’s cache, after it',
    toTellApart: 'whether the cookies still stand in the Application panel after signing out',
    look: (facts) => {
      if (facts.clearings.length === 0) return null;
      const signs: Sign[] = [];
      for (const clearing of facts.clearings) {
        const at = timeOf(clearing.load, facts.evidence);
        const cleared = scopesOf(clearing);
        const before = facts.grants.filter(
          ({ load }) => load !== clearing.load && timeOf(load, facts.evidence) <= at,
        );
        const set = before.flatMap(scopesOf);
        const left = set.filter((scope) => !cleared.includes(scope));
        const again = facts.grants.some(
          ({ load }) => load !== clearing.load && timeOf(load, facts.evidence) > at,
        );
        const after = facts.files.filter((load) => timeOf(load, facts.evidence) > at);
        const carrying = after.find((load) => (signedCookiesOf(load)?.names.length ?? 0) > 0);
        const copy = after.find(
          (load) =>
            load.fromBrowserCache && (load.status === 200 || load.status === 206 || load.status === 304),
        );
        if (again) continue;
        if (carrying !== undefined && (left.length > 0 || set.length === 0)) {
          signs.push({
            seen: `${shown(clearing.load)} clears ${cleared.join(' and ')}${left.length > 0 ? `, the cookies are of ${[...new Set(left)].join(' and ')}` : ''}; ${carrying.where} still carried them.`,
          });
        } else if (copy !== undefined) {
          signs.push({
            seen: `${shown(copy)} came from the browser’s cache after ${clearing.load.where} had cleared the cookies.`,
          });
        }
      }
      return distinct(signs);
    },
  },
];

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

/** Domain, Path and partition of the cookies of an answer, as texts to compare. */
function scopesOf({ load, cookies }: Facts['grants'][number]): readonly string[] {
  return [
    ...new Set(
      cookies.map((cookie) => {
        const { domain, hostOnly, path } = scopeOf(cookie, load.url);
        return `${hostOnly ? 'host ' : ''}${domain}${path}${cookie.partitioned ? ' (partitioned)' : ''}`;
      }),
    ),
  ];
}

/** Moments at which the person at the browser became another one. */
function viewerChanges({ evidence }: Facts): readonly { readonly at: number; readonly where: string }[] {
  const changes: { at: number; where: string }[] = [];
  let subject: string | null = null;
  const sessions = new Map<string, string>();
  for (const load of evidence.loads) {
    if (load.source !== 'har') continue;
    const found = subjectOf(header(load.requestHeaders, 'authorization'));
    if (found !== null && subject !== null && found !== subject)
      changes.push({ at: timeOf(load, evidence) - 1, where: load.where });
    subject = found ?? subject;
    // A session cookie that is set anew by a POST: somebody signed in.
    for (const [name, line] of load.headers ?? []) {
      if (
        name.toLowerCase() !== 'set-cookie' ||
        load.method !== 'POST' ||
        /CloudFront-|__Host-edgepass|=;|Max-Age=0/i.test(line)
      )
        continue;
      const [pair = ''] = line.split(';');
      const [key = '', value = ''] = pair.split(/=(.*)/s);
      if (!/sess|sid|auth|token|demo|login|user/i.test(key)) continue;
      const before = sessions.get(key);
      if (before !== undefined && before !== value)
        changes.push({ at: timeOf(load, evidence), where: load.where });
      sessions.set(key, value);
    }
  }
  return changes;
}

/** The subject of a bearer token, to be compared and never shown. */
function subjectOf(authorization: string | null): string | null {
  const payload = /^Bearer [\w-]+\.([\w-]+)\./.exec(authorization ?? '')?.[1];
  if (payload === undefined) return null;
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
    const subject = typeof claims === 'object' && claims !== null ? (claims as { sub?: unknown }).sub : null;
    return typeof subject === 'string' ? subject : null;
  } catch {
    return null;
  }
}
