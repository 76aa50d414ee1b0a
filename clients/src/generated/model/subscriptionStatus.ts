/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */

/**
 * Where a subscription stands.
 */
export type SubscriptionStatus = typeof SubscriptionStatus[keyof typeof SubscriptionStatus];


// eslint-disable-next-line @typescript-eslint/no-redeclare
export const SubscriptionStatus = {
  pending_payment: 'pending_payment',
  trialing: 'trialing',
  active: 'active',
  past_due: 'past_due',
  canceled: 'canceled',
  expired: 'expired',
} as const;
