/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */

/**
 * Where a payout to a seller's bank stands.
 */
export type PayoutStatus = typeof PayoutStatus[keyof typeof PayoutStatus];


// eslint-disable-next-line @typescript-eslint/no-redeclare
export const PayoutStatus = {
  pending: 'pending',
  in_transit: 'in_transit',
  paid: 'paid',
  failed: 'failed',
  canceled: 'canceled',
} as const;
