/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */

/**
 * Where an order stands.
 */
export type OrderStatusView = typeof OrderStatusView[keyof typeof OrderStatusView];


// eslint-disable-next-line @typescript-eslint/no-redeclare
export const OrderStatusView = {
  pending: 'pending',
  completed: 'completed',
  failed: 'failed',
  refund_pending: 'refund_pending',
  partially_refunded: 'partially_refunded',
  refunded: 'refunded',
  disputed: 'disputed',
  charged_back: 'charged_back',
} as const;
