/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */

/**
 * Where a transfer stands.
 */
export type TransferStatus = typeof TransferStatus[keyof typeof TransferStatus];


// eslint-disable-next-line @typescript-eslint/no-redeclare
export const TransferStatus = {
  pending: 'pending',
  completed: 'completed',
  failed: 'failed',
  reversal_pending: 'reversal_pending',
  reversed: 'reversed',
  permanently_failed: 'permanently_failed',
} as const;
