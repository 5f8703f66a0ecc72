/** A person of the demo: everything the sign-in says about them. */
export interface DemoUser {
  readonly id: string;
  readonly groups: readonly string[];
}

/** Group of the administrators where AUTH_ADMIN_GROUP names none. */
export const DEMO_ADMIN_GROUP = 'admins';

/**
 * Who can sign in in demo mode. What they may open is seeded with the entitlements, not here.
 * `adminGroup` is the value of AUTH_ADMIN_GROUP.
 */
export function demoUsers(adminGroup: string): readonly DemoUser[] {
  return [
    { id: 'alice', groups: [] },
    { id: 'bob', groups: [] },
    { id: 'carol', groups: [adminGroup] },
  ];
}
