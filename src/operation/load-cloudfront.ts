import {
  checkOptions,
  CloudFrontOptionsError,
  type CloudFrontOptions,
} from '../cloudfront/cloudfront-options.js';
import { CloudFrontService } from '../cloudfront/cloudfront.service.js';
import { loadSigningKey } from '../cloudfront/keys/signing-key.js';
import { readSigningKeyFile } from '../cloudfront/keys/signing-key-file.js';
import type { Clock } from './clock.js';
import type { Settings } from '../settings/settings.js';
import type { SettingsProblem } from '../settings/settings-problem.js';

/** The settings are well formed, but what they name cannot be used. */
export class StartProblem extends Error {
  override readonly name = 'StartProblem';

  constructor(
    readonly problems: readonly SettingsProblem[],
    cause?: unknown,
  ) {
    super(problems.map((problem) => `${problem.setting}: ${problem.expected}`).join('\n'), { cause });
  }
}

/** The text of the private key and the file it came from, if any; or why there is none. */
type KeyText =
  | { readonly text: string; readonly file: string | null; readonly warnings: readonly string[] }
  | { readonly problem: SettingsProblem };

/**
 * The signing service of the settings: key file read, key parsed, cookie attributes derived, all checked.
 * @param onWarning hears at once what works but deserves attention, in the names of the settings
 * @throws {StartProblem} with every problem, in the names of the settings
 */
export function loadCloudFront(
  settings: Settings,
  clock: Clock,
  onWarning: (warning: string) => void,
): CloudFrontService {
  const { cloudFront, cookies, environment, publicUrl, appOrigins } = settings;
  const key = readKeyText(settings);
  if ('warnings' in key) key.warnings.forEach(onWarning);
  const options: CloudFrontOptions = {
    cloudFrontUrl: cloudFront.url,
    publicUrl: `${publicUrl.origin}${publicUrl.basePath}`,
    appOrigins,
    keyPairId: cloudFront.keyPairId,
    // Without a text the key is refused together with everything else that cannot work.
    privateKey: 'text' in key ? key.text : '',
    hashAlgorithm: cloudFront.hashAlgorithm,
    environment,
    cookies,
    clock,
  };
  checkInTheNamesOfSettings(options, key).forEach(onWarning);
  // The service says its warnings to hosts, in the names of the options; the operator has heard them.
  return new CloudFrontService({ ...options, onWarning: () => {} });
}

function checkInTheNamesOfSettings(options: CloudFrontOptions, key: KeyText): readonly string[] {
  try {
    return checkOptions(options).warnings;
  } catch (error) {
    if (!(error instanceof CloudFrontOptionsError)) throw error;
    throw new StartProblem(error.problems.map((problem) => aboutFile(problem, options, key)));
  }
}

/** The options know the key as a text alone; its problem is reported again with the file it came from. */
function aboutFile(problem: SettingsProblem, options: CloudFrontOptions, key: KeyText): SettingsProblem {
  if (!['CLOUDFRONT_PRIVATE_KEY', 'CLOUDFRONT_KEY_PAIR_ID'].includes(problem.setting)) return problem;
  if ('problem' in key) return key.problem;
  const loaded = loadSigningKey({ ...key, keyPairId: options.keyPairId ?? null });
  return 'problem' in loaded ? loaded.problem : problem;
}

function readKeyText({ cloudFront: { privateKey }, environment }: Settings): KeyText {
  if (privateKey === null) {
    return {
      problem: {
        setting: 'CLOUDFRONT_PRIVATE_KEY_FILE',
        expected: 'the private key that signs',
        found: 'nothing',
        todo: 'make one with: edgepass keys rsa --out FILE (npm start makes its own)',
      },
    };
  }
  if (privateKey.kind === 'text') return { text: privateKey.text.reveal(), file: null, warnings: [] };
  const read = readSigningKeyFile(privateKey.path, environment);
  return 'problem' in read ? read : { ...read, file: privateKey.path };
}
