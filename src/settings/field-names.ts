import type { CloudFrontFault, CloudFrontField } from '../cloudfront/fault.js';
import type { SettingsProblem } from './settings-problem.js';
import type { SettingName } from './settings-table.js';

/** The setting that gives each field of `cloudfront/`, which knows none of them. */
export const SETTING_OF_FIELD = {
  publicUrl: 'PUBLIC_URL',
  cloudFrontUrl: 'CLOUDFRONT_DOMAIN',
  appOrigins: 'APP_ORIGINS',
  keyPairId: 'CLOUDFRONT_KEY_PAIR_ID',
  privateKey: 'CLOUDFRONT_PRIVATE_KEY',
  privateKeyFile: 'CLOUDFRONT_PRIVATE_KEY_FILE',
  'cookies.domain': 'COOKIE_DOMAIN',
  'cookies.sameSite': 'COOKIE_SAME_SITE',
  'cookies.secure': 'COOKIE_SECURE',
  'cookies.partitioned': 'COOKIE_PARTITIONED',
} as const satisfies Readonly<Record<CloudFrontField, SettingName>>;

/** A fault of `cloudfront/` as the problem of the setting behind its field. */
export function settingsProblemOf({ field, ...fault }: CloudFrontFault): SettingsProblem {
  return { setting: SETTING_OF_FIELD[field], ...fault };
}
