/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */

/**
 * A plan.
 */
export type PlanId = typeof PlanId[keyof typeof PlanId];


// eslint-disable-next-line @typescript-eslint/no-redeclare
export const PlanId = {
  free: 'free',
  creator: 'creator',
  premium: 'premium',
} as const;
