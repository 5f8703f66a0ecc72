import type { CloudFrontService } from '../cloudfront/cloudfront.service.js';
import type { SigningKey } from '../cloudfront/keys/signing-key.js';
import { readKey } from './deployment.js';
import type { OperatingState } from './operating-state.js';
import type { JsonLogger } from './json-logger.service.js';
import type { Settings } from '../settings/settings.js';
import type { SettingsProblem } from '../settings/settings-problem.js';

/** What a reload works with. */
export interface ReloadParts {
  readonly settings: Pick<Settings, 'cloudFront' | 'environment'>;
  readonly cloudFront: CloudFrontService;
  readonly state: OperatingState;
  readonly logger: JsonLogger;
}

/**
 * Reads the key file again. A file that cannot be used changes nothing but readiness, which says `degraded`
 * until a later reload succeeds. Reloads never overlap: all calls during one share one more, after it (N36).
 */
export class SigningKeyReload {
  #running: Promise<void> | null = null;
  #isStale = false;

  constructor(private readonly parts: ReloadParts) {}

  /** Resolves when the key of a file as new as this call is in force, or refused. Never rejects. */
  reload(): Promise<void> {
    if (this.#running === null) {
      this.#running = this.#reloadWhileStale().finally(() => (this.#running = null));
    } else {
      this.#isStale = true;
    }
    return this.#running;
  }

  async #reloadWhileStale(): Promise<void> {
    do {
      this.#isStale = false;
      // oxlint-disable-next-line no-await-in-loop -- reloads must not overlap
      await this.#reloadOnce();
    } while (this.#isStale);
  }

  async #reloadOnce(): Promise<void> {
    const { state, logger } = this.parts;
    const problem = await this.#changeKey();
    if (problem === null) {
      state.recover('signing_key_file');
      return;
    }
    state.degrade('signing_key_file');
    logger.error({ msg: 'the signing key was not changed', reason: 'signing_key_refused', ...problem });
  }

  async #changeKey(): Promise<SettingsProblem | null> {
    const { cloudFront, logger, settings } = this.parts;
    const read =
      settings.cloudFront.privateKey?.kind === 'file'
        ? readKey({ key: settings.cloudFront, environment: settings.environment })
        : null;
    if (read === null) {
      logger.warn({
        msg: 'CLOUDFRONT_PRIVATE_KEY: a key in the environment cannot be read again; restart with another, or use CLOUDFRONT_PRIVATE_KEY_FILE',
      });
      return null;
    }
    if ('problem' in read) return read.problem;
    const { key } = read;
    const before = cloudFront.describe();
    if (key.keyPairId === before.keyPairId) {
      return key.fingerprint === before.fingerprint ? null : sameIdOfAnotherKey(key);
    }
    try {
      await cloudFront.replaceKey(key);
    } catch (error) {
      return cannotSign(error);
    }
    const { keyPairId, fingerprint, type } = key;
    logger.log({ msg: 'signing with another key', keyPairId, fingerprint, type, before: before.keyPairId });
    return null;
  }
}

/** CloudFront never gives an id to a second key, so every cookie would be refused. */
function sameIdOfAnotherKey({ keyPairId, fingerprint }: SigningKey): SettingsProblem {
  return {
    setting: 'CLOUDFRONT_PRIVATE_KEY_FILE',
    expected: 'another Key-Pair-Id together with another key',
    found: `a key with the fingerprint ${fingerprint} under the id in force, ${keyPairId}`,
    todo: 'begin the file with the line Key-Pair-Id: K… of the new key, and leave CLOUDFRONT_KEY_PAIR_ID unset',
  };
}

function cannotSign(error: unknown): SettingsProblem {
  return {
    setting: 'CLOUDFRONT_PRIVATE_KEY_FILE',
    expected: 'a key that this machine can sign with',
    found: error instanceof Error ? error.message : 'a failure without a reason',
    todo: 'try the key with: edgepass api, in another terminal',
  };
}
