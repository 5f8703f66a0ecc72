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

/**
 * The signing service of the settings: key file read, key parsed, cookie scope derived, all checked.
 * @throws {StartProblem | CloudFrontOptionsError} with every problem, in the words of the settings
 */
export function loadCloudFront(
  settings: Settings,
  clock: Clock,
  onWarning: (warning: string) => void,
): CloudFrontService {
  const { cloudFront, cookies, environment, publicUrl, appOrigins } = settings;
  return new CloudFrontService({
    cloudFrontUrl: cloudFront.url,
    publicUrl: `${publicUrl.origin}${publicUrl.basePath}`,
    appOrigins,
    keyPairId: cloudFront.keyPairId,
    privateKey: readKeyText(settings, onWarning),
    hashAlgorithm: cloudFront.hashAlgorithm,
    environment,
    cookies,
    clock,
    onWarning,
  });
}

function readKeyText(
  { cloudFront: { privateKey }, environment }: Settings,
  onWarning: (warning: string) => void,
): string {
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
  if (privateKey.kind === 'text') return privateKey.text.reveal();
  const read = readSigningKeyFile(privateKey.path, environment);
  if ('problem' in read) throw new StartProblem([read.problem]);
  for (const warning of read.warnings) onWarning(warning);
  return read.text;
}
