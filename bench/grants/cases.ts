import { makeToken, type Deployment } from './deployment.js';

export const VIEWERS = 2_000;
export const CONNECTIONS = 50;
/** Policy, signature, key pair id, two clears and our own cookie of the grant. */
export const EDGEPASS_COOKIE_LINES = 6;
const SHARED_PREFIX = 'courses/algebra';
const GROUP = 'students';

/** One caller of a case, with the token made beforehand. */
export interface Caller {
  readonly prefix: string;
  readonly token: string;
}

/** What is asked for, by whom, and the rights that must exist for it. */
export interface Case {
  readonly name: string;
  readonly callers: readonly Caller[];
  readonly rights: readonly { readonly subject: string; readonly prefix: string }[];
}

/** The two cases: every viewer opens the same prefix, or every viewer a prefix of their own. */
export function makeCases(deployment: Deployment): readonly Case[] {
  const viewers = Array.from({ length: VIEWERS }, (_, index) => `viewer-${index}`);
  const tokens = viewers.map((viewer) => makeToken(deployment, viewer, [GROUP]));
  const ownPrefix = (viewer: string) => `viewers/${viewer}`;
  const callersOf = (prefixOf: (viewer: string) => string): readonly Caller[] =>
    viewers.map((viewer, index) => ({ prefix: prefixOf(viewer), token: tokens[index] ?? '' }));
  return [
    {
      name: 'one shared prefix',
      callers: callersOf(() => SHARED_PREFIX),
      rights: [{ subject: `group:${GROUP}`, prefix: SHARED_PREFIX }],
    },
    {
      name: 'a prefix per viewer',
      callers: callersOf(ownPrefix),
      rights: viewers.map((viewer) => ({ subject: `user:${viewer}`, prefix: ownPrefix(viewer) })),
    },
  ];
}
