/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */

/**
 * Why there is an invoice.
 */
export type InvoiceReason = typeof InvoiceReason[keyof typeof InvoiceReason];


// eslint-disable-next-line @typescript-eslint/no-redeclare
export const InvoiceReason = {
  first: 'first',
  renewal: 'renewal',
  upgrade: 'upgrade',
} as const;
