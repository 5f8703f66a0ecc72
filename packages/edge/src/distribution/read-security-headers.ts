import type { AddedHeader } from './distribution.js';
import { HEADER_VALUE, MAX_POLICY_VALUE_LENGTH } from './header-text.js';
import type { JsonNode } from './json-node.js';

const FRAME_OPTIONS = ['DENY', 'SAMEORIGIN'] as const;
const REFERRER_POLICIES = [
  'no-referrer',
  'no-referrer-when-downgrade',
  'origin',
  'origin-when-cross-origin',
  'same-origin',
  'strict-origin',
  'strict-origin-when-cross-origin',
  'unsafe-url',
] as const;

/** Reads the `SecurityHeadersConfig` of a response headers policy into the headers it stands for. */
export function readSecurityHeaders(node: JsonNode): AddedHeader[] {
  if (!node.isPresent) return [];
  const parts: readonly (readonly [member: string, header: string, value: (part: JsonNode) => string])[] = [
    ['XSSProtection', 'X-XSS-Protection', xssProtection],
    ['FrameOptions', 'X-Frame-Options', (part) => part.get('FrameOption').oneOf(FRAME_OPTIONS) ?? ''],
    [
      'ReferrerPolicy',
      'Referrer-Policy',
      (part) => part.get('ReferrerPolicy').oneOf(REFERRER_POLICIES) ?? '',
    ],
    [
      'ContentSecurityPolicy',
      'Content-Security-Policy',
      (part) => headerValue(part.get('ContentSecurityPolicy')),
    ],
    ['ContentTypeOptions', 'X-Content-Type-Options', () => 'nosniff'],
    ['StrictTransportSecurity', 'Strict-Transport-Security', strictTransportSecurity],
  ];
  return parts.flatMap(([member, name, value]) => {
    const part = node.get(member);
    if (!part.isPresent) return [];
    return [{ name, value: value(part), override: part.get('Override').flag() ?? false }];
  });
}

function headerValue(node: JsonNode): string {
  const text = node.text() ?? '';
  if (HEADER_VALUE.test(text) && text.length <= MAX_POLICY_VALUE_LENGTH) return text;
  node.mistake(`a header value of at most ${MAX_POLICY_VALUE_LENGTH} characters (R73)`);
  return '';
}

/** CloudFront takes `ModeBlock` or a report address, not both. */
function xssProtection(part: JsonNode): string {
  const isBlocking = part.get('ModeBlock').optionalFlag();
  const reportUri = part.get('ReportUri');
  if (part.get('Protection').flag() !== true) return '0';
  if (isBlocking && reportUri.optionalText() !== '') reportUri.mistake('nothing beside ModeBlock true');
  if (isBlocking) return '1; mode=block';
  return reportUri.optionalText() === '' ? '1' : `1; report=${headerValue(reportUri)}`;
}

function strictTransportSecurity(part: JsonNode): string {
  const maxAgeSeconds = part.get('AccessControlMaxAgeSec').wholeNumber() ?? 0;
  return [
    `max-age=${maxAgeSeconds}`,
    ...(part.get('IncludeSubdomains').optionalFlag() ? ['includeSubDomains'] : []),
    ...(part.get('Preload').optionalFlag() ? ['preload'] : []),
  ].join('; ');
}
