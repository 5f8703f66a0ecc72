import { readFileSync } from 'node:fs';
import type { CloudFrontOptions } from 'edgepass';

/** The school's settings, under the school's own names. edgepass reads no environment variable in here. */
export class SchoolConfig {
  readonly listenPort = Number(process.env['LISTEN_PORT'] ?? 4000);
  readonly siteOrigin = process.env['SITE_ORIGIN'] ?? 'https://www.school.example.com';
  readonly auditFile = process.env['AUDIT_FILE'] ?? 'audit.jsonl';

  readonly cloudFront: CloudFrontOptions = {
    cloudFrontUrl: process.env['MEDIA_URL'] ?? 'https://media.school.example.com',
    publicUrl: process.env['API_URL'] ?? 'https://api.school.example.com',
    appOrigins: [this.siteOrigin],
    // On a laptop the distribution has a port, which CloudFront has not.
    environment: process.env['NODE_ENV'] === 'development' ? 'development' : 'production',
    // A PEM below a line `Key-Pair-Id: K…`: id and key change together.
    privateKey: readFileSync(process.env['MEDIA_KEY_FILE'] ?? 'media-key.pem', 'utf8'),
  };
}
