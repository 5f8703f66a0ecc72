import { isSameSite, isThisMachine } from '../browser/site.js';
import { header, type Load } from '../evidence/evidence.js';
import { hostnameOf, isServed, originOf, type Facts } from '../facts.js';
import { embedderPolicyOf } from './cookie-sent.js';
import { distinct, loadsWith, shown, type Check, type Sign } from './check.js';

/** Signs of loads that failed for such a reason; ruled out where another answer came. */
function lookForReason(
  reasons: readonly Load['reason'][],
  word: string,
  applies: (load: Load) => boolean = () => true,
  more: (load: Load) => Partial<Sign> = () => ({}),
): Check['look'] {
  return (facts) => {
    const signs = loadsWith(facts, ...reasons)
      .filter(applies)
      .map((load) => ({ seen: `${shown(load)}: ${word}.`, ...more(load) }));
    if (signs.length > 0) return distinct(signs);
    return facts.evidence.loads.some(({ status }) => (status ?? 0) > 0) ? [] : null;
  };
}

const isUnderLocalhost = (load: Load) => hostnameOf(load.url).endsWith('.localhost');
/** A wildcard directly below a suffix, which no browser takes (B46). */
const hasBareWildcard = ({ evidence }: Facts, load: Load) =>
  evidence.certificates.some(
    ({ host, names }) => host === hostnameOf(load.url) && /DNS:\*\.localhost(?:,|$)/.test(names),
  ) ||
  (load.source !== 'live' && isUnderLocalhost(load) && hostnameOf(load.url).split('.').length === 2);

export const PAGE_AND_NETWORK_CHECKS: readonly Check[] = [
  {
    id: 'dev-server-host',
    catalogue: ['F56'],
    stage: 'page',
    title: 'The dev server refuses the host name.',
    why: 'Vite and webpack answer only for hosts that they know (B50).',
    fix: 'Add the host to server.allowedHosts (Vite) or devServer.allowedHosts (webpack), or use a name below .localhost.',
    evidence:
      '"Blocked request. This host … is not allowed" or "Invalid Host header" in the page or the console',
    toTellApart: 'the text of the page',
    look: ({ evidence }) => {
      const signs: Sign[] = evidence.sayings
        .filter(({ kind }) => kind === 'dev-server-host')
        .map(({ where, text }) => ({ seen: `${where}: ${text}` }));
      for (const load of evidence.loads) {
        if (/Blocked request\. This host \(|Invalid Host header/.test(load.errorBody ?? ''))
          signs.push({ seen: `${shown(load)} answered ${load.status ?? 0}: the host is not allowed.` });
      }
      return signs.length > 0 ? distinct(signs) : null;
    },
  },
  {
    id: 'harness-ignores-certificates',
    catalogue: ['F60'],
    stage: 'page',
    title: 'The test browser ignores certificate errors, which switches its cache off.',
    why: 'Chromium keeps no copy of a host whose certificate it does not check, so that a wrong copy is never seen in tests (B1).',
    fix: 'Trust the certificate authority in the test’s profile, and remove the option.',
    evidence: 'ignoreHTTPSErrors, acceptInsecureCerts or --ignore-certificate-errors in what was handed over',
    toTellApart: 'whether a file with a lifetime is asked for twice in a test',
    look: ({ evidence }) => {
      const signs = evidence.sayings
        .filter(({ kind }) => kind === 'harness')
        .map(({ where, text }) => ({ seen: `${where}: ${text}` }));
      return signs.length > 0 ? distinct(signs) : null;
    },
  },
  {
    id: 'local-network-access',
    catalogue: ['F51'],
    stage: 'network',
    title: 'A page on a public address asks for one on this machine or its network.',
    why: 'Chromium asks the user first, and refuses without the permission (B51).',
    fix: 'Run the page locally too while developing, or grant the permission for the page.',
    evidence:
      '"Permission was denied for this request to access the `loopback` address space" in the console',
    toTellApart: 'the console line',
    look: lookForReason(['local-network'], 'the browser did not permit the address space'),
  },
  {
    id: 'mixed-content',
    catalogue: ['F52'],
    stage: 'network',
    title: 'A page on https asks for a file on http.',
    why: 'Browsers block it, or try https, which a plain HTTP server does not speak (B52).',
    fix: 'Use https in the address of the file.',
    evidence: '"Mixed Content" in the console; an http address from an https page; ERR_SSL_PROTOCOL_ERROR',
    toTellApart: 'the scheme of the file’s address',
    look: (facts) => {
      const signs: Sign[] = loadsWith(facts, 'mixed-content').map((load) => ({
        seen: `${shown(load)} was asked by a page on https.`,
      }));
      for (const load of facts.evidence.loads) {
        const isPlain = load.url.startsWith('http:') && !isThisMachine(hostnameOf(load.url));
        const isBlocked = !isServed(load) && !String(load.status ?? '').startsWith('3');
        if (
          load.reason !== 'mixed-content' &&
          isPlain &&
          isBlocked &&
          (load.page ?? facts.page ?? '').startsWith('https:')
        ) {
          signs.push({ seen: `${shown(load)} was asked by the page ${load.page ?? facts.page ?? ''}.` });
        }
        if (load.reason === 'no-tls-there')
          signs.push({ seen: `${shown(load)}: the server does not speak TLS.` });
      }
      if (signs.length > 0) return distinct(signs);
      return facts.files.length > 0 ? [] : null;
    },
  },
  {
    id: 'content-security-policy',
    catalogue: ['F53'],
    stage: 'network',
    title: 'The page’s Content-Security-Policy does not allow the CDN.',
    why: 'connect-src, img-src and media-src decide before any request is made; hls.js needs blob: in media-src and worker-src (B87).',
    fix: 'Add the CDN’s origin to connect-src, img-src and media-src of the page.',
    evidence:
      'the browser’s own line; ERR_BLOCKED_BY_CSP; the policy of the page’s document beside a request that never left',
    toTellApart: 'the console line',
    look: (facts) => {
      const signs: Sign[] = loadsWith(facts, 'content-security-policy').map((load) => ({
        seen: `${shown(load)} violates the page’s policy.`,
      }));
      const documents = facts.evidence.loads.filter(
        (load) => header(load.headers, 'content-security-policy') !== null,
      );
      for (const load of facts.evidence.loads) {
        if (load.failed !== true || (load.status ?? 0) !== 0 || load.reason !== null) continue;
        const policy = documents.find(({ url }) => originOf(url) === load.page);
        const text = header(policy?.headers ?? null, 'content-security-policy');
        const directive = text === null ? null : forbidding(text, load);
        if (directive !== null)
          signs.push({ seen: `${shown(load)} never left; ${directive} of the page does not name its host.` });
      }
      if (signs.length > 0) return distinct(signs);
      return documents.length > 0 || facts.files.some(({ status }) => (status ?? 0) > 0) ? [] : null;
    },
  },
  {
    id: 'certificate-wildcard',
    catalogue: ['F49'],
    stage: 'network',
    title: 'The certificate is for *.localhost, a wildcard that browsers do not take.',
    why: 'A wildcard directly below a public suffix is refused (B46).',
    fix: 'Issue it for one more label: *.media.localhost, and media.localhost itself.',
    evidence:
      'the names of the certificate; ERR_CERT_COMMON_NAME_INVALID for a host directly below localhost',
    toTellApart: 'the names in the certificate',
    look: (facts) => {
      const loads = loadsWith(facts, 'certificate-name');
      const signs = loads
        .filter((load) => hasBareWildcard(facts, load))
        .map((load) => ({ seen: `${shown(load)}: the certificate’s name does not fit.` }));
      if (signs.length > 0) return distinct(signs);
      return facts.evidence.certificates.length > 0 ? [] : null;
    },
  },
  {
    id: 'certificate-name',
    catalogue: ['F48'],
    stage: 'network',
    title: 'The certificate is for another name.',
    why: 'A page learns nothing but that the request failed: no status, and no line on CORS (B77).',
    fix: 'Issue the certificate for the host, or use a host that it names.',
    evidence: 'ERR_CERT_COMMON_NAME_INVALID; the names of the certificate',
    toTellApart: 'the address of the file, opened in a tab of its own',
    look: (facts) => {
      const loads = loadsWith(facts, 'certificate-name');
      const signs = loads
        .filter((load) => !hasBareWildcard(facts, load))
        .map((load) => ({ seen: `${shown(load)}: the certificate’s name does not fit.` }));
      if (signs.length > 0) return distinct(signs);
      return facts.evidence.certificates.length > 0 ? [] : null;
    },
  },
  {
    id: 'certificate-not-trusted',
    catalogue: ['F48'],
    stage: 'network',
    title: 'The certificate is not trusted, so the request never happened.',
    why: 'A browser asks about a page’s own host alone; a file’s host fails in silence, without a line on CORS (B44).',
    fix: 'Trust the certificate authority that signed it, in each browser that is used; Node: NODE_EXTRA_CA_CERTS; the doctor: --ca FILE, such as --ca data/tls/ca.pem of the local stack.',
    evidence: 'ERR_CERT_AUTHORITY_INVALID or another certificate error; the doctor’s own handshake',
    toTellApart: 'the address of the file, opened in a tab of its own',
    look: lookForReason(
      ['certificate-authority', 'certificate-other'],
      'the certificate is not trusted',
      () => true,
      // The doctor asked, and no browser: it is the doctor that has to trust first.
      (load) =>
        load.source === 'live' && load.reason === 'certificate-authority'
          ? {
              fix: 'Hand the doctor the certificate authority that signed it: --ca FILE, such as --ca data/tls/ca.pem of the local stack. Each browser that is used has to trust it too; Node: NODE_EXTRA_CA_CERTS.',
            }
          : {},
    ),
  },
  {
    id: 'name-below-localhost',
    catalogue: ['F50'],
    stage: 'network',
    title: 'The name below .localhost is known to browsers and not to this program.',
    why: 'Chromium and Firefox lead *.localhost to this machine themselves; Node, and Safari before macOS 26, ask the system (B47).',
    fix: 'Install libnss-myhostname, or add the name to the hosts file.',
    evidence: 'ENOTFOUND or ERR_NAME_NOT_RESOLVED for a name below .localhost',
    toTellApart: 'getent hosts NAME',
    look: lookForReason(['name-not-resolved'], 'the system does not know the name', isUnderLocalhost),
  },
  {
    id: 'host-not-found',
    catalogue: [],
    stage: 'network',
    title: 'The host name leads nowhere.',
    why: 'Without an address there is no request, and the page sees the same failure as with CORS (B77).',
    fix: 'Look for a slip in the name; else add the DNS record.',
    evidence: 'ENOTFOUND, ERR_NAME_NOT_RESOLVED',
    toTellApart: 'the name in DNS',
    look: lookForReason(['name-not-resolved'], 'the name has no address', (load) => !isUnderLocalhost(load)),
  },
  {
    id: 'nothing-answers',
    catalogue: ['F48'],
    stage: 'network',
    title: 'Nothing answers at the address.',
    why: 'A refused or broken connection reads like CORS in a page, without a status (B77).',
    fix: 'Start the server, or correct host and port.',
    evidence: 'ERR_CONNECTION_REFUSED, ERR_TIMED_OUT and their like; the doctor’s own request',
    toTellApart: 'the address of the file, opened in a tab of its own',
    look: lookForReason(['connection-refused', 'connection-failed', 'timeout'], 'no answer came'),
  },
  {
    id: 'answer-not-http',
    catalogue: [],
    stage: 'network',
    title: 'The answer is larger than HTTP allows, or is none.',
    why: 'Headers of more than 16 KB are read by few clients.',
    fix: 'Look at what the server sends: curl -sD - -o /dev/null URL.',
    evidence: 'an answer whose headers end nowhere, or do not parse',
    toTellApart: 'the raw answer',
    look: lookForReason(['too-much'], 'its headers cannot be read'),
  },
  {
    id: 'resource-or-embedder-policy',
    catalogue: ['F54'],
    stage: 'blocked',
    title: 'A policy of embedding blocks the answer: CORP of the file, or COEP of the page.',
    why: 'Cross-Origin-Resource-Policy: same-origin refuses sibling hosts; a page with COEP require-corp takes no file without that header or CORS (B87).',
    fix: 'Send Cross-Origin-Resource-Policy: same-site with the files, or load them in CORS mode with crossorigin="use-credentials".',
    evidence: 'the browser’s own line; ERR_BLOCKED_BY_RESPONSE.NotSameOrigin; the two headers',
    toTellApart: 'Cross-Origin-Resource-Policy of the file and Cross-Origin-Embedder-Policy of the page',
    look: (facts) => {
      const signs: Sign[] = loadsWith(facts, 'resource-policy', 'embedder-policy').map((load) => ({
        seen: `${shown(load)} was blocked by a policy of embedding.`,
      }));
      for (const load of facts.files) {
        if (load.mode !== 'no-cors' || !isServed(load) || load.failed === false || load.page === null)
          continue;
        const policy = header(load.headers, 'cross-origin-resource-policy');
        const isOtherOrigin = load.page !== originOf(load.url);
        // A sandboxed frame is of no site.
        const isOtherSite = load.page === 'null' || !isSameSite(load.page, load.url, false);
        if ((policy === 'same-origin' && isOtherOrigin) || (policy === 'same-site' && isOtherSite)) {
          signs.push({
            seen: `${shown(load)} has Cross-Origin-Resource-Policy: ${policy}, the page is ${load.page}.`,
          });
        } else if (policy === null && isOtherOrigin && embedderPolicyOf(load, facts) === 'require-corp') {
          signs.push({
            seen: `${shown(load)} has no Cross-Origin-Resource-Policy, and the page asks for one.`,
          });
        }
      }
      const probe = facts.evidence.loads.find(
        (load) =>
          load.source === 'live' &&
          !load.isComparison &&
          header(load.headers, 'cross-origin-resource-policy') === 'same-origin',
      );
      if (probe !== undefined && probe.page !== null && probe.page !== originOf(probe.url)) {
        signs.push({
          seen: `${shown(probe)} has Cross-Origin-Resource-Policy: same-origin, the page is ${probe.page}.`,
        });
      }
      if (signs.length > 0) return distinct(signs);
      return facts.files.some(({ headers }) => headers !== null) ? [] : null;
    },
  },
  {
    id: 'canvas-tainted',
    catalogue: ['F45'],
    stage: 'blocked',
    title: 'The picture was loaded without CORS, so a canvas that holds it cannot be read.',
    why: 'A plain load may be shown, and not read (B83).',
    fix: 'Write crossorigin="use-credentials" on the element, with CORS on the CDN.',
    evidence: '"Tainted canvases may not be exported" or "The operation is insecure" in the console',
    toTellApart: 'the console line',
    look: ({ evidence }) => {
      const signs = evidence.sayings
        .filter(({ kind }) => kind === 'canvas-tainted')
        .map(({ where, text }) => ({ seen: `${where}: ${text}` }));
      return signs.length > 0 ? distinct(signs) : null;
    },
  },
];

/** The directive that keeps a load from leaving; null where the policy allows it. */
function forbidding(policy: string, load: Load): string | null {
  const kinds: Readonly<Record<string, string>> = {
    empty: 'connect-src',
    image: 'img-src',
    video: 'media-src',
    audio: 'media-src',
    track: 'media-src',
    font: 'font-src',
    script: 'script-src',
    style: 'style-src',
  };
  const kind = kinds[load.dest ?? ''] ?? null;
  if (kind === null) return null;
  const directives = new Map(
    policy.split(/[;,]/).map((part) => {
      const [name = '', ...sources] = part.trim().split(/\s+/);
      return [name.toLowerCase(), sources] as const;
    }),
  );
  const name = directives.has(kind) ? kind : 'default-src';
  const sources = directives.get(name);
  if (sources === undefined) return null;
  return sources.some((source) => allows(source, load)) ? null : name;
}

function allows(source: string, load: Load): boolean {
  const url = new URL(load.url);
  if (source === '*') return true;
  if (source === "'self'") return load.page === url.origin;
  if (/^[a-z][a-z0-9+.-]*:$/i.test(source)) return source.toLowerCase() === url.protocol;
  const [, scheme, host = '', port] = /^(?:([a-z]+):\/\/)?([^/:]+)(?::(\d+|\*))?/i.exec(source) ?? [];
  if (
    scheme !== undefined &&
    `${scheme.toLowerCase()}:` !== url.protocol &&
    !(scheme === 'http' && url.protocol === 'https:')
  )
    return false;
  if (port !== undefined && port !== '*' && port !== (url.port || (url.protocol === 'https:' ? '443' : '80')))
    return false;
  if (port === undefined && url.port !== '') return false;
  return host.startsWith('*.') ? url.hostname.endsWith(host.slice(1)) : host.toLowerCase() === url.hostname;
}
