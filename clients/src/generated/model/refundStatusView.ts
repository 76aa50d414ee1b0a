/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */

/**
 * Where a refund stands.
 */
export type RefundStatusView = typeof RefundStatusView[keyof typeof RefundStatusView];


// eslint-disable-next-line @typescript-eslint/no-redeclare
export const RefundStatusView = {
  pending: 'pending',
  succeeded: 'succeeded',
  failed: 'failed',
} as const;
