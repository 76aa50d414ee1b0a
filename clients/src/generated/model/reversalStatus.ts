/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */

/**
 * Where a reversal stands.
 */
export type ReversalStatus = typeof ReversalStatus[keyof typeof ReversalStatus];


// eslint-disable-next-line @typescript-eslint/no-redeclare
export const ReversalStatus = {
  reversal_pending: 'reversal_pending',
  reversed: 'reversed',
  permanently_failed: 'permanently_failed',
} as const;
