import type { JsonNode } from './json-node.js';
import type { AddedHeader } from './response-headers-policy.js';

/** Reads the `SecurityHeadersConfig` of a response headers policy into the headers it stands for. */
export function readSecurityHeaders(node: JsonNode): AddedHeader[] {
  if (!node.isPresent) return [];
  const parts: readonly (readonly [member: string, header: string, value: (part: JsonNode) => string])[] = [
    ['XSSProtection', 'X-XSS-Protection', xssProtection],
    ['FrameOptions', 'X-Frame-Options', (part) => part.get('FrameOption').text() ?? ''],
    ['ReferrerPolicy', 'Referrer-Policy', (part) => part.get('ReferrerPolicy').text() ?? ''],
    [
      'ContentSecurityPolicy',
      'Content-Security-Policy',
      (part) => part.get('ContentSecurityPolicy').text() ?? '',
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

function xssProtection(part: JsonNode): string {
  if (part.get('Protection').flag() !== true) return '0';
  const reportUri = part.get('ReportUri').optionalText();
  if (part.get('ModeBlock').optionalFlag()) return '1; mode=block';
  return reportUri === '' ? '1' : `1; report=${reportUri}`;
}

function strictTransportSecurity(part: JsonNode): string {
  const maxAgeSeconds = part.get('AccessControlMaxAgeSec').wholeNumber() ?? 0;
  return [
    `max-age=${maxAgeSeconds}`,
    ...(part.get('IncludeSubdomains').optionalFlag() ? ['includeSubDomains'] : []),
    ...(part.get('Preload').optionalFlag() ? ['preload'] : []),
  ].join('; ');
}
