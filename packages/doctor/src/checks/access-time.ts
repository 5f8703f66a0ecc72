import { header, type Load } from '../evidence/evidence.js';
import type { SignedPolicy } from '../evidence/signed-policy.js';
import {
  isMedia,
  isServed,
  loadsOfHost,
  onceForEach,
  signedCookiesOf,
  timeOf,
  type Facts,
} from '../facts.js';
import { shown, type Check, type Sign } from './check.js';
import { answer, hasEnded, withCookies } from './refused-requests.js';

/** Files of the same host that were served before. */
const servedBefore = (load: Load, facts: Facts) =>
  servedAmong(loadsOfHost(load.url, facts.files)).some(
    (other) => other !== load && timeOf(other, facts.evidence) <= timeOf(load, facts.evidence),
  );

const servedAmong = onceForEach((loads: readonly Load[]) => loads.filter(isServed));

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

/** Access that has ended or not begun, by the clock of CloudFront. */
export const ACCESS_TIME_CHECKS: readonly Check[] = [
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
];
