/** Rows of the audit log of one viewer and one entitlement, of a time in epoch seconds. */
export const grantRow = (id: string, at: number) => ({
  id,
  viewer_id: 'u1',
  prefix: 'a',
  resource: 'https://cdn.example.com/a/*',
  key_pair_id: 'K2JCJMDEHXQW5F',
  entitlement_id: 'e1',
  issued_at: at,
  expires_at: at + 900,
});

export const refusalRow = (id: string, at: number) => ({
  id,
  viewer_id: 'u1',
  code: 'not_entitled',
  prefix: 'a',
  count: 1,
  refused_at: at,
});

export const changeRow = (id: string, at: number) => ({
  id,
  entitlement_id: 'e1',
  change: 'created' as const,
  subject: 'user:u1',
  prefix: 'a',
  starts_at: null,
  ends_at: null,
  changed_by: 'boss',
  changed_at: at,
});
