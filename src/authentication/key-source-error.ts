import { formatProblems, type SettingsProblem } from '../settings/settings-problem.js';

/**
 * A key source of access tokens that cannot be used: stops the start. Carries a settings problem, so that
 * it can be listed with the others in the same form. Never contains key material.
 */
export class KeySourceError extends Error {
  override readonly name = 'KeySourceError';

  constructor(readonly problem: SettingsProblem) {
    super(formatProblems([problem]));
  }
}
