/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */

/**
 * Where an invoice stands.
 */
export type InvoiceStatus = typeof InvoiceStatus[keyof typeof InvoiceStatus];


// eslint-disable-next-line @typescript-eslint/no-redeclare
export const InvoiceStatus = {
  open: 'open',
  paid: 'paid',
  failed: 'failed',
  void: 'void',
  refunded: 'refunded',
} as const;
