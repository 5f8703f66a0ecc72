import { CloudFrontService } from './cloudfront/cloudfront.service.js';
import { readSigningKeyFile } from './cloudfront/signing-key-file.js';
import type { Clock } from './clock/clock.js';
import type { Settings } from './settings/settings.js';
import type { SettingsProblem } from './settings/settings-problem.js';

/** The settings are well formed, but what they name cannot be used. */
export class StartProblem extends Error {
  override readonly name = 'StartProblem';

  constructor(readonly problems: readonly SettingsProblem[]) {
    super(problems.map((problem) => `${problem.setting}: ${problem.expected}`).join('\n'));
  }
}

/** A private key as the settings name it, read into text. */
interface KeyText {
  readonly text: string;
  /** Where it came from, for messages. */
  readonly origin: string;
  readonly warnings: readonly string[];
}

/**
 * The signing service of the settings: key file read, key parsed, cookie scope derived, all checked.
 * @throws {StartProblem} every problem at once
 */
export function loadCloudFront(
  settings: Settings,
  clock: Clock,
): {
  readonly cloudFront: CloudFrontService;
  readonly keyText: string;
  readonly warnings: readonly string[];
} {
  const key = readKeyText(settings);
  const { cloudFront, cookies, environment, publicUrl, appOrigins } = settings;
  const service = new CloudFrontService({
    cloudFrontUrl: cloudFront.url,
    publicUrl: `${publicUrl.origin}${publicUrl.basePath}`,
    appOrigins,
    keyPairId: cloudFront.keyPairId,
    privateKey: key.text,
    hashAlgorithm: cloudFront.hashAlgorithm,
    environment,
    cookies,
    clock,
  });
  return { cloudFront: service, keyText: key.text, warnings: [...key.warnings, ...service.warnings] };
}

function readKeyText({ cloudFront: { privateKey }, environment }: Settings): KeyText {
  if (privateKey === null) {
    throw new StartProblem([
      {
        setting: 'CLOUDFRONT_PRIVATE_KEY_FILE',
        expected: 'the private key that signs',
        found: 'nothing',
        todo: 'make one with: edgepass keys rsa --out FILE (npm start makes its own)',
      },
    ]);
  }
  if (privateKey.kind === 'text') {
    return { text: privateKey.text.reveal(), origin: 'CLOUDFRONT_PRIVATE_KEY', warnings: [] };
  }
  const read = readSigningKeyFile(privateKey.path, environment);
  if ('problem' in read) throw new StartProblem([read.problem]);
  return { text: read.text, origin: privateKey.path, warnings: read.warnings };
}
