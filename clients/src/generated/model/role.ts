/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */

/**
 * What a person may be.
 */
export type Role = typeof Role[keyof typeof Role];


// eslint-disable-next-line @typescript-eslint/no-redeclare
export const Role = {
  user: 'user',
  creator: 'creator',
  admin: 'admin',
} as const;
