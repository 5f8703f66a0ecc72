import { headersNotAllowed, methodNotAllowed } from '../browser/cors.js';
import { header, type Load } from '../evidence/evidence.js';
import { printable } from '../evidence/show.js';
import { isServed, type Facts } from '../facts.js';
import { distinct, loadsWith, shown, type Check, type Sign } from './check.js';

/** Answers to preflights, and what a browser says of them. */
const preflights = ({ evidence }: Facts) =>
  evidence.loads.filter(
    (load) =>
      !load.isComparison &&
      load.method === 'OPTIONS' &&
      header(load.requestHeaders, 'access-control-request-method') !== null,
  );

function lookAtPreflights(facts: Facts, signs: readonly Sign[]): readonly Sign[] | null {
  if (signs.length > 0) return distinct(signs);
  return preflights(facts).length > 0 ? [] : null;
}

/** Preflights that a browser does not take for a yes. */
export const PREFLIGHT_CHECKS: readonly Check[] = [
  {
    id: 'preflight-redirected',
    catalogue: ['F37'],
    stage: 'preflight',
    title: 'The preflight is redirected, which browsers do not follow.',
    why: 'A redirect from http to https, or to a slash at the end, ends the preflight (B82).',
    fix: 'Ask for the final address: https, no slash too few or too many.',
    evidence: 'OPTIONS with a status 3xx; the browser’s own line',
    toTellApart: 'the status of the OPTIONS request',
    look: (facts) =>
      lookAtPreflights(facts, [
        ...preflights(facts)
          .filter(({ status }) => status !== null && status >= 300 && status < 400)
          .map((load) => ({ seen: `${shown(load)} answered OPTIONS with ${load.status ?? 0}.` })),
        ...loadsWith(facts, 'preflight-redirected').map((load) => ({
          seen: `${shown(load)}: the browser met a redirect of the preflight.`,
        })),
      ]),
  },
  {
    id: 'preflight-refused',
    catalogue: ['F35'],
    stage: 'preflight',
    title: 'The request needs a preflight, and the CDN refuses it: a preflight carries no cookies.',
    why: 'CloudFront asks for signed cookies on OPTIONS too, or the behavior does not allow OPTIONS (B75, R46). No policy changes that.',
    fix: 'Make the request without a preflight: GET or HEAD, no header of your own, a Range with a start.',
    evidence: 'OPTIONS answered with 4xx; the browser’s own line on the status of a preflight',
    toTellApart: 'the OPTIONS request in the Network panel and its status',
    look: (facts) => {
      // Too large for the server (RFC 6585 section 5): it has not come to looking for cookies.
      if (preflights(facts).some(({ status }) => status === 431)) return [];
      return lookAtPreflights(facts, [
        ...preflights(facts)
          .filter(({ status }) => status !== null && status >= 400)
          .map((load) => ({
            seen: `${shown(load)} answered OPTIONS with ${load.status ?? 0}${askedHeaders(load)}.`,
          })),
        ...loadsWith(facts, 'preflight-status')
          .filter(({ status }) => status === null || status >= 400)
          .map((load) => ({
            seen: `${shown(load)}: the browser says that the preflight did not succeed${load.status === null ? '' : `, status ${load.status}`}.`,
          })),
      ]);
    },
  },
  {
    id: 'header-not-allowed',
    catalogue: ['F36'],
    stage: 'preflight',
    title: 'The page sends a header that the answer to the preflight does not allow.',
    why: 'Each name has to stand in Access-Control-Allow-Headers; with credentials * is a name like any other (B73).',
    fix: 'Do not send the header to the CDN; an interceptor that adds it to every request must leave the CDN out. Where it is needed, list its name.',
    evidence:
      'Access-Control-Request-Headers beside Access-Control-Allow-Headers; the browser’s own line, which names the header',
    toTellApart: 'the header that the console line names',
    look: (facts) => {
      const signs: Sign[] = preflights(facts)
        .filter((load) => isServed(load) && header(load.headers, 'access-control-allow-origin') !== null)
        .flatMap((load): Sign[] => {
          const names = headersNotAllowed(load, true);
          return names.length === 0
            ? []
            : [{ seen: `${shown(load)} does not allow ${printable(names.join(', '))}.` }];
        });
      for (const load of loadsWith(facts, 'header-not-allowed')) {
        signs.push({
          seen: `${shown(load)}: the browser names the header ${printable(load.quoted ?? 'that it refused')}.`,
        });
      }
      return lookAtPreflights(facts, signs);
    },
  },
  {
    id: 'method-not-allowed',
    catalogue: [],
    stage: 'preflight',
    title: 'The answer to the preflight does not allow the method.',
    why: 'Methods other than GET, HEAD and POST have to stand in Access-Control-Allow-Methods.',
    fix: 'Use GET or HEAD for files; for a real write add the method to the policy and the behavior.',
    evidence: 'Access-Control-Request-Method beside Access-Control-Allow-Methods; the browser’s own line',
    toTellApart: 'the method that the console line names',
    look: (facts) => {
      const signs: Sign[] = preflights(facts)
        .filter((load) => isServed(load) && header(load.headers, 'access-control-allow-origin') !== null)
        .flatMap((load): Sign[] => {
          const method = methodNotAllowed(load);
          return method === null ? [] : [{ seen: `${shown(load)} does not allow ${printable(method)}.` }];
        });
      for (const load of loadsWith(facts, 'method-not-allowed'))
        signs.push({ seen: `${shown(load)}: the browser names the method ${printable(load.quoted ?? '')}.` });
      return lookAtPreflights(facts, signs);
    },
  },
];

function askedHeaders(load: Load): string {
  const names = header(load.requestHeaders, 'access-control-request-headers');
  return names === null ? '' : `; it was made for ${printable(names)}`;
}
