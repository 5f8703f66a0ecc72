import { describe, expect, it } from '@jest/globals';
import { list, openBehavior, writeFolder } from '../../../../test/support/edge-fixture.js';
import { formatFolderProblem } from './json-node.js';
import { readDistribution } from './read-distribution.js';

const PLACE = 'response-headers-policies/p.json ResponseHeadersPolicy.ResponseHeadersPolicyConfig.';

function problemsOf(parts: object): readonly string[] {
  const result = readDistribution(
    writeFolder({ defaultBehavior: openBehavior(), policies: { p: parts } }).folder,
  );
  const lines = 'problems' in result ? result.problems.map(formatFolderProblem) : [];
  return lines.map((line) => line.replace(PLACE, ''));
}

describe('a response headers policy may not', () => {
  it.each(
    'Connection Content-Encoding Content-Length Expect Host Keep-Alive Proxy-Authenticate Proxy-Authorization Proxy-Connection Trailer Transfer-Encoding Upgrade Via Warning X-Accel-Buffering X-Accel-Charset X-Accel-Limit-Rate X-Accel-Redirect X-Amz-Cf-Id X-Amz-Cf-Pop X-Amzn-Auth X-Amzn-Cf-Billing X-Amzn-Cf-Id X-Amzn-Cf-Xff X-Amzn-ErrorType X-Amzn-Fle-Profile X-Amzn-Header-Count X-Amzn-Header-Order X-Amzn-Lambda-Integration-Tag X-Amzn-RequestId X-Cache X-Edge-Location X-Forwarded-Proto X-Real-Ip'.split(
      ' ',
    ),
  )('remove %s (R79)', (Header) => {
    expect(problemsOf({ RemoveHeadersConfig: list([{ Header }]) })).toEqual([
      `RemoveHeadersConfig.Items[0].Header: expected a header that CloudFront lets a policy remove (R79), found "${Header}"`,
    ]);
  });

  it('name security headers that do not exist', () => {
    expect(
      problemsOf({
        SecurityHeadersConfig: {
          XSSProtection: {
            Override: true,
            Protection: true,
            ModeBlock: true,
            ReportUri: 'https://r.example',
          },
          FrameOptions: { Override: true, FrameOption: 'ALLOW-FROM https://a.example' },
          ReferrerPolicy: { Override: true, ReferrerPolicy: 'never' },
          ContentSecurityPolicy: { Override: true, ContentSecurityPolicy: 'x'.repeat(1784) },
          StrictTransportSecurity: { AccessControlMaxAgeSec: '60' },
        },
      }),
    ).toEqual([
      'SecurityHeadersConfig.XSSProtection.ReportUri: expected nothing beside ModeBlock true, found "https://r.example"',
      'SecurityHeadersConfig.FrameOptions.FrameOption: expected DENY or SAMEORIGIN, found "ALLOW-FROM https://a.example"',
      'SecurityHeadersConfig.ReferrerPolicy.ReferrerPolicy: expected no-referrer or no-referrer-when-downgrade or origin or origin-when-cross-origin or same-origin or strict-origin or strict-origin-when-cross-origin or unsafe-url, found "never"',
      `SecurityHeadersConfig.ContentSecurityPolicy.ContentSecurityPolicy: expected a header value of at most 1783 characters (R73), found "${'x'.repeat(76)}…`,
      'SecurityHeadersConfig.StrictTransportSecurity.AccessControlMaxAgeSec: expected a whole number, found "60"',
      'SecurityHeadersConfig.StrictTransportSecurity.Override: expected true or false, found nothing',
    ]);
  });

  it('have a CORS part without an origin', () => {
    expect(
      problemsOf({
        CorsConfig: {
          AccessControlAllowOrigins: list([]),
          AccessControlAllowCredentials: true,
          OriginOverride: true,
        },
      }),
    ).toEqual(['CorsConfig.AccessControlAllowOrigins: expected at least one origin, found none']);
  });
});
