/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */

/**
 * How long a period is.
 */
export type Cycle = typeof Cycle[keyof typeof Cycle];


// eslint-disable-next-line @typescript-eslint/no-redeclare
export const Cycle = {
  monthly: 'monthly',
  yearly: 'yearly',
} as const;
