/**
 * What the users of the demo may open. bob has no course, so that the demo page can show a refusal; everyone
 * has a folder of their own.
 */
export const DEMO_ENTITLEMENTS = [
  { subject: 'user:alice', prefix: 'courses/algebra' },
  // Folders have the names that people give them.
  { subject: 'user:alice', prefix: 'courses/선형 대수' },
  { subject: 'everyone', prefix: 'users/{user}' },
] as const satisfies readonly { readonly subject: string; readonly prefix: string }[];
