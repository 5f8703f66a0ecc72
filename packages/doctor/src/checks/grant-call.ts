import { isSameSite } from '../browser/site.js';
import { corsCheck } from '../browser/cors.js';
import { header } from '../evidence/evidence.js';
import { printable } from '../evidence/show.js';
import {
  cameWithoutCookies,
  isCrossOriginCors,
  isServed,
  isSignedUrl,
  originOf,
  originSent,
} from '../facts.js';
import { holdingFor } from '../holding.js';
import { distinct, shown, type Check, type Sign } from './check.js';
import { embedderPolicyOf } from './cookie-sent.js';

const isSignature = ({ name }: { readonly name: string }) => name === 'CloudFront-Signature';

/** The page’s call for the grant: made without credentials, or answered without CORS. */
export const GRANT_CALL_CHECKS: readonly Check[] = [
  {
    id: 'grant-without-credentials',
    catalogue: ['F2'],
    stage: 'cookie-set',
    title: 'The call that asks for the grant is made without credentials, so its cookies are ignored.',
    why: 'Without credentials: "include" a browser drops Set-Cookie of another origin, and the page sees success (B79).',
    fix: 'Call the grant with credentials: "include" (XMLHttpRequest: withCredentials = true).',
    evidence:
      'good Set-Cookie lines, an answer that allows no credentials and that the page could read, and requests after it that carry other cookies or no mode in which they could not',
    toTellApart: 'whether the cookie stands in the Application panel after the grant',
    look: (facts) => {
      const { grants, failing } = facts;
      if (grants.length === 0) return null;
      let isUnsure = false;
      const signs: Sign[] = [];
      const carried = new Set(
        facts.files.flatMap(({ cookies }) => (cookies ?? []).filter(isSignature).map(({ value }) => value)),
      );
      for (const { load, cookies } of grants) {
        if (load.page === null || load.page === originOf(load.url) || load.mode === 'navigate') continue;
        // The browser stored what it sent later.
        if (cookies.some((cookie) => isSignature(cookie) && carried.has(cookie.value))) continue;
        // Whether Secure cookies are stored over plain HTTP on this machine depends on the browser.
        const isSecureOverHttp = load.url.startsWith('http:') && cookies.some(({ secure }) => secure);
        if (load.cookies === null || isSecureOverHttp) {
          isUnsure = true;
          continue;
        }
        if (load.cookies.length > 0) continue;
        // Asked anonymously, for the page could read an answer that forbids credentials.
        const allowOrigin = header(load.headers, 'access-control-allow-origin');
        const isReadable = load.failed !== true && allowOrigin !== null;
        const isAnonymousAnswer =
          isReadable &&
          (allowOrigin === '*' || header(load.headers, 'access-control-allow-credentials') === null);
        const after = failing.filter(
          (file) =>
            (file.atMilliseconds ?? 0) >= (load.atMilliseconds ?? 0) &&
            cameWithoutCookies(file) &&
            // One without an answer may never have left.
            file.status !== 0 &&
            // Another client, such as the receiver of a cast, has a jar of its own.
            header(file.requestHeaders, 'user-agent') === header(load.requestHeaders, 'user-agent'),
        );
        // These send cookies by themselves, so the jar has none (B32).
        const plain = after.find(
          (file) =>
            file.mode === 'no-cors' &&
            file.dest !== 'empty' &&
            embedderPolicyOf(file, facts) === null &&
            holdingFor(file, facts) === 'held',
        );
        // Cookies of others went along, so credentials were included.
        const included = after.find(
          (file) => (file.cookies?.length ?? 0) > 0 && holdingFor(file, facts) === 'held',
        );
        const shownBy = plain ?? included;
        if (isAnonymousAnswer && after.length > 0) {
          signs.push({
            seen: `${shown(load)} was read by the page though its answer allows no credentials; its cookies were not in ${after[0]?.where ?? ''}.`,
          });
        } else if (shownBy !== undefined && isSameSite(load.page, load.url, true)) {
          signs.push({
            seen: `${shown(load)} set good cookies, and ${shown(shownBy)}, which sends what the jar holds, carried none.`,
          });
        } else if (after.length > 0) isUnsure = true;
      }
      if (signs.length > 0) return distinct(signs);
      return isUnsure ? null : [];
    },
  },
  {
    id: 'grant-cors-wrong',
    catalogue: ['F59'],
    stage: 'grant-answer',
    title: 'The answer of the grant is not readable for the page, though its cookies were stored.',
    why: 'A browser stores Set-Cookie before it looks at CORS: the call fails for the page, and the files load (B79).',
    fix: 'Let the API answer with the page’s exact origin in Access-Control-Allow-Origin and Access-Control-Allow-Credentials: true.',
    evidence: 'Set-Cookie in an answer whose CORS check fails, and files that load with the cookies after it',
    toTellApart: 'whether a file loads after the failed grant',
    look: (facts) => {
      const { grants, files } = facts;
      if (grants.length === 0) return null;
      const signs = grants.flatMap(({ load }): Sign[] => {
        if (!isCrossOriginCors(load) || load.headers === null) return [];
        const origin = originSent(load) ?? '';
        const result = corsCheck(load.headers, origin, true);
        const allowed = header(load.headers, 'access-control-allow-origin');
        // Without credentials * would do; then the page sees no failure.
        const isReadable =
          load.failed === false || (load.failed === null && result !== 'no-allow-origin' && allowed === '*');
        if (result === 'passes' || isReadable) return [];
        const after = files.find(
          (file) =>
            isServed(file) &&
            (file.atMilliseconds ?? 0) >= (load.atMilliseconds ?? 0) &&
            !cameWithoutCookies(file) &&
            file.cookies !== null &&
            !isSignedUrl(file.url),
        );
        if (after === undefined && load.failed !== true) return [];
        return [
          {
            seen: `${shown(load)} sets the cookies and ${allowed === null ? 'has no Access-Control-Allow-Origin' : `answers ${printable(allowed)} to ${origin}`}${after === undefined ? '' : `; ${after.where} was served with them`}.`,
          },
        ];
      });
      return distinct(signs);
    },
  },
  {
    id: 'settings-refused',
    catalogue: [],
    stage: 'grant-answer',
    title: 'edgepass would not start with these settings.',
    why: 'Start-up checks every setting and the files that they name, and refuses what cannot work.',
    fix: 'Mend each of these lines; edgepass api --check says them all.',
    evidence: 'the check of start-up itself, where edgepass doctor is run with --settings',
    toTellApart: 'what edgepass api --check prints',
    look: ({ evidence }) => evidence.startProblems?.map((seen) => ({ seen })) ?? null,
  },
];
