/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */

/**
 * Why a row waits without using up its retries.
 */
export type Hold = typeof Hold[keyof typeof Hold];


// eslint-disable-next-line @typescript-eslint/no-redeclare
export const Hold = {
  account_not_ready: 'account_not_ready',
  balance_insufficient: 'balance_insufficient',
  disputed: 'disputed',
  nothing_at_connect: 'nothing_at_connect',
} as const;
