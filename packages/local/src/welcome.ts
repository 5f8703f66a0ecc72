import { isIP } from 'node:net';
import { DEMO_SAMPLES } from './demo-media.js';
import { isUnderLocalhost, type LocalPart } from './parts.js';
import type { RunningStack, StackInput } from './stack.js';
import { hostsStep, quote, shownAuthority, trustSteps } from './trust-steps.js';

/** What `edgepass start` prints once everything runs: what to open, how to trust it, how to prove a grant. */
export function welcome(stack: RunningStack, input: StackInput): string {
  const running = ['edgepass is running. Ctrl-C stops all of it.', '', ...addresses(stack, input)];
  const sections = [stack.notes.join('\n'), running.join('\n')];
  if (!input.isBrief) sections.push(...furtherSections(stack, input));
  return `${sections.filter((text) => text !== '').join('\n\n')}\n`;
}

function furtherSections(stack: RunningStack, input: StackInput): readonly string[] {
  const { authorityFile } = stack.data;
  const hosts = partsOf(stack).map(({ host }) => host);
  return [
    backendSteps(stack, input),
    input.isContainer ? containerSteps(stack) : '',
    authorityFile === null ? '' : trustSteps(authorityFile, shownAuthority(authorityFile, input.isContainer)),
    hostsStep([...new Set(hosts)]),
    input.api === null && stack.parts.api !== null ? proof(stack, input) : '',
    invalidation(stack.controlUrl),
  ];
}

function addresses(
  { parts, idlePage }: RunningStack,
  { settings, app, api: backend }: StackInput,
): readonly string[] {
  const { page, api, edge } = parts;
  const apiUrl = `${settings.publicUrl.origin}${settings.publicUrl.basePath}`;
  const documentation =
    settings.apiDocs && backend === null ? `   its documentation: ${settings.publicUrl.basePath}/docs` : '';
  return [
    page === null ? [] : [row('open', page.origin, app)],
    idlePage === null ? [] : [`  page   ${idlePage.origin}   (yours: name its dev server with --app URL)`],
    api === null ? [] : [`${row('API', apiUrl, backend)}${documentation}`],
    edge === null
      ? [`  CDN    ${settings.cloudFrontUrl}   (a real distribution, or elsewhere)`]
      : [`  edge   ${edge.origin}   stands in for CloudFront + S3`],
  ].flat();
}

function containerSteps({ data, parts }: RunningStack): string {
  return [
    'From the folder of docker-compose.yml:',
    ...(data.authorityFile === null ? [] : [`  docker compose cp edgepass:${quote(data.authorityFile)} .`]),
    ...(parts.edge === null || data.mediaFolder === null
      ? []
      : [`  docker compose cp FOLDER edgepass:${quote(data.mediaFolder)}/   (files of your own)`]),
  ].join('\n');
}

function row(label: string, address: string, devServer: URL | null): string {
  return `  ${label.padEnd(6)} ${address}${devServer === null ? '' : `   → ${devServer.origin}`}`;
}

/** The edge caches as CloudFront does, so a file that was changed shows later. */
function invalidation(controlUrl: string | null): string {
  if (controlUrl === null) return '';
  return [
    'A changed file shows once the edge has forgotten its copy (or after a restart):',
    `  aws cloudfront create-invalidation --endpoint-url ${controlUrl} --distribution-id LOCAL --paths '/*'`,
  ].join('\n');
}

/** A backend of the user's own must sign with the key that the local edge trusts. */
function backendSteps({ data, parts }: RunningStack, { settings, api }: StackInput): string {
  if (api === null || parts.edge === null || data.signingKey === null) return '';
  return [
    'For your backend, so that the local edge accepts what it signs:',
    `  CLOUDFRONT_DOMAIN=${settings.cloudFrontUrl}`,
    `  CLOUDFRONT_KEY_PAIR_ID=${data.signingKey.keyPairId}`,
    ...(data.signingKey.file === null ? [] : [`  CLOUDFRONT_PRIVATE_KEY_FILE=${data.signingKey.file}`]),
  ].join('\n');
}

/** Commands that work when they are pasted: no comments, because zsh would run them. */
function proof(stack: RunningStack, input: StackInput): string {
  const { settings } = input;
  const api = `${settings.publicUrl.origin}${settings.publicUrl.basePath}`;
  const file = `${settings.cloudFrontUrl}/${DEMO_SAMPLES.images[0] ?? ''}`;
  const { authorityFile } = stack.data;
  const { isDemo } = settings;
  const options = [
    'curl -sS',
    ...(authorityFile === null
      ? []
      : [`--cacert ${quote(shownAuthority(authorityFile, input.isContainer))}`]),
    ...partsOf(stack)
      .filter(({ host }) => isIP(host) === 0 && !isUnderLocalhost(host))
      .map(({ host, port }) => `--resolve ${host}:${port}:127.0.0.1`),
    '-b "$JAR" -c "$JAR"',
    `-H 'Origin: ${settings.appOrigins[0] ?? ''}' -H 'Content-Type: application/json'`,
    ...(isDemo ? [] : ['-H "Authorization: Bearer $TOKEN"']),
  ];
  if (!isDemo) {
    return [
      'A grant, with TOKEN set to an access token of your issuer:',
      '  JAR=$(mktemp)',
      `  ${options.join(' ')} -d '{"prefix":"courses/algebra"}' ${api}/grants`,
    ].join('\n');
  }
  if (stack.parts.edge === null) return '';
  return [
    'Prove a grant with curl (403, 200, the grant, 200):',
    '  JAR=$(mktemp)',
    `  ask() { ${options.join(' ')} "$@"; }`,
    `  ask -o /dev/null -w 'without a grant: %{http_code}\\n' ${file}`,
    `  ask -o /dev/null -w 'signed in:       %{http_code}\\n' -d '{"user":"alice"}' ${api}/demo/sign-in`,
    `  ask -w '\\n' -d '{"prefix":"${DEMO_SAMPLES.prefix}"}' ${api}/grants`,
    `  ask -o /dev/null -w 'with the grant:  %{http_code}\\n' ${file}`,
  ].join('\n');
}

function partsOf({ parts }: RunningStack): readonly LocalPart[] {
  return [parts.page, parts.api, parts.edge].filter((part) => part !== null);
}
