/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */

/**
 * Where something stands on its platform.
 */
export type PlacementStatus = typeof PlacementStatus[keyof typeof PlacementStatus];


// eslint-disable-next-line @typescript-eslint/no-redeclare
export const PlacementStatus = {
  submitted: 'submitted',
  processing: 'processing',
  live: 'live',
  rejected: 'rejected',
  takedown_requested: 'takedown_requested',
  taken_down: 'taken_down',
} as const;
